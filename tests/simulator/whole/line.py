"""An RS-485 line in virtual time: the twin's boards at its far end, and all that goes wrong."""

import asyncio
import random
from collections import deque
from enum import StrEnum

from drivers.modbus.byte_port import BytePort
from drivers.twins.board import Board
from drivers.twins.line import with_crc
from tests.simulator.truth import Sent

BAUD = 19200
CHAR_S = 10 / BAUD
GAP_S = 3.5 * CHAR_S
WRITE = 5
BUSY = 6


class Fault(StrEnum):
    """What can happen to one answer."""

    LOST = "no answer"
    BROKEN = "a bit of the answer flips"
    REFUSED = "the board says that it is busy"
    OLD = "an answer to an older question comes instead"
    WRONG_SLAVE = "another board answers"
    LATE = "the answer comes in the next question's time"
    STRAY = "stray bytes before the answer"


# Late answers are what a line does most, and what does most harm.
USUAL = (*Fault, Fault.LATE, Fault.LATE, Fault.LATE)


class Line:
    """`faults` strike one answer each, `share` of all are struck anyway; `dead` has no answers."""

    def __init__(self, dice: random.Random) -> None:
        self.boards: list[Board] = []
        self.sent: list[Sent] = []
        self.carried_out: list[Sent] = []
        self.faults: deque[tuple[int, Fault]] = deque()
        self.share = 0.0
        self.dead_until: dict[int, float] = {}
        self.port: VirtualPort | None = None
        self._dice = dice
        self._loop = asyncio.get_running_loop()
        self._older: dict[tuple[int, int], bytes] = {}

    def carry(self, frame: bytes) -> float:
        """The time at which the frame has left the line; the boards hear it then."""
        now = self._loop.time()
        sent = Sent(now, now + len(frame) * CHAR_S, frame)
        self.sent.append(sent)
        self._loop.call_at(sent.end + GAP_S, self._heard, sent)
        return sent.end

    def _heard(self, sent: Sent) -> None:
        now = self._loop.time()
        for board in self.boards:
            if now < self.dead_until.get(board.slave, 0.0):
                continue
            reply = board.answer(sent.frame)
            if reply is None:
                continue
            if sent.frame[1] == WRITE:
                self.carried_out.append(sent)
            self._answer(reply, board)

    def _answer(self, reply: bytes, board: Board) -> None:
        fault = self._fault(reply)
        key = board.slave, len(reply)
        older, self._older[key] = self._older.get(key, reply), reply
        if fault is Fault.LOST:
            return
        delay_s = board.delay_s + (self._dice.uniform(0.07, 0.15) if fault is Fault.LATE else 0.0)
        said = self._spoilt(reply, fault, older)
        self._loop.call_later(delay_s + len(said) * CHAR_S, self._deliver, said)

    def _fault(self, reply: bytes) -> Fault | None:
        for number, (function, fault) in enumerate(self.faults):
            if function in (0, reply[1] & 0x7F):
                del self.faults[number]
                return fault
        struck = self._dice.random() < self.share
        return self._dice.choice(USUAL) if struck else None

    def _spoilt(self, reply: bytes, fault: Fault | None, older: bytes) -> bytes:
        match fault:
            case Fault.BROKEN:
                place = self._dice.randrange(len(reply))
                return reply[:place] + bytes([reply[place] ^ 0x10]) + reply[place + 1 :]
            case Fault.REFUSED:
                return with_crc(bytes([reply[0], reply[1] | 0x80, BUSY]))
            case Fault.OLD:
                return older if older[1] != reply[1] else b"\x00" + older[:-1]
            case Fault.WRONG_SLAVE:
                return with_crc(bytes([reply[0] % 247 + 1]) + reply[1:-2])
            case Fault.STRAY:
                return self._dice.randbytes(2) + reply
            case _:
                return reply

    def _deliver(self, said: bytes) -> None:
        if self.port is not None:
            self.port.take(said)


class VirtualPort(BytePort):
    """A port whose bytes come from the line, with no descriptor behind it."""

    def __init__(self, line: Line) -> None:  # the base would watch a descriptor
        self._name = "virtual line"
        self._loop = asyncio.get_running_loop()
        self._fresh = asyncio.Event()
        self._line = line
        self._lost_by = ""
        self.received = bytearray()
        self.busy_until = self._loop.time()
        self.lost = False
        line.port = self

    def send(self, frame: bytes) -> float:
        self.busy_until = self._line.carry(frame)
        return self.busy_until

    def take(self, data: bytes) -> None:
        self.received += data
        self.busy_until = max(self.busy_until, self._loop.time())
        self._fresh.set()

    def is_stale(self, silences: int) -> bool:
        """There is nothing to open anew."""
        return False

    def close(self) -> None:
        self.lost = True
        self._line.port = None

    def _read(self) -> None:
        """Bytes are handed in; nothing is to be fetched."""
