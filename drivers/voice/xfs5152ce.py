"""iFlytek's voice chip XFS5152CE, behind its serial line or a serial server."""

from contextlib import AbstractAsyncContextManager
from typing import Literal

from drivers.signs.chip import ChipSettings, connected
from gateway.ports import Voice

START = 0xFD
MOST_BYTES = 4000


class Settings(ChipSettings):
    driver: Literal["xfs5152ce"]


def connect(settings: Settings) -> AbstractAsyncContextManager[Voice]:
    """The chip, whether or not it is there: then each call says so."""
    return connected(settings, frame, MOST_BYTES)


def frame(command: int, data: bytes = b"") -> bytes:
    """FD, length of what follows (high byte first), command, data: there is no checksum."""
    body = bytes([command]) + data
    return bytes([START]) + len(body).to_bytes(2, "big") + body
