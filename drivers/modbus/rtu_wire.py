"""Modbus RTU over anything that carries bytes: asks, waits, and knows what may still come.

An RTU answer names its slave and its function and nothing else, so that a late one could pass
for the next. What is done against it: bytes that came before a question was sent are dropped;
after a failure the line stays quiet for `quiet_s`, or until the late answer was heard; and while
answers of a question's own shape (slave, function, length) are owed, it is asked once more for
each of them, until two answers on end agree. A slave answers in the order in which it was asked,
so that the last answer belongs to a question that was sent after the caller came.

What remains possible: a slave that is silent for longer than time-out and quiet time together,
and then pays its debts one by one just inside the time-out of each repetition, in a rhythm that
only a device between us and it could make; so set both above the slowest answer. Writes are not
repeated: the late echo of an order can confirm the same order, given again after the first one
failed; both say the same.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from pymodbus.pdu import ModbusPDU

from drivers.modbus import rtu_frame
from drivers.modbus.byte_port import BytePort
from drivers.modbus.debts import Debts
from drivers.modbus.errand import Errand, NoAnswerError
from drivers.modbus.opening import Opening
from drivers.modbus.pdu import WRITES_ONE, Question
from gateway.ports import DeviceError

GAP_CHARS = 3.5
FAST_BAUD = 19200
FAST_GAP_S = 0.00175
TURNAROUND_S = 0.15
MAX_NOISE_S = 1.0
SPOILT_S = 0.02
MOST_REPEATS = 2
MOST_CONTRADICTIONS = 2

Diagnosis = Callable[[Question, bytes], Awaitable[str]]


class Pace(NamedTuple):
    """The line's times. `is_exact`: no answer can be here sooner than its bytes allow."""

    baud: int
    char_s: float
    timeout_s: float
    quiet_s: float
    is_exact: bool = True

    @property
    def gap_s(self) -> float:
        """The silence that ends a frame: 3.5 characters, and a fixed time on fast lines."""
        return GAP_CHARS * self.char_s if self.baud <= FAST_BAUD else FAST_GAP_S


async def _no_diagnosis(_question: Question, _received: bytes) -> str:
    return ""


