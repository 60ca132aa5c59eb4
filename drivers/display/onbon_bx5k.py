"""Onbon BX-5K controllers, by network or serial line: a dynamic area for each line.

Sources: Onbon's BX-4K and BX-5K protocols as published by resellers (frame, escapes, area,
acknowledgement). Not verified: what error codes mean, and BX-6K, whose areas differ.
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from drivers.signs import Wired
from drivers.signs.checks import arc_crc
from drivers.signs.text import gbk, plain
from gateway.ports import DeviceError, Display

if TYPE_CHECKING:
    from drivers.signs.link import Link

START, END = b"\xa5" * 8, b"\x5a"
US, ANY_DEVICE, VERSION = 0x8000, 0xFE, 2
HEADER = struct.Struct("<HH6xBBH")
UPDATE_AREAS, ANSWER_WANTED = b"\xa3\x06", b"\x01"
AREA = struct.Struct("<BHHHHBBBH3xBBBBBBI")
ONE_LINE, NO_WRAP, STILL, AT_ONCE = 1, 1, 1, 2
ACKNOWLEDGED = b"\xa0\x00"
ESCAPES = {0xA5: b"\xa6\x02", 0xA6: b"\xa6\x01", 0x5A: b"\x5b\x02", 0x5B: b"\x5b\x01"}
PLAIN = {code: bytes([byte]) for byte, code in ESCAPES.items()}
ORDER_SIGN = "\\"
CELL_PX = 8
RUNNING_BYTES = 200
AREA_TIMEOUT_S, STAY = 2, 10
HEARD_BYTES = 2048


class Settings(Wired):
    driver: Literal["onbon_bx5k"]
    screen: int = Field(
        1, ge=0, le=0xFFFE, title="Screen number", description="65534 reaches every screen."
    )
    lines: int = Field(2, ge=1, le=4, title="Lines", description="Each is a dynamic area.")
    width_px: int = Field(64, ge=CELL_PX, le=2048, multiple_of=CELL_PX, title="Width (pixels)")
    line_px: int = Field(
        16,
        ge=CELL_PX,
        le=128,
        title="Line height (pixels)",
        description="A Chinese sign is as wide as it is high; what is wider than the screen is"
        " cut, unless `mode` lets it run through.",
    )
    mode: int = Field(
        STILL,
        ge=1,
        le=6,
        title="Mode",
        description="1 still, 2 at once, 3 to the left, 4 to the right, 5 up, 6 down.",
    )
    speed: int = Field(4, ge=0, le=64, title="Speed", description="0 is the fastest.")
    timeout_ms: int = Field(
        1000, ge=50, le=5000, title="Time-out (ms)", description="From a frame to its answer."
    )

    @property
    def line_bytes(self) -> int:
        """A letter is half as wide as it is high, and a Chinese sign is two letters."""
        whole = self.width_px * 2 // self.line_px
        return max(2, whole) if self.mode in (STILL, AT_ONCE) else RUNNING_BYTES


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Display]:
    """The controller, whether or not it can be reached: then each call says so."""
    from drivers.signs.link import Link

    link = Link(settings.port, settings.baud)
    try:
        yield OnbonPanel(settings, link)
    finally:
        link.close()


class OnbonPanel:
    """A panel without a voice. Every frame is acknowledged."""

    def __init__(self, settings: Settings, link: "Link") -> None:
        self._settings = settings
        self._link = link

    async def show(self, lines: Sequence[str]) -> None:
        """All lines in one frame; lines that are not given become empty."""
        wanted = [*lines, *[""] * self._settings.lines][: self._settings.lines]
        areas = [area(number, line, self._settings) for number, line in enumerate(wanted)]
        self._link.take()
        await self._link.send(frame(self._settings.screen, update(areas)))
        await self._acknowledged()

    async def say(self, text: str) -> None:
        """Nothing: these panels have no voice."""

    async def _acknowledged(self) -> None:
        loop = asyncio.get_running_loop()
        until, heard = loop.time() + self._settings.timeout_ms / 1000, b""
        while loop.time() < until:
            await self._link.more(until)
            heard = (heard + self._link.take())[-HEARD_BYTES:]
            if (data := answer_in(heard)) is not None:
                self._require_done(data)
                return
        what = f"sent {heard[:16].hex(' ')}, no whole answer" if heard else "gave no answer"
        raise DeviceError(
            f"{self._link.name}: the sign {what}: is it powered, is its screen number "
            f"{self._settings.screen}, are port and baud rate right?"
        )

    def _require_done(self, data: bytes) -> None:
        if data[:2] != ACKNOWLEDGED or data[2:3] not in (b"", b"\x00"):
            raise DeviceError(
                f"{self._link.name}: the sign refused the text ({data[:5].hex(' ')}): do `lines`, "
                "`width_px` and `line_px` fit its screen, and is it a BX-5K?"
            )


def frame(screen: int, data: bytes) -> bytes:
    body = HEADER.pack(screen, US, ANY_DEVICE, VERSION, len(data)) + data
    whole = body + arc_crc(body).to_bytes(2, "little")
    return START + b"".join(ESCAPES.get(byte, bytes([byte])) for byte in whole) + END


def update(areas: Sequence[bytes]) -> bytes:
    """Data that writes these dynamic areas and deletes none."""
    head = UPDATE_AREAS + ANSWER_WANTED + bytes(2) + bytes([0, len(areas)])
    return head + b"".join(len(one).to_bytes(2, "little") + one for one in areas)


def area(number: int, text: str, settings: Settings) -> bytes:
    """One line. Across, places count in cells of eight pixels; down, in pixels."""
    signs = gbk(plain(text, ORDER_SIGN) or " ", settings.line_bytes)
    place = 0, number * settings.line_px, settings.width_px // CELL_PX, settings.line_px
    effect = ONE_LINE, NO_WRAP, settings.mode, 0, settings.speed, STAY
    return AREA.pack(0, *place, number, 0, 0, AREA_TIMEOUT_S, *effect, len(signs)) + signs


def answer_in(heard: bytes) -> bytes | None:
    """The data of the first whole frame with a right checksum."""
    for escaped in heard.split(END):
        body = _unescaped(escaped.rpartition(START)[2])
        data = body[HEADER.size : -2]
        if len(data) > 1 and arc_crc(body[:-2]).to_bytes(2, "little") == body[-2:]:
            return data
    return None


def _unescaped(escaped: bytes) -> bytes:
    plain_bytes, rest = bytearray(), escaped
    while rest:
        step = PLAIN.get(rest[:2])
        plain_bytes += step or rest[:1]
        rest = rest[2 if step else 1 :]
    return bytes(plain_bytes)
