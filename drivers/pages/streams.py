"""Everybody who has the page open, and what each of them still has to hear."""

import asyncio
import json

from drivers.pages.sheet import BEAT_S

AGAIN_MS = 1000
SEND_S = 10.0


class Streams:
    """Server-sent events. Of news that wait for a slow reader, the newest of each kind counts."""

    def __init__(self) -> None:
        self._open: list[_Stream] = []
        self._standing: dict[str, str] = {}
        self._alone_since = asyncio.get_running_loop().time()

    @property
    def alone_s(self) -> float:
        """For how long nobody has had the page open."""
        return 0.0 if self._open else asyncio.get_running_loop().time() - self._alone_since

    def stand(self, event: str, text: str) -> None:
        """Told now, and first of all to whoever comes later."""
        self._standing[event] = text
        self.tell(event, text)

    def tell(self, event: str, text: str) -> None:
        """Told to those who are there."""
        for stream in self._open:
            stream.put(event, text)

    async def serve(self, writer: asyncio.StreamWriter) -> None:
        """Ends with `OSError` or `TimeoutError`, within two beats after the browser is gone."""
        stream = _Stream(self._standing)
        self._open.append(stream)
        try:
            writer.write(f"retry: {AGAIN_MS}\n\n".encode())
            while True:
                writer.write(stream.taken().encode())
                async with asyncio.timeout(SEND_S):
                    await writer.drain()
                await stream.more()
        finally:
            self._open.remove(stream)
            self._alone_since = asyncio.get_running_loop().time()


class _Stream:
    def __init__(self, first: dict[str, str]) -> None:
        self._waiting = dict(first)
        self._news = asyncio.Event()

    def put(self, event: str, text: str) -> None:
        self._waiting[event] = text
        self._news.set()

    def taken(self) -> str:
        """All that waits, and a beat."""
        self._news.clear()
        waiting, self._waiting = self._waiting | {"beat": ""}, {}
        return "".join(
            f"event: {event}\ndata: {json.dumps(text)}\n\n" for event, text in waiting.items()
        )

    async def more(self) -> None:
        """Until there is news, or it is time for a beat."""
        try:
            async with asyncio.timeout(BEAT_S):
                await self._news.wait()
        except TimeoutError:
            return
