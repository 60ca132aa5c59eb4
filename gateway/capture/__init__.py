"""What a camera's child does with a picture before and after it is read."""
