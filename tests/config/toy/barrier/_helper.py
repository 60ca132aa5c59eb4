"""No driver: its name starts with an underscore."""
