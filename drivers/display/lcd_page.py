"""A screen at the lane, such as an LCD on HDMI: a page that a browser on it keeps open.

It is the one display that shows a QR code. The page is served by this machine to itself, hears
of each change at once, and says so where this program is gone for more than 5 s.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import AddressValueError, IPv4Address
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from gateway.ports import Claim, CodeDisplay, DeviceError, DriverSettings

if TYPE_CHECKING:
    from drivers.pages.server import PageServer
    from drivers.pages.streams import Streams

MOST_CODE = 1000
ALONE_S = 10.0


def _own_address(text: str) -> str:
    try:
        address = IPv4Address(text)
    except AddressValueError:
        raise ValueError(f"{text!r} is no IPv4 address; write 127.0.0.1") from None
    if address.is_unspecified or address.is_multicast:
        raise ValueError(
            f"{text} is not one address of this machine; write 127.0.0.1, or the address that it"
            " has on the lane's network"
        )
    return text


class Settings(DriverSettings):
    driver: Literal["lcd_page"]
    port: int = Field(
        8090,
        ge=1024,
        le=65535,
        title="Port",
        description="The screen's browser opens http://127.0.0.1:PORT/. Each lane needs its own.",
    )
    bind: Annotated[str, AfterValidator(_own_address)] = Field(
        "127.0.0.1",
        title="Address",
        description="Of this machine. Only a screen with a computer of its own needs another than"
        " 127.0.0.1: whoever reaches that address sees what the screen shows.",
    )
    speaks: bool = Field(
        default=False,
        title="Speaks",
        description="Whether the browser says aloud what it is told, with the voices it has.",
    )

    def claims(self) -> dict[str, Claim]:
        return {"port": Claim(f"{self.bind}:{self.port}", "the page")}


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[CodeDisplay]:
    """The page, whether or not a browser has it open: then each call says so."""
    from drivers.pages.streams import Streams

    streams = Streams()
    page = LcdPage(settings, streams)
    try:
        yield page
    finally:
        await page.close()


class LcdPage:
    """What is shown stands for whoever opens the page later."""

    def __init__(self, settings: Settings, streams: "Streams") -> None:
        self._settings = settings
        self._streams = streams
        self._name = f"http://{settings.bind}:{settings.port}/"
        self._face = ""
        self._server = self._new_server()
        self._turn = asyncio.Lock()

    async def show(self, lines: Sequence[str]) -> None:
        from drivers.pages.face import face

        await self._put(face(lines))

    async def show_code(self, lines: Sequence[str], code: str) -> None:
        from drivers.pages.face import face

        if len(code) > MOST_CODE:
            raise DeviceError(
                f"{self._name}: a code of {len(code)} characters is too fine for a phone;"
                f" at most {MOST_CODE}: shorten the payment link"
            )
        await self._put(face(lines, code))

    async def say(self, text: str) -> None:
        """Returns at once: the browser speaks by itself."""
        if self._settings.speaks:
            await self._listen()
            self._streams.tell("say", text)
            self._require_somebody()

    async def close(self) -> None:
        await self._server.close()

    async def _put(self, markup: str) -> None:
        await self._listen()
        self._face = markup
        self._streams.stand("face", markup)
        self._require_somebody()

    async def _listen(self) -> None:
        async with self._turn:
            try:
                await self._server.listen()
            except OSError as error:
                raise DeviceError(
                    f"{self._name}: cannot serve the page: {error.strerror}; is `bind` an address"
                    " of this machine, and does no other program use the port?"
                ) from error

    def _require_somebody(self) -> None:
        """A browser that only starts again has this long."""
        if self._streams.alone_s > ALONE_S:
            raise DeviceError(
                f"{self._name}: no browser has the page open: is the screen on, and does its"
                " browser start with this page?"
            )

    def _new_server(self) -> "PageServer":
        from drivers.pages import sheet
        from drivers.pages.server import Content, PageServer

        self._streams.stand("version", sheet.VERSION)
        contents = {
            "/": lambda: Content("text/html", sheet.page(self._face)),
            "/page.css": lambda: Content("text/css", sheet.STYLE),
            "/page.js": lambda: Content("text/javascript", sheet.SCRIPT),
        }
        return PageServer(self._settings.bind, self._settings.port, contents, self._streams)
