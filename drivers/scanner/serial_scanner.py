"""QR and bar code scanners that send what they read as text: USB serial, RS-232, or over TCP."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from drivers.signs import Wired
from gateway.ports import Scanner

if TYPE_CHECKING:
    from drivers.signs.link import Link

log = logging.getLogger(__name__)

MOST_SIGNS = 512
WATCH_S = 3600.0
LOG_AGAIN_S = 10.0


class Settings(Wired):
    driver: Literal["serial_scanner"]
    silence_ms: int = Field(
        100,
        ge=20,
        le=2000,
        title="Silence (ms)",
        description="Ends a code where the scanner sends no CR or LF after it.",
    )
    same_s: float = Field(
        3.0,
        ge=0,
        le=60,
        title="Same code (s)",
        description="A code that is seen again within this time is the same one, still held there.",
    )


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Scanner]:
    """The scanner, whether or not it is there: then `codes` says so."""
    from drivers.signs.link import Link

    link = Link(settings.port, settings.baud)
    try:
        yield SerialScanner(settings, link)
    finally:
        link.close()


class SerialScanner:
    """After a loss `codes` may be called again; what was half read then is gone."""

    def __init__(self, settings: Settings, link: "Link") -> None:
        self._settings = settings
        self._link = link
        self._loop = asyncio.get_running_loop()
        self._last = ""
        self._last_at = self._log_again_at = -WATCH_S

    async def codes(self) -> AsyncIterator[str]:
        lines = Lines()
        self._link.take()
        while True:
            pause_s = self._settings.silence_ms / 1000 if lines.begun else WATCH_S
            await self._link.more(self._loop.time() + pause_s)
            data = self._link.take()
            if not data:
                found = lines.ended()
            elif len(data) >= self._link.kept_bytes:
                found = lines.overrun()
            else:
                found = lines.fed(data)
            for line in found:
                if (code := self._accepted(line)) is not None:
                    yield code

    def _accepted(self, line: bytes | None) -> str | None:
        code, complaint = code_of(line)
        if complaint and self._loop.time() >= self._log_again_at:
            self._log_again_at = self._loop.time() + LOG_AGAIN_S
            log.warning("%s: a code was refused: %s", self._link.name, complaint)
        if not code or self._still_held(code):
            return None
        return code

    def _still_held(self, code: str) -> bool:
        now = self._loop.time()
        same = code == self._last and now - self._last_at < self._settings.same_s
        self._last, self._last_at = code, now
        return same


class Lines:
    """Cuts what a scanner sends into codes; None stands for one that is too long to keep.

    A scanner that was seen to end its codes with CR or LF is not believed to end one by silence:
    that would be half a code.
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self._too_long = False
        self._sends_ends = False

    @property
    def begun(self) -> bool:
        return bool(self._rest) or self._too_long

    def fed(self, data: bytes) -> list[bytes | None]:
        found: list[bytes | None] = []
        for byte in data:
            if byte in b"\r\n":
                self._sends_ends = True
                found += self._cut()
            else:
                self._keep(byte)
        return found

    def ended(self) -> list[bytes | None]:
        """It was silent."""
        if self._sends_ends:
            self._rest.clear()
            self._too_long = False
        return self._cut()

    def overrun(self) -> list[bytes | None]:
        """More came at once than was kept: whatever this was, it was no code."""
        self._too_long = True
        self._rest.clear()
        return []

    def _keep(self, byte: int) -> None:
        if len(self._rest) >= 4 * MOST_SIGNS:
            self.overrun()
        if not self._too_long:
            self._rest.append(byte)

    def _cut(self) -> list[bytes | None]:
        found = [None if self._too_long else bytes(self._rest)] if self.begun else []
        self._rest.clear()
        self._too_long = False
        return found


def code_of(line: bytes | None) -> tuple[str, str]:
    """The code in a line, or why there is none; both empty for an empty line."""
    if line is None:
        return "", f"it has more than {MOST_SIGNS} signs, or came faster than it could be read"
    text = _decoded(line)
    if text is None:
        return "", "it is neither UTF-8 nor GBK: is the baud rate right?"
    code = text.strip(" ")
    if len(code) > MOST_SIGNS:
        return "", f"it has more than {MOST_SIGNS} signs"
    if not code.isprintable():
        return "", "it holds control or invisible signs, or such as turn the writing direction"
    return code, ""


def _decoded(line: bytes) -> str | None:
    for encoding in ("utf-8", "gbk"):
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None
