"""The voice chip SYN6288, behind its serial line or a serial server."""

from contextlib import AbstractAsyncContextManager
from typing import Literal

from drivers.signs.checks import xor_of
from drivers.signs.chip import ChipSettings, connected
from gateway.ports import Voice

START = 0xFD
MOST_BYTES = 200


class Settings(ChipSettings):
    driver: Literal["syn6288"]


def connect(settings: Settings) -> AbstractAsyncContextManager[Voice]:
    """The chip, whether or not it is there: then each call says so."""
    return connected(settings, frame, MOST_BYTES)


def frame(command: int, data: bytes = b"") -> bytes:
    """FD, length of what follows (high byte first), command, data, exclusive or of all."""
    body = bytes([command]) + data
    head = bytes([START]) + (len(body) + 1).to_bytes(2, "big")
    return head + body + bytes([xor_of(head + body)])
