"""A real Chromium without a window, driven by its own debugging protocol."""

import asyncio
import base64
import itertools
import json
import shutil
import time
from contextlib import asynccontextmanager
from urllib.request import urlopen

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--remote-debugging-port=0",
    "about:blank",
)
START_S = 60


def chromium():
    """Its path, or nothing."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Page:
    def __init__(self, socket):
        self._socket = socket
        self._ids = itertools.count(1)

    async def order(self, method, **params):
        number = next(self._ids)
        await self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(await asyncio.wait_for(self._socket.recv(), START_S))
            if answer.get("id") == number:
                return answer["result"]

    async def value(self, script):
        """What a piece of script comes to."""
        result = await self.order("Runtime.evaluate", expression=script, returnByValue=True)
        return result["result"].get("value")

    async def text(self):
        """What a person can read on it."""
        return await self.value("document.body ? document.body.innerText : ''")

    async def until(self, condition):
        """Until the text that can be read fulfils it; returns the text."""
        async with asyncio.timeout(START_S):
            while not condition(text := await self.text() or ""):
                await asyncio.sleep(0.05)
        return text

    async def size(self, width, height):
        await self.order(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    async def picture(self):
        """The PNG bytes of what is seen."""
        answer = await self.order("Page.captureScreenshot", format="png")
        return base64.b64decode(answer["data"])


@asynccontextmanager
async def opened(address, folder):
    """The page at this address, on a screen of 1280x720."""
    from websockets.asyncio.client import connect

    process = await asyncio.create_subprocess_exec(
        chromium(),
        f"--user-data-dir={folder / 'profile'}",
        *FLAGS,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        port = await _port(folder / "profile" / "DevToolsActivePort")
        async with asyncio.timeout(START_S):
            target = await asyncio.to_thread(_target, port)
        async with connect(target, max_size=None) as socket:
            page = Page(socket)
            await page.size(1280, 720)
            await page.order("Page.navigate", url=address)
            yield page
    finally:
        process.terminate()
        await process.wait()


async def _port(path):
    async with asyncio.timeout(START_S):
        while not path.exists() or len(path.read_text().split()) < 2:
            await asyncio.sleep(0.05)
    return int(path.read_text().split()[0])


def _target(port):
    """The window that it opened."""
    while True:
        with urlopen(f"http://127.0.0.1:{port}/json", timeout=START_S) as answer:
            found = [one for one in json.load(answer) if one["type"] == "page"]
        if found:
            return found[0]["webSocketDebuggerUrl"]
        time.sleep(0.1)