class RtuWire:
    """See `shared_bus.Wire`. `diagnose` may say what ails a line that never answered yet."""

    gives_way = True
    is_sent = False

    def __init__(
        self, name: str, opening: Opening, pace: Pace, diagnose: Diagnosis = _no_diagnosis
    ) -> None:
        self.name = name
        self._opening = opening
        self._pace = pace
        self._diagnose = diagnose
        self._loop = asyncio.get_running_loop()
        self._debts = Debts()
        self._silences = 0
        self._ever_answered = False

    @property
    def recoveries(self) -> int:
        return self._opening.recoveries

    def close(self) -> None:
        self._opening.close()

    async def ask(self, errand: Errand) -> ModbusPDU:
        self.is_sent = False
        port = await self._opening.port(at_once=errand.is_order)
        await self._silence(port, errand)
        owed = self._debts.owed(errand.question, self._loop.time())
        answer = await self._exchange(port, errand)
        if owed and not errand.question.is_write:
            answer = await self._repeated(port, errand, answer, min(owed, MOST_REPEATS))
            self._debts.forgive(errand.question)
        return answer

    async def _repeated(
        self, port: BytePort, errand: Errand, answer: ModbusPDU, times: int
    ) -> ModbusPDU:
        for number in range(1, times + MOST_CONTRADICTIONS + 1):
            await self._silence(port, errand)
            before, answer = answer, await self._exchange(port, errand)
            if number >= times and _same(before, answer):
                return answer
        raise DeviceError(
            f"{self.name}: asked again and again to {errand.question.words} after a failure, "
            f"slave {errand.slave} gave answers that contradict each other"
        )

    async def _exchange(self, port: BytePort, errand: Errand) -> ModbusPDU:
        question = errand.question
        errand.require_time(self._loop.time(), self.name)
        frame = rtu_frame.frame_of(question)
        sent_at = port.send(frame)
        self.is_sent = True
        if question.is_broadcast:
            return await self._turned_around(port, question, sent_at)
        answer_s = rtu_frame.answer_size(question) * self._pace.char_s
        deadline = sent_at + answer_s + self._pace.timeout_s
        self._debts.add(question, deadline + self._pace.quiet_s)
        earliest = sent_at + answer_s / 2 if self._pace.is_exact else sent_at - 1
        answer = await self._answer(port, question, earliest, deadline)
        if answer is None:
            raise await self._failure(port, question)
        self._silences, self._ever_answered = 0, True
        self._debts.paid(question)
        self._debts.end_quiet(question)
        return answer

    async def _answer(
        self, port: BytePort, question: Question, earliest: float, deadline: float
    ) -> ModbusPDU | None:
        """What fits the question; what comes before `earliest` belongs to an older one."""
        now = self._loop.time()
        while now < (end := min(deadline, self._spoilt_at(port, question))):
            await port.more(end)
            now = self._loop.time()
            self._refuse_own_echo(port, question, too_early=now < earliest)
            found = rtu_frame.find_answer(bytes(port.received), question)
            if found is not None:
                del port.received[: found[1]]
                if now >= earliest:
                    return found[0]
                self._debts.paid(question)
        if now < deadline:
            self._debts.end_quiet(question)
        port.busy_until = max(port.busy_until, now)
        return None

    def _spoilt_at(self, port: BytePort, question: Question) -> float:
        """When so many bytes came that the answer must have been among them: no more will come."""
        is_all = len(port.received) >= rtu_frame.answer_size(question)
        return port.busy_until + SPOILT_S if is_all else math.inf

    def _refuse_own_echo(self, port: BytePort, question: Question, *, too_early: bool) -> None:
        """An adapter that hears itself would confirm every order to a dead device.

        All but the writes of one value show it by themselves; those may not, where this process
        was stalled meanwhile, or where the line's pace is not known.
        """
        is_its_own_answer = question.function in WRITES_ONE
        frame = rtu_frame.frame_of(question)
        if frame in port.received and (too_early or not is_its_own_answer):
            raise DeviceError(
                f"{self.name}: the adapter sends back what we send, so that an order would seem "
                "confirmed by itself: switch its echo off (2-wire or half-duplex mode)"
            )

    async def _failure(self, port: BytePort, question: Question) -> DeviceError:
        received = bytes(port.received)
        self._silences = 0 if received else self._silences + 1
        if not self._ever_answered and not question.is_write:
            diagnosis = await self._diagnose(question, received)
            if diagnosis:
                return DeviceError(diagnosis)
        if port.is_stale(self._silences):
            self._opening.close()
            self._silences = 0
        complaint = rtu_frame.explain(received, question)
        sentence = f"{self.name}: asked to {question.words}, slave {question.slave} {complaint}"
        return NoAnswerError(sentence, silent=not received)

    async def _turned_around(self, port: BytePort, question: Question, sent_at: float) -> ModbusPDU:
        """Nobody confirms a broadcast; the slaves need time to carry it out."""
        port.busy_until = sent_at + TURNAROUND_S
        await asyncio.sleep(sent_at - self._loop.time())
        return question.request

    async def _silence(self, port: BytePort, errand: Errand) -> None:
        """Wait until the line is free for this errand; then forget what came meanwhile."""
        now = self._loop.time()
        self._debts.hear(port.received, now)
        give_up_at = max(now, self._debts.quiet_until(errand)) + self._pace.gap_s + MAX_NOISE_S
        while (free_at := self._free_at(port, errand)) > now:
            errand.require_time(free_at, self.name)
            if now > give_up_at:
                raise DeviceError(
                    f"{self.name}: the line is never silent: is there a second master, "
                    "or is its termination missing?"
                )
            await port.more(free_at)
            now = self._loop.time()
            self._debts.hear(port.received, now)
        port.forget()

    def _free_at(self, port: BytePort, errand: Errand) -> float:
        return max(port.busy_until + self._pace.gap_s, self._debts.quiet_until(errand))


def _same(one: ModbusPDU, other: ModbusPDU) -> bool:
    return (one.function_code, one.encode()) == (other.function_code, other.encode())
