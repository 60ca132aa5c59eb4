"""The copper of a simulated line: one thread that carries each byte when its time has come."""

import os
import select
import threading
import time
from collections import deque
from contextlib import suppress
from itertools import takewhile
from typing import NamedTuple, Protocol

NOBODY_THERE_S = 0.002
IDLE_S = 3600.0
KEPT_REPLIES = 8


class Ends(Protocol):
    """What the pump must know of its line, and who answers at the far end."""

    char_s: float
    gap_s: float

    @property
    def echoes(self) -> bool: ...
    def replies(self, frame: bytes) -> list[tuple[float, bytes]]: ...


class Moving(NamedTuple):
    """A byte on its way; its last bit passes at `due`."""

    due: float
    speaker: str
    byte: bytes


class Pump(threading.Thread):
    """Owns the pty's far end from start to `stop()`."""

    def __init__(self, far_end: int, ends: Ends, log: deque[tuple[float, str, bytes]]) -> None:
        super().__init__(name=f"line {far_end}", daemon=True)
        self._far_end = far_end
        self._ends = ends
        self._log = log
        self._stop_heard, self._stop_said = os.pipe()
        self._moving: list[Moving] = []
        self._request = bytearray()
        self._request_start = self._request_end = 0.0
        self._replies: deque[tuple[float, float]] = deque(maxlen=KEPT_REPLIES)

    def stop(self) -> None:
        os.write(self._stop_said, b"x")
        self.join()
        for descriptor in (self._far_end, self._stop_heard, self._stop_said):
            os.close(descriptor)

    def run(self) -> None:
        while True:
            readable, _, _ = select.select(
                [self._far_end, self._stop_heard], [], [], max(0.0, self._next_due() - _now())
            )
            if self._stop_heard in readable:
                return
            if self._far_end in readable:
                self._hear()
            self._deliver()
            if _now() >= self._request_end + self._ends.gap_s:
                self._end_request()

    def _next_due(self) -> float:
        due = [moving.due for moving in self._moving[:1]]
        if self._request:
            due.append(self._request_end + self._ends.gap_s)
        return min(due, default=_now() + IDLE_S)

    def _hear(self) -> None:
        """Put what the master wrote on the line, byte after byte."""
        try:
            data = os.read(self._far_end, 4096)
        except OSError:  # A pty that nobody has open.
            time.sleep(NOBODY_THERE_S)
            return
        now = _now()
        if now >= self._request_end + self._ends.gap_s:
            self._end_request()
        if not self._request:
            self._request_start = self._request_end = now
        start = max(now, self._request_end)
        passing = self._timed(data, start, "master")
        self._log.extend(moving[:] for moving in passing)
        self._request += data
        self._request_end = passing[-1].due
        if self._ends.echoes:
            self._send(self._timed(data, start, "echo"))

    def _deliver(self) -> None:
        """Give the master every byte whose time has come, even if this thread woke up late."""
        now = _now()
        arrived = list(takewhile(lambda moving: moving.due <= now, self._moving))
        if not arrived:
            return
        del self._moving[: len(arrived)]
        for moving in arrived:
            if moving.speaker == "slave":
                self._log.append(moving[:])
        with suppress(OSError):  # Nobody listens, or nobody reads.
            os.write(self._far_end, b"".join(moving.byte for moving in arrived))

    def _end_request(self) -> None:
        frame, self._request = bytes(self._request), bytearray()
        if not frame or self._talked_into_a_reply():
            return
        for delay_s, reply in self._ends.replies(frame):
            start = self._request_end + self._ends.gap_s + delay_s
            start = max([start, *(end for _, end in self._replies)])
            self._send(self._timed(reply, start, "slave"))
            self._replies.append((start, start + len(reply) * self._ends.char_s))

    def _talked_into_a_reply(self) -> bool:
        """Too close to another frame: no slave can make it out. The master still hears all."""
        return any(
            self._request_start < end + self._ends.gap_s and self._request_end > start
            for start, end in self._replies
        )

    def _timed(self, data: bytes, start: float, speaker: str) -> list[Moving]:
        return [
            Moving(start + place * self._ends.char_s, speaker, bytes([value]))
            for place, value in enumerate(data, start=1)
        ]

    def _send(self, more: list[Moving]) -> None:
        self._moving = sorted(self._moving + more)


_now = time.monotonic
