"""LED boards whose frames begin `AA 55` and end `AF`: four lines and a voice.

Source: public programs, and one public frame whose checksum fits. The maker is not stated there,
and that the voice takes text, not only numbers of stored clips, was not verified.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from drivers.signs import Wired
from drivers.signs.checks import modbus_crc
from drivers.signs.text import closed_up, gbk, plain
from gateway.ports import Display

if TYPE_CHECKING:
    from drivers.signs.link import Link
    from drivers.signs.speech import Breath

HEAD, TAIL = b"\xaa\x55", b"\xaf"
SHOW, SPEAK = 0x27, 0x22
CRC_PLACE = b"\x00\x00"
COLOURS = {"red": 1, "green": 2, "yellow": 3}
MOST_VOICE = 200


class Settings(Wired):
    driver: Literal["aa55_board"]
    address: int = Field(100, ge=0, le=255, title="Address", description="As set on the board.")
    lines: int = Field(4, ge=1, le=4, title="Lines", description="How many the board has.")
    line_bytes: int = Field(
        64,
        ge=4,
        le=200,
        title="Line length (bytes)",
        description="A Chinese sign takes two; what is longer is cut.",
    )
    colour: Literal["red", "green", "yellow"] = Field("red", title="Colour")
    stay_s: int = Field(
        90,
        ge=0,
        le=255,
        title="Stay (s)",
        description="After that the board shows its own text; 0: never.",
    )
    gap_ms: int = Field(
        30, ge=0, le=1000, title="Gap (ms)", description="Silence between two frames."
    )
    sign_ms: int = Field(
        250, ge=0, le=2000, title="Time of a sign (ms)", description="How long it speaks a sign."
    )


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Display]:
    """The board, whether or not its line is there: then each call says so."""
    from drivers.signs.link import Link
    from drivers.signs.speech import Breath

    link = Link(settings.port, settings.baud)
    try:
        yield Aa55Board(settings, link, Breath(settings.sign_ms))
    finally:
        link.close()


class Aa55Board:
    """`show` and `say` may be called at the same time by two tasks. The board never answers."""

    def __init__(self, settings: Settings, link: "Link", breath: "Breath") -> None:
        self._settings = settings
        self._link = link
        self._breath = breath
        self._turn = asyncio.Lock()
        self._number = 0

    async def show(self, lines: Sequence[str]) -> None:
        """All lines are written, so that nothing of an older text stays."""
        wanted = [*lines, *[""] * self._settings.lines][: self._settings.lines]
        for number, line in enumerate(wanted, start=1):
            await self._order(SHOW, shown(number, line, self._settings))

    async def say(self, text: str) -> None:
        await self._breath.drawn(text)
        await self._order(SPEAK, gbk(closed_up(plain(text)), MOST_VOICE))

    async def _order(self, command: int, data: bytes) -> None:
        async with self._turn:
            self._number = self._number % 255 + 1
            await self._link.send(frame(self._number, self._settings.address, command, data))
            await asyncio.sleep(self._settings.gap_ms / 1000)


def frame(number: int, address: int, command: int, data: bytes) -> bytes:
    """The CRC is that of Modbus with its own place as zeros, its high byte first."""
    body = bytes([number, address, 0, command]) + len(data).to_bytes(2, "big") + data
    return HEAD + body + modbus_crc(body + CRC_PLACE).to_bytes(2, "big") + TAIL


def shown(line: int, text: str, settings: Settings) -> bytes:
    """Data of a temporary text; lines count from 1. An empty line is a space."""
    head = bytes([line, settings.stay_s, COLOURS[settings.colour], 0])
    return head + gbk(plain(text) or " ", settings.line_bytes)
