"""The bus that all Modbus devices share: callers queue, one question at a time is on the wire."""

import asyncio
import itertools
import logging
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Protocol

from pymodbus.pdu import ModbusPDU

from drivers.modbus import pdu
from drivers.modbus.pdu import Question
from gateway.ports import Bus, DeviceError

log = logging.getLogger(__name__)

MAX_WAITING = 32
MAX_WAIT_S = 2.0


class Wire(Protocol):
    """One way of carrying questions. `name` is the port or host, as the technician knows it."""

    name: str

    async def ask(self, question: Question) -> ModbusPDU:
        """The checked answer, or the slave's exception answer. Raises `DeviceError`."""

    def close(self) -> None: ...


@dataclass(order=True, slots=True)
class Job:
    """Orders before readings, then first come, first served."""

    is_read: bool
    number: int
    asked_at: float = field(compare=False)
    not_after: float = field(compare=False)
    question: Question = field(compare=False)
    answer: asyncio.Future[ModbusPDU] = field(compare=False)


@asynccontextmanager
async def taking_turns(wire: Wire) -> AsyncIterator[Bus]:
    """A bus on this wire; closes the wire at the end."""
    bus = SharedBus(wire)
    worker = asyncio.create_task(bus.work(), name=f"bus {wire.name}")
    try:
        yield bus
    finally:
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker
        bus.turn_away()
        wire.close()


class SharedBus:
    """See `gateway.ports.Bus`. What waits longer than `MAX_WAIT_S` is refused, not sent late."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._loop = asyncio.get_running_loop()
        self._jobs: asyncio.PriorityQueue[Job] = asyncio.PriorityQueue(MAX_WAITING)
        self._numbers = itertools.count()

    async def read_coils(self, slave: int, first: int, count: int) -> tuple[bool, ...]:
        question = pdu.read_bits(pdu.READ_COILS, slave, first, count)
        return tuple((await self._ask(question)).bits[:count])

    async def read_discrete_inputs(self, slave: int, first: int, count: int) -> tuple[bool, ...]:
        question = pdu.read_bits(pdu.READ_INPUTS, slave, first, count)
        return tuple((await self._ask(question)).bits[:count])

    async def read_holding_registers(self, slave: int, first: int, count: int) -> tuple[int, ...]:
        question = pdu.read_registers(slave, first, count)
        return tuple((await self._ask(question)).registers)

    async def write_coil(
        self, slave: int, address: int, value: int, *, not_after: float = math.inf
    ) -> None:
        await self._ask(pdu.write_coil(slave, address, value), not_after)

    async def write_register(self, slave: int, address: int, value: int) -> None:
        await self._ask(pdu.write_register(slave, address, value))

    async def work(self) -> None:
        """Serve the queue for ever."""
        while True:
            await self._serve(await self._jobs.get())

    def turn_away(self) -> None:
        """Tell all who still wait that the bus is closed."""
        while not self._jobs.empty():
            self._finish(self._jobs.get_nowait(), DeviceError(f"{self._wire.name}: bus is closed"))

    async def _ask(self, question: Question, not_after: float = math.inf) -> ModbusPDU:
        now = self._loop.time()
        job = Job(
            not question.is_write,
            next(self._numbers),
            now,
            min(not_after, now + MAX_WAIT_S),
            question,
            self._loop.create_future(),
        )
        try:
            self._jobs.put_nowait(job)
        except asyncio.QueueFull:
            raise DeviceError(
                f"{self._wire.name}: {MAX_WAITING} questions wait already: does a device "
                "not answer, or are there too many for this baud rate?"
            ) from None
        answer = await job.answer
        if answer.isError():
            raise DeviceError(f"{self._wire.name}: {question.refusal(answer)}")
        return answer

    async def _serve(self, job: Job) -> None:
        """The caller may be gone: before its turn nothing is sent, after it nothing is cut off."""
        if job.answer.done():
            return
        try:
            self._refuse_old(job)
            self._finish(job, await self._wire.ask(job.question))
        except asyncio.CancelledError:
            self._finish(job, DeviceError(f"{self._wire.name}: bus was closed before the answer"))
            raise
        except Exception as error:  # noqa: BLE001 - it is raised where the caller waits
            self._finish(job, error)

    def _refuse_old(self, job: Job) -> None:
        now = self._loop.time()
        if now > job.not_after:
            raise DeviceError(
                f"{self._wire.name}: had no time to {job.question.words} of slave "
                f"{job.question.slave} for {now - job.asked_at:.1f} s and did not send it"
            )

    def _finish(self, job: Job, result: ModbusPDU | Exception) -> None:
        if job.answer.cancelled() and isinstance(result, DeviceError):
            log.warning("%s: nobody waited any more, but: %s", self._wire.name, result)
        elif not job.answer.done():
            if isinstance(result, Exception):
                job.answer.set_exception(result)
            else:
                job.answer.set_result(result)
