"""lanegate: the lane's daemon, without the hardware."""

__version__ = "0.1.0"
