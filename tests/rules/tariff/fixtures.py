"""The tariffs that ship, and short ways to ask what they charge."""

from datetime import datetime
from functools import cache
from pathlib import Path

from gateway.rules.clock import SHANGHAI
from gateway.rules.tariff import Stay, quote
from gateway.tariffs import load

TARIFFS = Path(__file__).parents[3] / "config" / "tariffs"
FILES = sorted(path for path in TARIFFS.iterdir())


@cache
def tariff(name: str):
    path = TARIFFS / name
    return load(path if path.is_dir() else path.with_suffix(".yaml"))


def at(text: str) -> datetime:
    """`2026-03-02 08:00[:00]`, or without a year `03-02 08:00`, in Shanghai."""
    text = text if text[4:5] == "-" else f"2026-{text}"
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def fee(name: str, entered: str, left: str, vehicle: str = "car", **more):
    """In yuan."""
    stay = Stay(more.pop("area", "main"), vehicle, at(entered), **more)
    return quote(tariff(name), stay, at(left)).total_fen / 100
