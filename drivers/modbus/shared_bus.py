"""The bus that all Modbus devices share: callers queue, one question at a time is on the wire."""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Protocol

from pymodbus.pdu import ModbusPDU

from drivers.modbus import pdu
from drivers.modbus.absences import Absences
from drivers.modbus.errand import Errand, NoAnswerError
from drivers.modbus.pdu import Question
from drivers.modbus.refusals import BEHIND_GATEWAY_SILENT
from drivers.modbus.waiting import Job, Waiting
from gateway.ports import Bus, DeviceError, Turn

log = logging.getLogger(__name__)

MAX_WAIT_S = 2.0


class Wire(Protocol):
    """One way of carrying questions. `name` is the port or host, as the technician knows it.

    `recoveries` counts how often it was opened after it could not be. Cancelling `ask` before
    `is_sent` has no effect; after it, only where the wire `gives_way`, no harm for the next one.
    """

    name: str
    gives_way: bool

    @property
    def recoveries(self) -> int: ...

    @property
    def is_sent(self) -> bool:
        """Whether the question that is being asked is on its way."""

    async def ask(self, errand: Errand) -> ModbusPDU:
        """The checked answer, or the slave's exception answer; for a broadcast, the request.

        Raises `NoAnswerError` where the line works and the slave does not, else `DeviceError`.
        """

    def close(self) -> None: ...


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


class _PreemptedError(Exception):
    """Nothing was sent yet, and an order came."""


class SharedBus:
    """See `gateway.ports.Bus`. What waits longer than `MAX_WAIT_S` is refused, not sent late.

    An order waits at most for one question that is on the wire, and its answer; not even for
    that where the slave's last answer is missing. A slave that is away is not asked for a while,
    see `Absences`.
    A write to slave 0 is a broadcast, for drivers of devices that know it: nobody confirms it.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._loop = asyncio.get_running_loop()
        self._waiting = Waiting(wire.name)
        self._absences = Absences(wire.name)
        self._recoveries = 0

    async def read_coils(
        self, slave: int, first: int, count: int, *, turn: Turn = Turn.REST
    ) -> tuple[bool, ...]:
        question = pdu.read_bits(pdu.READ_COILS, slave, first, count)
        return tuple((await self._ask(question, turn)).bits[:count])

    async def read_discrete_inputs(
        self, slave: int, first: int, count: int, *, turn: Turn = Turn.REST
    ) -> tuple[bool, ...]:
        question = pdu.read_bits(pdu.READ_INPUTS, slave, first, count)
        return tuple((await self._ask(question, turn)).bits[:count])

    async def read_holding_registers(
        self, slave: int, first: int, count: int, *, turn: Turn = Turn.REST
    ) -> tuple[int, ...]:
        question = pdu.read_registers(pdu.READ_REGISTERS, slave, first, count)
        return tuple((await self._ask(question, turn)).registers)

    async def read_input_registers(
        self, slave: int, first: int, count: int, *, turn: Turn = Turn.REST
    ) -> tuple[int, ...]:
        question = pdu.read_registers(pdu.READ_INPUT_REGISTERS, slave, first, count)
        return tuple((await self._ask(question, turn)).registers)

    async def write_coil(
        self, slave: int, address: int, value: int, *, not_after: float = math.inf
    ) -> None:
        await self._ask(pdu.write_coil(slave, address, value), Turn.ORDER, not_after)

    async def write_coils(
        self, slave: int, first: int, values: Sequence[bool], *, not_after: float = math.inf
    ) -> None:
        await self._ask(pdu.write_coils(slave, first, values), Turn.ORDER, not_after)

    async def write_register(
        self, slave: int, address: int, value: int, *, not_after: float = math.inf
    ) -> None:
        await self._ask(pdu.write_register(slave, address, value), Turn.ORDER, not_after)

    async def write_registers(
        self, slave: int, first: int, values: Sequence[int], *, not_after: float = math.inf
    ) -> None:
        await self._ask(pdu.write_registers(slave, first, values), Turn.ORDER, not_after)

    async def work(self) -> None:
        """Serve the queue for ever."""
        while True:
            await self._serve(await self._waiting.next())

    def turn_away(self) -> None:
        """Tell all who still wait that the bus is closed."""
        for job in self._waiting.drained():
            self._finish(job, DeviceError(f"{self._wire.name}: bus is closed"))

    async def _ask(self, question: Question, turn: Turn, not_after: float = math.inf) -> ModbusPDU:
        now = self._loop.time()
        errand = Errand(question, turn, now, min(not_after, now + MAX_WAIT_S))
        self._refuse_away(errand, now)
        answer = await self._waiting.put(errand)
        if answer.isError():
            raise DeviceError(f"{self._wire.name}: {question.refusal(answer)}")
        return answer

    async def _serve(self, job: Job) -> None:
        """The caller may be gone: before its turn nothing is sent, after it nothing is cut off."""
        if job.answer.done():
            return
        try:
            now = self._loop.time()
            job.errand.require_time(now, self._wire.name)
            self._refuse_away(job.errand, now)
            self._finish(job, await self._answer(job.errand))
        except _PreemptedError:
            self._waiting.put_back(job)
        except asyncio.CancelledError:
            self._finish(job, DeviceError(f"{self._wire.name}: bus was closed before the answer"))
            raise
        except Exception as error:  # noqa: BLE001 - it is raised where the caller waits
            self._finish(job, error)

    def _refuse_away(self, errand: Errand, now: float) -> None:
        if self._wire.recoveries != self._recoveries:
            self._recoveries = self._wire.recoveries
            self._absences.forget()
        self._absences.refuse(errand, now)

    async def _answer(self, errand: Errand) -> ModbusPDU:
        """Ask, and remember who answers."""
        try:
            answer = await self._asked(errand)
        except NoAnswerError as error:
            self._absences.missed(errand.slave, error, self._loop.time())
            raise
        if answer.isError() and answer.exception_code == BEHIND_GATEWAY_SILENT:
            sentence = f"{self._wire.name}: {errand.question.refusal(answer)}"
            silence = NoAnswerError(sentence, silent=True)
            self._absences.missed(errand.slave, silence, self._loop.time())
        else:
            self._absences.answered(errand.slave, self._loop.time())
        return answer

    async def _asked(self, errand: Errand) -> ModbusPDU:
        if errand.is_order:
            return await self._wire.ask(errand)
        asking = asyncio.create_task(self._wire.ask(errand))
        calling = asyncio.create_task(self._waiting.order())
        try:
            await asyncio.wait((asking, calling), return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                self._give_way(errand, calling.result())
            return await asking
        finally:
            await _ended(asking, calling)

    def _give_way(self, errand: Errand, order: Errand) -> None:
        """Raise where the question may be dropped for the order."""
        if not self._wire.is_sent:
            raise _PreemptedError
        is_in_vain = self._wire.gives_way and self._absences.suspects(errand.slave)
        if is_in_vain and order.slave != errand.slave:
            raise DeviceError(
                f"{self._wire.name}: slave {errand.slave}, whose last answer is missing, was not "
                f"waited for: an order to slave {order.slave} went first"
            )

    def _finish(self, job: Job, result: ModbusPDU | Exception) -> None:
        if job.answer.cancelled() and isinstance(result, DeviceError):
            log.warning("%s: nobody waited any more, but: %s", self._wire.name, result)
        elif not job.answer.done():
            if isinstance(result, Exception):
                job.answer.set_exception(result)
            else:
                job.answer.set_result(result)


async def _ended(*tasks: asyncio.Task[object]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
