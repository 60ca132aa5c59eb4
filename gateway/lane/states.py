"""What a lane can be in. Each state carries exactly its own data; times are monotonic seconds."""

import math
from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway.lane.events import (
    Command,
)
from gateway.lane.types import (
    Boom,
    Ending,
    Inputs,
    Level,
    Now,
    Visit,
)
from gateway.lane.voting import Ballot


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds, and how many frames must agree. Comes from the lane's configuration."""

    arm_s: float = 0.3
    read_s: float = 2.0
    decide_s: float = 1.0
    case_s: float = 15.0
    travel_s: float = 3.0
    travel_margin_s: float = 2.0
    no_passage_s: float = 45.0
    clear_s: float = 1.0
    fresh_s: float = 0.2
    loiter_s: float = 120.0
    loop_stuck_s: float = 120.0
    agree_frames: int = 2
    agree_char: float = 0.8

    @property
    def motion_s(self) -> float:
        return self.travel_s + self.travel_margin_s


@dataclass(frozen=True, slots=True)
class Sensors:
    """The last inputs, and since when each loop has said so without a break."""

    inputs: Inputs = field(default_factory=Inputs)
    read_at: float = -math.inf
    arming_since: float = math.inf
    closing_since: float = math.inf

    def seen(self, inputs: Inputs, read_at: float, timing: Timing) -> "Sensors":
        broken = read_at - self.read_at > timing.fresh_s
        arming_same = not broken and inputs.arming_loop is self.inputs.arming_loop
        closing_same = not broken and inputs.closing_loop is self.inputs.closing_loop
        return Sensors(
            inputs,
            read_at,
            self.arming_since if arming_same else read_at,
            self.closing_since if closing_same else read_at,
        )

    @property
    def boom(self) -> Boom:
        return self.inputs.boom

    @property
    def under_boom(self) -> Level:
        return self.inputs.closing_loop

    def under_boom_now(self, now: Now, timing: Timing) -> Level:
        """What was read of late; an answer that is missing for two of its lifetimes is unknown."""
        stale = now.mono - self.read_at > 2 * timing.fresh_s
        return Level.UNKNOWN if stale else self.under_boom

    def may_close(self, now: Now, timing: Timing) -> bool:
        """Absence under the boom is fresh and unbroken. Unknown is presence."""
        return (
            self.under_boom is Level.OFF
            and now.mono - self.read_at <= timing.fresh_s
            and now.mono - self.closing_since >= timing.clear_s
        )

    def arrived(self, timing: Timing) -> bool:
        return self._arming_for(Level.ON) >= timing.arm_s

    def gone(self, timing: Timing) -> bool:
        return self._arming_for(Level.OFF) >= timing.clear_s

    def _arming_for(self, level: Level) -> float:
        """Seconds, by the inputs' own time: what waited in a queue makes nothing longer."""
        same = self.inputs.arming_loop is level
        return self.read_at - self.arming_since if same else -math.inf


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
    visit: Visit
    until: float
    ballot: Ballot = field(default_factory=Ballot)


@dataclass(frozen=True, slots=True)
class Deciding:
    visit: Visit
    until: float
    ballot: Ballot


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
    """

    visit: Visit
    until: float
    tries_left: int = 1
    confirmed: bool = True


@dataclass(frozen=True, slots=True)
class Open:
    """`unproved`: how the visit ends if no vehicle reaches the closing loop."""

    visit: Visit
    until: float
    unproved: Ending = Ending.TURNED_BACK


@dataclass(frozen=True, slots=True)
class Passing:
    """`reopen_at`: from then on a boom that is not up is told so again."""

    visit: Visit
    until: float
    reopen_at: float


@dataclass(frozen=True, slots=True)
class Clearing:
    visit: Visit
    left_at: datetime


@dataclass(frozen=True, slots=True)
class Cleared:
    """The visit is recorded; the boom comes down at the next fresh look that finds nobody."""


@dataclass(frozen=True, slots=True)
class Closing:
    until: float


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
    | Opening | Open | Passing | Clearing | Cleared | Closing | Raised | Fault
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lane:
    state: State = field(default_factory=Starting)
    sensors: Sensors = field(default_factory=Sensors)

    def to(self, state: State) -> "Lane":
        return replace(self, state=state)

    @property
    def visit(self) -> Visit | None:
        return getattr(self.state, "visit", None)


Step = tuple[Lane, tuple[Command, ...]]


def at_rest(lane: Lane, now: Now, timing: Timing) -> Lane:
    """The lane with nobody in it: idle, or raised where the boom is known not to be down."""
    if lane.sensors.boom in (Boom.UP, Boom.BETWEEN):
        return lane.to(Raised(now.mono + timing.no_passage_s))
    return lane.to(Idle())
