"""What a lane can be in. Each state carries exactly its own data; times are monotonic seconds."""

import math
from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway.lane.authority import Authority
from gateway.lane.events import (
    Command,
)
from gateway.lane.reports import Cause, Mode
from gateway.lane.sensors import Sensors, Timing
from gateway.lane.types import Boom, Ending, Level, Now, PlateReading, Visit
from gateway.lane.voting import Ballot


@dataclass(frozen=True, slots=True)
class Starting:
    """Nothing was read yet, so nothing is known and nothing is moved."""


@dataclass(frozen=True, slots=True)
class Resuming:
    """As `Starting`, with a visit that was let in before the gateway stopped."""

    visit: Visit


@dataclass(frozen=True, slots=True)
class Idle:
    pass


@dataclass(frozen=True, slots=True)
class Armed:
    """Something is on the arming loop, not yet for long enough to be a vehicle."""


@dataclass(frozen=True, slots=True)
class Reading:
    """`shots`: how often it was looked anew because what was read is in doubt."""

    visit: Visit
    until: float
    ballot: Ballot = field(default_factory=Ballot)
    shots: int = 0


@dataclass(frozen=True, slots=True)
class Deciding:
    """`asked`: the plate or the code that the rules were asked about."""

    visit: Visit
    until: float
    ballot: Ballot
    asked: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A vehicle stands there and was not let in. `until`: when to tell somebody about it."""

    visit: Visit
    until: float
    ballot: Ballot


@dataclass(frozen=True, slots=True)
class Opening:
    """The boom was told to go up. `tries_left` orders may follow where it did not.

    `confirmed`: the board took the order; without limits, that is all there is to know.
    `blocked`: another vehicle stood under the boom before, so that its leaving proves nothing.
    """

    visit: Visit
    until: float
    tries_left: int = 1
    confirmed: bool = True
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class Open:
    """`unproved`: how the visit ends if no vehicle reaches the closing loop."""

    visit: Visit
    until: float
    unproved: Ending = Ending.TURNED_BACK
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class Follower:
    """The next vehicle, read while the one before it is under the boom. Not yet a visit."""

    visit: Visit | None = None
    ballot: Ballot = field(default_factory=Ballot)


@dataclass(frozen=True, slots=True)
class Passing:
    """`until`: when a loop that is still occupied is told of."""

    visit: Visit
    until: float
    next: Follower = field(default_factory=Follower)


@dataclass(frozen=True, slots=True)
class Clearing:
    visit: Visit
    left_at: datetime
    next: Follower = field(default_factory=Follower)


@dataclass(frozen=True, slots=True)
class Cleared:
    """The visit is recorded; the boom comes down at the next fresh look that finds nobody."""

    next: Follower = field(default_factory=Follower)


@dataclass(frozen=True, slots=True)
class Closing:
    until: float
    next: Follower = field(default_factory=Follower)


@dataclass(frozen=True, slots=True)
class WrongWay:
    """A vehicle is under the raised boom that did not come over the arming loop."""


@dataclass(frozen=True, slots=True)
class Raised:
    """The boom is up and no visit is under way; it is closed at `until` if the lane is clear."""

    until: float


@dataclass(frozen=True, slots=True)
class Fault:
    reason: str
    until: float


State = (
    Starting | Resuming | Idle | Armed | Reading | Deciding | Waiting
    | Opening | Open | Passing | Clearing | Cleared | Closing | WrongWay | Raised | Fault
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Order:
    """The last order to open, until a rise of the boom has used it up."""

    at: float
    cause: Cause
    reason: str
    pass_id: str = ""


@dataclass(frozen=True, slots=True)
class Watch:
    """What is known of the boom's movements; what was told already, and when it was so last.

    `down`: its last firm place was down; `off_rest_at`: since when it reads neither up nor down;
    `seen_at`: when it could be seen last; `strange`: it left its lower place and nobody knows why.
    """

    down: bool = False
    strange: bool = False
    off_rest_at: float = math.inf
    seen_at: float = -math.inf
    reopen_at: float = -math.inf
    closed_at: float = -math.inf
    order: Order | None = None
    motions: tuple[float, ...] = ()
    case: str = ""
    told: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Lane:
    """`recent`: plates that passed, and until when they are not counted again."""

    state: State = field(default_factory=Starting)
    sensors: Sensors = field(default_factory=Sensors)
    authority: Authority = field(default_factory=Authority)
    watch: Watch = field(default_factory=Watch)
    recent: tuple[tuple[str, float], ...] = ()

    def to(self, state: State, *, authority: Authority | None = None) -> "Lane":
        return replace(self, state=state, authority=authority or self.authority)

    @property
    def visit(self) -> Visit | None:
        return getattr(self.state, "visit", None)

    @property
    def mode(self) -> Mode:
        return self.authority.mode

    def counts(self, reading: PlateReading, now: Now) -> bool:
        """A plate that just passed may still be in the picture, or on the next car's tow bar."""
        return all(reading.text != text or now.mono >= until for text, until in self.recent)

    def may_close(self, now: Now, timing: Timing) -> bool:
        """Nobody is under the boom, nobody holds it up, and its motor has had its pause."""
        return self.would_close(now, timing) and not self.tired(timing)

    def would_close(self, now: Now, timing: Timing) -> bool:
        return (
            self.sensors.clear(now, timing, timing.clear_s)
            and not self.authority.withholds_close
            and self.sensors.inputs.arm_off is not Level.ON
        )

    def tired(self, timing: Timing) -> bool:
        """The motor had as many orders as it may have in a minute."""
        return len(self.watch.motions) >= timing.motions_per_min


Step = tuple[Lane, tuple[Command, ...]]


def looked_at(visit: Visit, ballot: Ballot) -> Visit:
    """The visit with what its pictures may say."""
    return replace(visit, candidates=ballot.top(), pictures=ballot.evidence())


def at_rest(lane: Lane, now: Now, timing: Timing) -> Lane:
    """The lane with nobody in it: idle, or raised where the boom is not down.

    Without limits, it is where the last order sent it.
    """
    sent_up = lane.sensors.boom is Boom.UNKNOWN and lane.watch.off_rest_at < math.inf
    if lane.sensors.boom in (Boom.UP, Boom.BETWEEN) or sent_up:
        return lane.to(Raised(now.mono + timing.no_passage_s))
    return lane.to(Idle())
