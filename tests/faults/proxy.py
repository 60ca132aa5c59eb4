"""A TCP way between a gateway and its broker that can be made bad at any moment.

What is lost on the way is held until the way is good again, as TCP itself would bring it in the
end; a side that gives up in the meantime is not told to the other. Every fault is counted where
it bites (`FaultProxy.bites`), so that a test can see that it did.
"""

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: http://portal.example/login\r\n\r\n"
RECORDS = b"/up/rec"
PUBLISH = 0x30
PUBACK = 0x40
CHUNK = 65536
LINGER_0 = struct.pack("ii", 1, 0)


class Way(StrEnum):
    UP = "up"
    DOWN = "down"


class Door(StrEnum):
    """What becomes of a new connection."""

    OPEN = "open"
    REFUSING = "refusing"
    WEB_PORTAL = "answers as a web page"


@dataclass(frozen=True, slots=True)
class Fault:
    """What the way does to bytes. `dead`: directions in which nothing gets through.

    `reset_after`: so many bytes of a batch of records pass, then comes an RST. `stall_share` of
    the chunks wait `stall_s`, as they would for TCP's repetition of what was lost.
    """

    dead: frozenset[Way] = frozenset()
    delay_s: float = 0.0
    bytes_per_s: float = 0.0
    reset_after: int = 0
    stall_share: float = 0.0
    stall_s: float = 0.0
    door: Door = Door.OPEN


GOOD = Fault()


class FaultProxy:
    """Listens on `port` and passes on to `target`, from a thread of its own."""

    def __init__(self, target: int, seed: int = 1) -> None:
        self.bites: Counter[str] = Counter()
        self._target = target
        self._dice = random.Random(seed)
        self._fault = GOOD
        self._changed = asyncio.Event()
        self._links: set[asyncio.Task[None]] = set()
        self._sockets: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.port = 0
        self.port = self._call(self._listen())

    def become(self, fault: Fault) -> None:
        self._call(self._become(fault))

    @contextlib.contextmanager
    def being(self, fault: Fault) -> Iterator[None]:
        """Bad for a while, then good again."""
        self.become(fault)
        try:
            yield
        finally:
            self.become(GOOD)

    def cut(self) -> None:
        """RST to both ends of every connection."""
        self._call(self._reset_all())

    def close(self) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _call(self, story):
        return asyncio.run_coroutine_threadsafe(story, self._loop).result(20)

    # --- in the proxy's thread

    async def _listen(self) -> int:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        return self._server.sockets[0].getsockname()[1]

    async def _become(self, fault: Fault) -> None:
        before, self._fault = self._fault, fault
        self._changed.set()
        self._changed = asyncio.Event()
        if fault.door is before.door:
            return
        if self._server is not None:
            self._server.close()
            self._server = None
        if fault.door is not Door.OPEN:
            await self._reset_all()
        if fault.door is Door.REFUSING:
            self.bites["refusing"] += 1
        else:
            await self._listen()

    async def _reset_all(self) -> None:
        for writer in tuple(self._sockets):
            _reset(writer)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._reset_all()
        for link in tuple(self._links):
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.current_task()
        assert link is not None
        self._links.add(link)
        self._sockets.add(writer)
        try:
            if self._fault.door is Door.OPEN:
                await self._link(reader, writer)
            else:
                await self._answer_as_portal(reader, writer)
        except OSError:
            self.bites["ended by an end"] += 1
        except asyncio.CancelledError:
            # Only `close` cancels; whoever waits for the link need not hear of it.
            self.bites["closed"] += 1
        finally:
            self._links.discard(link)
            self._sockets.discard(writer)
            writer.close()

    async def _answer_as_portal(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.read(CHUNK)
        self.bites[Door.WEB_PORTAL] += 1
        writer.write(REDIRECT)
        await writer.drain()

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._passable(Way.UP)
        there_reader, there = await asyncio.open_connection("127.0.0.1", self._target)
        self._sockets.add(there)
        self.bites["connections"] += 1
        for end in (writer, there):
            end.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._carry(reader, there, Way.UP))
                both.create_task(self._carry(there_reader, writer, Way.DOWN))
        except* OSError:
            self.bites["ended by an end"] += 1
        finally:
            self._sockets.discard(there)
            there.close()

    async def _carry(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, way: Way
    ) -> None:
        """A line of a length: bytes come out as late as they must, and in order."""
        line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        giving = asyncio.create_task(self._give(line, sink, way))
        try:
            while chunk := await _read(source):
                line.put_nowait((self._loop.time() + self._fault.delay_s, chunk))
            line.put_nowait((0.0, b""))
            await giving
        finally:
            giving.cancel()
            # Whoever gave up is told to nobody while the way is dead.
            sink.close()

    async def _give(
        self, line: "asyncio.Queue[tuple[float, bytes]]", sink: asyncio.StreamWriter, way: Way
    ) -> None:
        while True:
            due, chunk = await line.get()
            await asyncio.sleep(max(0.0, due - self._loop.time()))
            await self._passable(way)
            if not chunk:
                return
            await self._pass_on(chunk, sink, way)

    async def _passable(self, way: Way) -> None:
        while way in self._fault.dead:
            self.bites[f"dead {way}"] += 1
            await self._changed.wait()

    async def _pass_on(self, chunk: bytes, sink: asyncio.StreamWriter, way: Way) -> None:
        fault = self._fault
        if way is Way.DOWN and chunk[0] == PUBACK:
            self.bites["receipts"] += 1
        if fault.delay_s:
            self.bites["delayed"] += 1
        if fault.stall_share and self._dice.random() < fault.stall_share:
            self.bites["stalled"] += 1
            await asyncio.sleep(fault.stall_s)
        if fault.reset_after and way is Way.UP and _is_batch(chunk, fault.reset_after):
            sink.write(chunk[: fault.reset_after])
            await sink.drain()
            self.bites["reset in a batch"] += 1
            await self._reset_all()
        elif fault.bytes_per_s:
            await self._trickle(chunk, sink)
        else:
            sink.write(chunk)
            await sink.drain()

    async def _trickle(self, chunk: bytes, sink: asyncio.StreamWriter) -> None:
        """Byte by byte; the rest at once, when the way is good again."""
        for place in range(len(chunk)):
            if sink.is_closing():
                return
            if not self._fault.bytes_per_s:
                sink.write(chunk[place:])
                break
            self.bites["single bytes"] += 1
            sink.write(chunk[place : place + 1])
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), 1 / self._fault.bytes_per_s)
        await sink.drain()


async def _read(source: asyncio.StreamReader) -> bytes:
    """Empty at the end, however it came: the other side hears of it when the way lets it."""
    try:
        return await source.read(CHUNK)
    except ConnectionError:
        return b""


def _is_batch(chunk: bytes, more_than: int) -> bool:
    return chunk[0] & 0xF0 == PUBLISH and RECORDS in chunk[:64] and len(chunk) > more_than


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
    writer.transport.abort()
