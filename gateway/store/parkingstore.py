"""The store's side of the car park: what is known of a vehicle, and what is ordered about one."""

from datetime import datetime

from gateway.rules.decision.facts import Facts
from gateway.rules.rights import Right
from gateway.rules.sessions import Session, Vehicle
from gateway.store.records import utc_text
from gateway.store.sessions import book, facts, orders, overstays
from gateway.store.sessions.words import Changed, Count
from gateway.store.storefile import StoreFile
from gateway.sync.telling import Ordered


class ParkingStore(StoreFile):
    """Sessions begin and end with the passes of `Store.end`."""

    async def facts(
        self,
        vehicle: Vehicle,
        at: datetime,
        *,
        area: str,
        session_id: str = "",
        rights: tuple[Right, ...] = (),
        attest: str = "",
        places: int | None = None,
        leaving: bool = True,
    ) -> Facts:
        """What the box knows of a vehicle at a lane that leads to or from `area`.

        `session_id`: of a ticket, or the visit's own id; where it is a vehicle's that is inside,
        that one is meant. `attest`: the kind that must be attested; `places`: of the area;
        `leaving`: it may be somebody who came under another plate.
        """
        asked = facts.Asked(vehicle, at, area, session_id, rights, attest, places, leaving)
        return await self._do(facts.facts, asked)

    async def told(self, order: Ordered, now: datetime | None = None) -> Changed:
        """Carry out an order, once for all time by its id; `now` is the box's clock without it.

        An order that does not fit is told by an alarm, and its money is kept all the same.
        """
        return await self._write(orders.carry_out, order, None if now is None else utc_text(now))

    async def overstaying(self, before: datetime) -> tuple[Session, ...]:
        """Inside since before then, or by a right, and not told of by `overstayed` yet."""
        return await self._do(overstays.untold, before)

    async def overstayed(self, session_id: str, words: str, at: datetime) -> bool:
        """Raise an alarm about a stay; False where there was one about it."""
        return await self._write(overstays.tell, session_id, words, at)

    async def occupancy(self) -> tuple[Count, ...]:
        """How many vehicles of which class are where, counted anew."""
        return await self._do(book.occupancy)
