"""What really happened: who went in and out when, and who paid what. The gateway is never asked."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gateway.lane.types import Direction, Pass, PlateColour
from gateway.rules.clock import SHANGHAI
from tests.storyteller.virtual_time import START_S
from tests.week.people import Car, Trip
from tests.week.site import loop_time

MONDAY = datetime(2026, 3, 2, tzinfo=SHANGHAI)


def wall(at_s: float) -> datetime:
    """The time of day at so many seconds of the loop."""
    return MONDAY + timedelta(seconds=at_s - START_S)


def wall_of(at_s: float) -> datetime:
    """The time of day at so many seconds of the week."""
    return MONDAY + timedelta(seconds=at_s)


def now() -> datetime:
    return wall(loop_time())


def week_s() -> float:
    """Seconds since the week began."""
    return loop_time() - START_S


@dataclass(slots=True)
class Crossing:
    """A vehicle that goes under a boom. `record`: what the lane told of it, if it did.

    `clouded`: the gateway was killed meanwhile.
    """

    gate: str
    direction: Direction
    plate: str
    arrived_s: float
    let_in_s: float = 0.0
    under_s: float = 0.0
    off_s: float = 0.0
    record: Pass | None = None
    clouded: bool = False
    told: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Cash:
    """Money that a driver gave for a session; `plate` where only that was named."""

    session_id: str
    amount_fen: int
    by: str
    plate: str = ""


@dataclass(slots=True)
class Credited:
    credit_id: str
    kind: str
    figure: int
    delivered_s: float = float("inf")
    revoked_s: float = float("inf")


@dataclass(slots=True)
class Charged:
    order: str
    began: datetime
    ended: datetime
    delivered_s: float = float("inf")


@dataclass(slots=True)
class Stay:
    """`shown`: the plate under which the box has it, "" for none, None where it was not seen.

    `shown_class` is what that plate's colour says. `doubts`: why its fee is not looked at to the
    fen. `prepaid_s`: when all that was due was paid, by the order `prepaid_by`.
    """

    car: Car
    trip: Trip
    shown: str | None = None
    shown_class: str = "car"
    session_id: str = ""
    entry: Crossing | None = None
    exit: Crossing | None = None
    in_s: float | None = None
    out_s: float | None = None
    credits: list[Credited] = field(default_factory=list)
    charged: list[Charged] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    prepaid_s: float | None = None
    prepaid_by: str = ""

    @property
    def inside(self) -> bool:
        return self.in_s is not None and self.out_s is None


@dataclass(frozen=True, slots=True)
class Ghost:
    """A session that is still open though its vehicle is gone; `why` nobody saw it leave."""

    session_id: str
    plate: str
    vehicle: str
    why: str


@dataclass(slots=True)
class Truth:
    """`cash` is what left the drivers' purses, `back` what came back, by the order's id.

    `present` are stays of which it is not over what the box sees. `began` and `heard` are seconds
    of the loop, by a session's id and by an order's; `told` are crossings that the box knows of,
    `pending` those that are under way, `kills` when the gateway was killed.
    """

    stays: list[Stay] = field(default_factory=list)
    present: list[Stay] = field(default_factory=list)
    ghosts: dict[str, Ghost] = field(default_factory=dict)
    cash: dict[str, Cash] = field(default_factory=dict)
    back: dict[str, Cash] = field(default_factory=dict)
    wrongs: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    pending: int = 0
    began: dict[str, float] = field(default_factory=dict)
    heard: dict[str, float] = field(default_factory=dict)
    told: list[Crossing] = field(default_factory=list)
    kills: list[float] = field(default_factory=list)

    def begins(self, car: Car, trip: Trip) -> Stay:
        stay = Stay(car, trip)
        self.stays.append(stay)
        self.present.append(stay)
        return stay

    def leaves(self, stay: Stay) -> None:
        self.present.remove(stay)

    def wrong(self, words: str) -> None:
        """Something that must never happen, seen at once."""
        self.wrongs.append(f"{now():%a %H:%M:%S}: {words}")

    def inside(self) -> list[Stay]:
        return [stay for stay in self.present if stay.inside]

    # --- what the box was shown

    def seen_in(self, stay: Stay, crossing: Crossing) -> None:
        """Who comes in under a plate that is inside already puts an end to that session."""
        assert crossing.record is not None
        visit = crossing.record.visit
        self.told.append(crossing)
        stay.session_id = visit.pass_id
        self.began[stay.session_id] = stay.in_s or 0.0
        stay.shown = visit.reading.text if visit.reading else ""
        if visit.reading is not None and visit.reading.colour is PlateColour.GREEN:
            stay.shown_class = "new_energy"
        if stay.shown:
            self._supersede(stay.shown, but=stay)

    def seen_out(self, stay: Stay, crossing: Crossing) -> None:
        """By its plate, by its ticket, or as one of those without a plate."""
        assert crossing.record is not None
        visit = crossing.record.visit
        self.told.append(crossing)
        read = visit.reading.text if visit.reading else ""
        by_ticket = visit.terms is not None and visit.terms.session_id == stay.session_id
        if not read and not by_ticket:
            self._out_without_plate(stay)
        elif stay.shown is None or not (by_ticket or read == stay.shown):
            self.counts["exits of nobody"] += 1
            self.left_unseen(stay, f"it left as {read}")
            self._supersede(read, but=stay)
        elif stay.shown:
            self._supersede(stay.shown, but=stay)

    def corrected(self, stay: Stay) -> None:
        """Whoever is inside under the right plate is the same vehicle: one session is left."""
        plate = stay.car.plate
        own = self.ghosts.get(stay.session_id)
        if own is not None:
            self.ghosts[own.session_id] = replace(own, plate=plate)
        if not stay.inside:
            return
        for ghost in [one for one in self.ghosts.values() if one.plate == plate]:
            del self.ghosts[ghost.session_id]
            stay.session_id = min(ghost.session_id, stay.session_id, key=self.began.__getitem__)
            stay.doubts.append("it was joined with a stay that had not been seen to end")
            self.counts["stays joined"] += 1
        stay.shown = plate

    def left_unseen(self, stay: Stay, why: str) -> None:
        if stay.shown is not None and stay.session_id:
            ghost = Ghost(stay.session_id, stay.shown, stay.shown_class, why)
            self.ghosts[stay.session_id] = ghost
            stay.doubts.append(why)

    def closed(self, session_id: str) -> None:
        self.ghosts.pop(session_id, None)

    def _out_without_plate(self, stay: Stay) -> None:
        """Nobody can tell them apart: the box ends the one that has been there longest."""
        mine = [stay] if stay.shown == "" else []
        others = [one for one in self.inside() if one.shown == ""]
        ghosts = [one for one in self.ghosts.values() if one.plate == ""]
        names = [one.session_id for one in (*mine, *others, *ghosts)]
        ended = min(names, key=self.began.__getitem__, default="")
        for one in (stay, *others):
            one.doubts.append("without a plate")
        for other in [one for one in others if one.session_id == ended]:
            if mine:
                other.session_id, stay.session_id = stay.session_id, ended
                return
            other.shown = None
        self.ghosts.pop(ended, None)
        if stay.session_id != ended:
            self.left_unseen(stay, "it left without a plate")

    def _supersede(self, plate: str, but: Stay) -> None:
        for ghost in [one for one in self.ghosts.values() if one.plate == plate]:
            if ghost.session_id != but.session_id or but.shown is None:
                del self.ghosts[ghost.session_id]
        for other in self.present:
            if other is not but and other.shown == plate:
                other.shown = None
                other.doubts.append("another vehicle came in or out under its plate")
