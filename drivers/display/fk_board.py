"""LED boards whose frames begin `DA 64 FF FF`, sold as FK, OLM and others: lines and a voice.

Sources: public frames whose checksums fit, and the names of the 19 bytes before a text in a
public program that answers as such a board does. What the modes' numbers mean was not verified.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from drivers.signs import Wired
from drivers.signs.checks import modbus_crc
from drivers.signs.text import closed_up, gbk, plain
from gateway.ports import DeviceError, Display

if TYPE_CHECKING:
    from drivers.signs.link import Link
    from drivers.signs.speech import Breath

VERSION, PACKET = 0x64, b"\xff\xff"
SHOW, SPEAK, AT_ONCE = 0x62, 0x30, b"\x01"
RED, NO_COLOUR = b"\xff\x00\x00\x00", bytes(4)
MOST_DATA = 255
SHOW_BYTES = 19
ANSWER_S = 0.5


class Settings(Wired):
    driver: Literal["fk_board"]
    address: int = Field(0, ge=0, le=255, title="Address", description="As set on the board.")
    lines: int = Field(4, ge=1, le=8, title="Lines", description="How many the board has.")
    line_bytes: int = Field(
        64,
        ge=4,
        le=MOST_DATA - SHOW_BYTES,
        title="Line length (bytes)",
        description="A Chinese sign takes two; what is longer is cut. A line that is wider than"
        " the board runs through, where `entry_mode` says so.",
    )
    entry_mode: int = Field(
        0x15,
        ge=0,
        le=255,
        title="Entry mode",
        description="How a text comes in, by the maker's list; 21 is that of the public frames.",
    )
    stay_s: int = Field(
        60, ge=0, le=255, title="Stay (s)", description="After that the board shows its own text."
    )
    font: int = Field(3, ge=0, le=255, title="Font", description="By the maker's list.")
    gap_ms: int = Field(
        30, ge=0, le=1000, title="Gap (ms)", description="Silence between two frames."
    )
    answers: bool = Field(
        default=False,
        title="Answers",
        description="Whether the board confirms each frame; then one that does not is an error.",
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
        yield FkBoard(settings, link, Breath(settings.sign_ms))
    finally:
        link.close()


class FkBoard:
    """`show` and `say` may be called at the same time by two tasks."""

    def __init__(self, settings: Settings, link: "Link", breath: "Breath") -> None:
        self._settings = settings
        self._link = link
        self._breath = breath
        self._turn = asyncio.Lock()

    async def show(self, lines: Sequence[str]) -> None:
        """All lines are written, so that nothing of an older text stays."""
        wanted = [*lines, *[""] * self._settings.lines][: self._settings.lines]
        for number, line in enumerate(wanted):
            await self._order(SHOW, shown(number, line, self._settings))

    async def say(self, text: str) -> None:
        await self._breath.drawn(text)
        await self._order(SPEAK, spoken(text))

    async def _order(self, command: int, data: bytes) -> None:
        order = frame(self._settings.address, command, data)
        async with self._turn:
            self._link.take()
            await self._link.send(order)
            if self._settings.answers:
                await self._confirmed(order)
            await asyncio.sleep(self._settings.gap_ms / 1000)

    async def _confirmed(self, order: bytes) -> None:
        """The answer is the order's first five bytes, one byte of data, 0 for done, and a CRC."""
        wanted = _checked(order[:5] + b"\x01\x00")
        loop = asyncio.get_running_loop()
        until, heard = loop.time() + ANSWER_S, b""
        while loop.time() < until and wanted not in heard:
            await self._link.more(until)
            heard += self._link.take()
        if wanted not in heard:
            what = f"answered {heard[:16].hex(' ')}" if heard else "gave no answer"
            raise DeviceError(
                f"{self._link.name}: the sign {what}: is it powered, are address and baud rate "
                "right? If this board never answers, set `answers: false`"
            )


def frame(address: int, command: int, data: bytes) -> bytes:
    return _checked(bytes([address, VERSION]) + PACKET + bytes([command, len(data)]) + data)


def shown(line: int, text: str, settings: Settings) -> bytes:
    """Data of a temporary text; lines count from 0. An empty line is a space."""
    signs = gbk(plain(text) or " ", settings.line_bytes)
    modes = [settings.entry_mode, 1, 0, settings.stay_s, settings.entry_mode, 1, settings.font, 0]
    return bytes([line, *modes]) + RED + NO_COLOUR + len(signs).to_bytes(2, "little") + signs


def spoken(text: str) -> bytes:
    return AT_ONCE + gbk(closed_up(plain(text)), MOST_DATA - len(AT_ONCE))


def _checked(data: bytes) -> bytes:
    return data + modbus_crc(data).to_bytes(2, "little")
