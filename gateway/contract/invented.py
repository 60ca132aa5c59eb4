"""Ids and times of the examples: the same each time."""

import hashlib


def made_up(label: str, digits: int = 32) -> str:
    return hashlib.sha256(label.encode()).hexdigest()[:digits]


def at(second: float) -> str:
    """So long after ten past two in the morning, UTC."""
    minute, rest = divmod(second, 60)
    return f"2026-11-22T02:{10 + int(minute):02}:{rest:06.3f}Z"
