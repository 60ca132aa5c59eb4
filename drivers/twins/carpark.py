"""What lies between the lanes of a simulated car park: cars that came in and leave later."""

import heapq
import itertools

from drivers.twins.cars import Arrival


class CarPark:
    """Cars by the time at which they want to leave; times in seconds of the simulation."""

    def __init__(self) -> None:
        self._inside: list[tuple[float, int, Arrival]] = []
        self._numbers = itertools.count()

    def __len__(self) -> int:
        return len(self._inside)

    def park(self, car: Arrival, leaves_s: float) -> None:
        heapq.heappush(self._inside, (leaves_s, next(self._numbers), car))

    def leaving(self, now_s: float) -> Arrival | None:
        """The first whose time has come; it is on its way to the exit then."""
        if not self._inside or self._inside[0][0] > now_s:
            return None
        return heapq.heappop(self._inside)[2]
