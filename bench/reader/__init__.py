"""How well and how fast plates are read: ours, and other readers beside it, on one core."""
