"""What a lane is told, and what it answers: the two sides of `step`."""

from dataclasses import dataclass
from datetime import datetime

from gateway.lane.reports import AlarmCode, Case, Mode, ModeKind, Raise
from gateway.lane.types import Decision, Inputs, Pass, PlateReading, Terms, Visit

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
    """The rules' answer about this plate or code; one about an earlier one is void."""

    pass_id: str
    plate: str
    decision: Decision
    terms: Terms | None = None


@dataclass(frozen=True, slots=True)
class JudgeAgain:
    """Something that the rules go by has changed for the vehicle of this visit: it has paid."""

    pass_id: str


@dataclass(frozen=True, slots=True)
class BarrierFailed:
    """The board did not confirm an order; `reason` is a sentence for the technician."""

    reason: str


@dataclass(frozen=True, slots=True)
class StoreFailed:
    """`mode`: what could not be stored is a mode, else a decision."""

    reason: str
    mode: bool = False


@dataclass(frozen=True, slots=True)
class Resumed:
    """Sent once, before anything else, where a visit was let in and not recorded as ended."""

    visit: Visit


@dataclass(frozen=True, slots=True)
class CodeSeen:
    """What a scanner read: at most 512 characters, checked by nobody yet."""

    code: str


@dataclass(frozen=True, slots=True)
class AgentOpens:
    """A person far away lets in the vehicle of this visit, and no other. `by`: who."""

    order_id: str
    pass_id: str
    by: str


@dataclass(frozen=True, slots=True)
class ModeOrdered:
    """HOLD_OPEN for `hold_s` seconds, LOCK_DOWN, or AUTOMATIC to end either. `by`: who."""

    order_id: str
    kind: ModeKind
    by: str
    reason: str
    hold_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ModeRestored:
    """Sent once after a start: the mode that was in force, with what is left of its time."""

    mode: Mode
    left_s: float = 0.0


@dataclass(frozen=True, slots=True)
class FireSeen:
    """Another lane of this box reads the fire contact; `reset`: it was reset there."""

    reset: bool = False


@dataclass(frozen=True, slots=True)
class PhotoTaken:
    """The picture that `TakePhoto` asked for; `evidence` is the SHA-256 of its JPEG bytes."""

    subject: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something about the lane's devices that belongs into its records."""

    code: AlarmCode
    detail: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Nothing happened, but time went by."""


LaneEvent = (
    InputsSeen | PlateSeen | CodeSeen | Decided | JudgeAgain | AgentOpens | ModeOrdered
    | ModeRestored | FireSeen | PhotoTaken | BarrierFailed | StoreFailed | Resumed | Noticed | Tick
)  # fmt: skip


# --- commands: what to do ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Decide:
    """Ask the rules about a plate, or a code; the answer comes back as `Decided`."""

    pass_id: str
    reading: PlateReading | None
    code: str = ""


@dataclass(frozen=True, slots=True)
class StoreDecision:
    """Make the decision durable; nothing after it in the same step happens if that fails."""

    visit: Visit
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class StorePass:
    record: Pass


@dataclass(frozen=True, slots=True)
class StoreRaise:
    risen: Raise


@dataclass(frozen=True, slots=True)
class StoreMode:
    """Make the mode durable; nothing after it in the same step happens if that fails."""

    mode: Mode


@dataclass(frozen=True, slots=True)
class OpenCase:
    case: Case


@dataclass(frozen=True, slots=True)
class CloseCase:
    """`outcome` says how it ended: by whom, or that the vehicle left."""

    case_id: str
    outcome: str


@dataclass(frozen=True, slots=True)
class TakePhoto:
    """Of the lane as it is now. `subject`: the raise, case or pass that it belongs to."""

    subject: str


@dataclass(frozen=True, slots=True)
class StorePhoto:
    subject: str
    evidence: str


@dataclass(frozen=True, slots=True)
class SpreadFire:
    """Tell every other lane of the box; `reset`: that it is over."""

    reset: bool = False


@dataclass(frozen=True, slots=True)
class AnswerOrder:
    """What became of an agent's order: `done`, or a sentence that says why not."""

    order_id: str
    answer: str


@dataclass(frozen=True, slots=True)
class Reshoot:
    """Look anew: what was read of this vehicle is in doubt."""


@dataclass(frozen=True, slots=True)
class OpenBarrier:
    """For a visit, or, with an empty `pass_id`, for the mode that was stored."""

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
    Decide | StoreDecision | StorePass | StoreRaise | StoreMode | OpenCase | CloseCase | TakePhoto
    | StorePhoto | SpreadFire | AnswerOrder | Reshoot | OpenBarrier | ReopenBarrier | CloseBarrier
    | RaiseAlarm
)  # fmt: skip
