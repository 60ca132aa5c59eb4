"""A boom on paper: it writes down what it is told, and moves as one of steel would."""

import asyncio
import math
from collections.abc import Callable

from gateway.lane.types import Level
from gateway.ports import DeviceError

WRITE_S = 0.02


class PaperBoom:
    """A barrier with its arm. `told` hears each order that reached the board.

    The arm takes `travel_s` from one end to the other. A limit reads what its override says,
    or else where the arm is.
    """

    def __init__(self, travel_s: float, told: Callable[[str], None]) -> None:
        self.travel_s = travel_s
        self.obeys = True
        self.hears = True
        self.confirms = True
        self.limits: dict[str, Level] = {}
        self._told = told
        self._from, self._toward, self._since = 0.0, 0.0, 0.0

    async def open(self) -> None:
        await self._order("open", 1.0)

    async def close(self, *, not_after: float = math.inf) -> None:
        if _now() > not_after:
            raise DeviceError("barrier: the order to close came too late; look at the line's load")
        await self._order("close", 0.0)

    async def _order(self, word: str, place: float) -> None:
        if self.hears:
            self._told(word)
            if self.obeys:
                self.move(place)
        await asyncio.sleep(WRITE_S)
        if not (self.hears and self.confirms):
            raise DeviceError("barrier: the board did not answer; look at its supply and its line")

    def move(self, place: float) -> None:
        """Set out for a place: 0 is down, 1 is up."""
        self._from, self._toward, self._since = self.place, place, _now()

    def put(self, place: float) -> None:
        self._from = self._toward = place

    @property
    def place(self) -> float:
        gone = (_now() - self._since) / self.travel_s
        way = self._toward - self._from
        return self._toward if gone >= abs(way) else self._from + math.copysign(gone, way)

    @property
    def stands(self) -> str:
        return {0.0: "down", 1.0: "up"}.get(self.place, "between")

    def limit(self, name: str) -> Level:
        """Of `up_limit` and `down_limit`."""
        there = Level.ON if name == f"{self.stands}_limit" else Level.OFF
        return self.limits.get(name, there)


def _now() -> float:
    return asyncio.get_running_loop().time()
