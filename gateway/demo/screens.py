"""A lane's screen: its page kept open as the screen's own browser would, its code read."""

import asyncio
import contextlib
import html
import json
import re
from dataclasses import dataclass

AGAIN_S = 0.5
MOST_EVENT = 1 << 20
MODULE_PX = 6

_LINE = re.compile(r"<p class=[^>]*>(.*?)</p>")
_SIDE = re.compile(r'<svg class="code" viewBox="0 0 (\d+)')
_RUN = re.compile(r"M(\d+) (\d+)h(\d+)v1h-\d+z")


@dataclass(frozen=True, slots=True)
class Face:
    """What stands on a screen; `link` is what its code says, empty where it shows none."""

    lines: tuple[str, ...] = ()
    link: str = ""


class Screen:
    """`face` is what a driver sees now."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._news = asyncio.Event()
        self.face = Face()

    async def changed(self) -> None:
        """Until the page has shown something since the last call."""
        await self._news.wait()
        self._news.clear()

    async def run(self) -> None:
        """Until cancelled. A page that is not there yet, or no more, is asked for again."""
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._watch()
            self.face = Face()
            await asyncio.sleep(AGAIN_S)

    async def _watch(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=MOST_EVENT)
        try:
            writer.write(f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n\r\n".encode())
            await reader.readuntil(b"\r\n\r\n")
            while True:
                name, _, data = (await reader.readuntil(b"\n\n")).partition(b"\ndata: ")
                if name == b"event: face":
                    self.face = await asyncio.to_thread(face_of, json.loads(data))
                    self._news.set()
        finally:
            writer.close()


def face_of(markup: str) -> Face:
    """What a person reads on the page, and what a phone reads in its code."""
    lines = tuple(html.unescape(text) for text in _LINE.findall(markup))
    return Face(lines, _read_code(markup) if _SIDE.search(markup) else "")


def _read_code(markup: str) -> str:
    """The page's drawing, rasterised and handed to OpenCV as a camera's picture would be."""
    import cv2
    import numpy as np

    side = _SIDE.search(markup)
    modules = int(side[1]) if side else 0
    picture = np.full((modules, modules), 255, np.uint8)
    for x, y, width in (map(int, run) for run in _RUN.findall(markup)):
        picture[y, x : x + width] = 0
    pixels = np.kron(picture, np.ones((MODULE_PX, MODULE_PX), np.uint8))
    # OpenCV's other detector misses one clean code in twenty or so.
    return str(cv2.QRCodeDetectorAruco().detectAndDecode(pixels)[0])
