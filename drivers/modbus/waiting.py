"""The queue before a bus."""

import asyncio
import heapq
from dataclasses import dataclass, field

from pymodbus.pdu import ModbusPDU

from drivers.modbus.errand import Errand
from gateway.ports import DeviceError

MOST_WAITING = 32
MOST_ORDERS_MORE = 16


@dataclass(order=True, slots=True)
class Job:
    """Orders first, then what safety needs, then the rest; of one kind the first comes first."""

    turn: int
    number: int
    errand: Errand = field(compare=False)
    answer: asyncio.Future[ModbusPDU] = field(compare=False)


class Waiting:
    """Orders find a place even where readings have taken all of theirs."""

    def __init__(self, line: str) -> None:
        self._line = line
        self._jobs: list[Job] = []
        self._numbers = 0
        self._came = asyncio.Event()

    def put(self, errand: Errand) -> "asyncio.Future[ModbusPDU]":
        """Queue it; the future gets its answer. Raises `DeviceError` where too many wait."""
        if len(self._jobs) >= MOST_WAITING + MOST_ORDERS_MORE * errand.is_order:
            raise DeviceError(
                f"{self._line}: {len(self._jobs)} questions wait already: does a device "
                "not answer, or are there too many for this baud rate?"
            )
        job = Job(errand.turn, self._numbers, errand, asyncio.Future())
        self._numbers += 1
        heapq.heappush(self._jobs, job)
        self._came.set()
        return job.answer

    async def next(self) -> Job:
        """Whose turn it is, as soon as there is one."""
        while not self._jobs:
            self._came.clear()
            await self._came.wait()
        return heapq.heappop(self._jobs)

    def put_back(self, job: Job) -> None:
        """It keeps its place among its kind."""
        heapq.heappush(self._jobs, job)

    async def order(self) -> Errand:
        """The order that is next, as soon as one waits; it goes on waiting."""
        while not (orders := [job for job in self._jobs if _is_wanted_order(job)]):
            self._came.clear()
            await self._came.wait()
        return min(orders).errand

    def drained(self) -> list[Job]:
        """All that still wait; none waits any more."""
        jobs, self._jobs = self._jobs, []
        return jobs


def _is_wanted_order(job: Job) -> bool:
    return job.errand.is_order and not job.answer.done()
