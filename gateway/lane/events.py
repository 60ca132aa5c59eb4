"""What a lane is told, and what it answers: the two sides of `step`."""

from dataclasses import dataclass
from datetime import datetime

from gateway.lane.types import AlarmCode, Decision, Inputs, Pass, PlateReading, Visit

# --- events: what happened ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InputsSeen:
    """`read_at`: monotonic seconds at which the question went out, so that age is never hidden."""

    inputs: Inputs
    read_at: float


@dataclass(frozen=True, slots=True)
class PlateSeen:
    reading: PlateReading


@dataclass(frozen=True, slots=True)
class Decided:
    """The rules' answer about this plate; one about an earlier reading of the visit is void."""

    pass_id: str
    plate: str
    decision: Decision


@dataclass(frozen=True, slots=True)
class BarrierFailed:
    """The board did not confirm an order; `reason` is a sentence for the technician."""

    reason: str


@dataclass(frozen=True, slots=True)
class StoreFailed:
    reason: str


@dataclass(frozen=True, slots=True)
class Resumed:
    """Sent once, before anything else, where a visit was let in and not recorded as ended."""

    visit: Visit


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something about the lane's devices that belongs into its records."""

    code: AlarmCode
    detail: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Nothing happened, but time went by."""


LaneEvent = (
    InputsSeen | PlateSeen | Decided | BarrierFailed | StoreFailed | Resumed | Noticed | Tick
)


# --- commands: what to do ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Decide:
    """Ask the rules; the answer comes back as `Decided`."""

    pass_id: str
    reading: PlateReading


@dataclass(frozen=True, slots=True)
class StoreDecision:
    """Make the decision durable; nothing after it in the same step happens if that fails."""

    visit: Visit
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class StorePass:
    record: Pass


@dataclass(frozen=True, slots=True)
class OpenBarrier:
    pass_id: str


@dataclass(frozen=True, slots=True)
class ReopenBarrier:
    """Presence while the boom comes down: goes out before its record is stored."""


@dataclass(frozen=True, slots=True)
class CloseBarrier:
    pass


@dataclass(frozen=True, slots=True)
class RaiseAlarm:
    code: AlarmCode
    detail: str


Command = (
    Decide | StoreDecision | StorePass | OpenBarrier | ReopenBarrier | CloseBarrier | RaiseAlarm
)
