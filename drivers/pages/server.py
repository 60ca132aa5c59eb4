"""A web server for one page on one screen: GET only, few callers, nothing from elsewhere."""

import asyncio
import contextlib
from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple

from drivers.pages.streams import SEND_S, Streams

MOST_CALLERS, MOST_HEAD, HEAD_S = 16, 8192, 5.0
EVENTS = "/events"
_OWN = "'self'"
_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; script-src {_OWN}; style-src {_OWN};"
    f" connect-src {_OWN}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Connection": "close",
}


class Content(NamedTuple):
    kind: str
    text: str


class RefusedError(Exception):
    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class PageServer:
    """`contents` makes what stands at a path, at each call anew."""

    def __init__(
        self, bind: str, port: int, contents: dict[str, Callable[[], Content]], streams: Streams
    ) -> None:
        self._bind = bind
        self._port = port
        self._contents = contents
        self._streams = streams
        self._server: asyncio.Server | None = None
        self._callers: set[asyncio.Task[None]] = set()

    async def listen(self) -> None:
        """Returns at once where it listens already. Raises `OSError`."""
        if self._server is None:
            self._server = await asyncio.start_server(
                self._called, self._bind, self._port, limit=MOST_HEAD
            )

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        callers = [*self._callers]
        for caller in callers:
            caller.cancel()
        await asyncio.gather(*callers, return_exceptions=True)

    def _called(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._callers) >= MOST_CALLERS:
            writer.close()
            return
        caller = asyncio.create_task(self._serve(reader, writer))
        self._callers.add(caller)
        caller.add_done_callback(self._callers.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Whoever goes away in the middle is nobody's trouble."""
        try:
            with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                await self._answer(reader, writer)
                writer.close()
                async with asyncio.timeout(SEND_S):
                    await writer.wait_closed()
        finally:
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            path = await self._path(reader)
        except RefusedError as refusal:
            writer.write(answer(refusal.status, Content("text/plain", f"{refusal}\n")))
        else:
            if path == EVENTS:
                writer.write(head(HTTPStatus.OK, "text/event-stream"))
                await self._streams.serve(writer)
                return
            writer.write(answer(HTTPStatus.OK, self._contents[path]()))

    async def _path(self, reader: asyncio.StreamReader) -> str:
        """The path that is asked for, which is one of ours."""
        try:
            async with asyncio.timeout(HEAD_S):
                request = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            raise RefusedError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE) from None
        path, host = asked(request)
        if host not in self._hosts():
            raise RefusedError(HTTPStatus.MISDIRECTED_REQUEST)
        if path != EVENTS and path not in self._contents:
            raise RefusedError(HTTPStatus.NOT_FOUND)
        return path

    def _hosts(self) -> tuple[str, ...]:
        """A page from elsewhere that has its name point here must not read this one."""
        names = ["localhost"] if self._bind.startswith("127.") else []
        return tuple(f"{name}:{self._port}" for name in (self._bind, *names))


def asked(request: bytes) -> tuple[str, str]:
    """Path and host of a request's head. Raises `RefusedError` for all but a plain GET."""
    first, *lines = request.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):  # noqa: PLR2004 -- method, path, version
        raise RefusedError(HTTPStatus.BAD_REQUEST)
    if words[0] != "GET":
        raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED)
    headers = [line.partition(":") for line in lines]
    hosts = [value.strip() for name, _, value in headers if name.lower() == "host"]
    if len(hosts) != 1:
        raise RefusedError(HTTPStatus.BAD_REQUEST)
    return words[1].partition("?")[0], hosts[0].lower()


def answer(status: HTTPStatus, content: Content) -> bytes:
    body = content.text.encode()
    return head(status, content.kind, len(body)) + body


def head(status: HTTPStatus, kind: str, length: int | None = None) -> bytes:
    headers = {"Content-Type": f"{kind}; charset=utf-8"} | _HEADERS
    if length is not None:
        headers["Content-Length"] = str(length)
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = "GET"
    lines = [f"HTTP/1.1 {status.value} {status.phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()
