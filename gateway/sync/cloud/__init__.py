"""What a receiver stands on: one of two databases, a folder of pictures, its figures."""
