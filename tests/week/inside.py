"""What happens while a vehicle is parked: somebody pays, grants, charges, corrects."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from gateway.store.records import utc_text
from tests.week.people import Kind, Mishap, Pays
from tests.week.site import loop_time
from tests.week.truth import Charged, Credited, Stay, now, wall_of, week_s
from tests.week.world import World, until

Doing = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Parked:
    """One stay, up to `leave_s` of the week."""

    world: World
    stay: Stay
    leave_s: float

    def doings(self) -> list[tuple[float, Doing]]:
        """What is done during the stay, and when, in seconds of the week."""
        stay, leave_s, came_s = self.stay, self.leave_s, week_s()
        dice, trip = stay.car.dice, stay.trip
        found: list[tuple[float, Doing]] = []
        if trip.pays in (Pays.EARLY, Pays.LATE) and trip.stay_s > 5400:
            within = (180, 600) if trip.pays is Pays.EARLY else (1300, 4000)
            found.append((leave_s - dice.uniform(*within), self._prepays))
        if trip.mishap is Mishap.MISREAD_IN and dice.random() < 0.6:
            found.append((came_s + dice.uniform(600, 7200), self._is_corrected))
        if stay.car.kind is Kind.CREDITED and trip.stay_s > 1800:
            at_s = dice.uniform(came_s + 60, leave_s - 300)
            found.append((at_s, self._grants))
        if stay.car.kind is Kind.ENERGY and trip.stay_s > 3000:
            found += self._charging(came_s)
        return sorted([one for one in found if one[0] < leave_s], key=lambda one: one[0])

    async def _is_corrected(self) -> None:
        self.world.corrects(self.stay)

    async def _prepays(self) -> None:
        """By the payment server's own reckoning, which knows only when the vehicle came."""
        stay, crossing = self.stay, self.stay.entry
        if crossing is None or stay.shown != stay.car.plate or stay.car.account:
            return
        seconds = int(loop_time() - crossing.off_s)
        fee_fen = self.world.prices.fen(stay.car.vehicle, seconds)
        if not fee_fen:
            return
        near = {self.world.prices.fen(stay.car.vehicle, seconds + s) for s in (-3, 3)}
        stay.prepaid_s = loop_time() if near == {fee_fen} else None
        by_plate = stay.car.dice.random() < 0.5
        whose = {"plate": stay.car.plate} if by_plate else {"session_id": stay.session_id}
        stay.prepaid_by = self.world.cloud.paid(stay.session_id, fee_fen, "alipay", whose)

    async def _grants(self) -> None:
        """A shop gives a credit, and sometimes takes it back."""
        stay, leave_s = self.stay, self.leave_s
        if stay.shown != stay.car.plate:
            return
        dice = stay.car.dice
        kind, figure = dice.choice([("minutes", 60), ("amount", 500), ("percent", 50), ("all", 0)])
        credit = Credited("", kind, figure)
        whose = {"session_id": stay.session_id}
        if dice.random() < 0.5:
            ends = now() + timedelta(seconds=leave_s - week_s() + 1800)
            whose = {"plate": stay.car.plate, "valid_until": utc_text(ends)}

        def heard() -> None:
            credit.delivered_s = loop_time()
            if dice.random() < 0.4:
                self.world.cloud.tell("revoke", revoked, credit_id=credit.credit_id)

        def revoked() -> None:
            credit.revoked_s = loop_time()

        more = {} if kind == "all" else {"figure": figure}
        credit.credit_id = self.world.cloud.tell(
            "credit", heard, kind=kind, reason="bought something", **more, **whose
        )
        stay.credits.append(credit)

    def _charging(self, came_s: float) -> list[tuple[float, Doing]]:
        """Told when it is over: before the exit, and sometimes long after it."""
        stay, dice = self.stay, self.stay.car.dice
        began_s = came_s + dice.uniform(120, 600)
        ended_s = began_s + min(dice.uniform(1200, 9000), self.leave_s - came_s - 900)
        charge = Charged(
            f"pile-{stay.car.number}-{int(came_s)}", wall_of(began_s), wall_of(ended_s)
        )
        stay.charged.append(charge)
        if dice.random() < 0.4:
            stay.credits.append(Credited("", "amount", 300))
        self.world.truth.counts["charging orders"] += 1
        if dice.random() < 0.2:
            late_s = self.leave_s + dice.uniform(0, 4000)
            self.world.cloud.start(self._charge_later(charge, late_s))
            return []
        return [(ended_s + dice.uniform(1, 200), lambda: self._tells(charge))]

    async def _charge_later(self, charge: Charged, at_s: float) -> None:
        await until(at_s)
        await self._tells(charge)

    async def _tells(self, charge: Charged) -> None:
        """The pile tells it once more under another id: it counts once all the same."""
        credit = self.stay.credits[-1] if self.stay.credits else None
        words: dict[str, object] = {"kind": "amount", "figure": credit.figure} if credit else {}
        words |= {"began": utc_text(charge.began), "ended": utc_text(charge.ended)}
        words |= {"order": charge.order, "plate": self.stay.car.plate, "wh": 20_000}

        def heard() -> None:
            charge.delivered_s = loop_time()
            if credit is not None:
                credit.delivered_s = loop_time()
            if self.stay.car.number % 3 == 0:
                self.world.cloud.tell("charge", **words)

        told_id = self.world.cloud.tell("charge", heard, **words)
        if credit is not None:
            credit.credit_id = told_id
