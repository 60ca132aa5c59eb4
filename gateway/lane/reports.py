"""What a lane tells besides its passes: rises of the boom, cases, who has the say, alarms."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.lane.types import Inputs, Visit


class Cause(StrEnum):
    """Why the boom went up. Raises balance: each has one cause, and UNEXPLAINED is one."""

    PASS = "pass"  # noqa: S105 -- no password
    MANUAL = "manual"
    HOLD = "hold"
    FIRE = "fire"
    SAFETY = "safety"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class Raise:
    """One rise of the boom, as the limits saw it; without limits, as it was ordered.

    `pass_id` is of the visit it was for, or empty; `reason` says more of the cause.
    """

    raise_id: str
    at: datetime
    cause: Cause
    reason: str
    pass_id: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A vehicle that stands and needs somebody: what a remote agent must know to help it.

    `why` is a sentence; `inputs` are those of this instant.
    """

    case_id: str
    opened_at: datetime
    why: str
    visit: Visit
    inputs: Inputs


class ModeKind(StrEnum):
    """Who has the say over the boom, the strongest first."""

    FIRE = "fire"
    MANUAL = "manual"
    HOLD_OPEN = "hold_open"
    LOCK_DOWN = "lock_down"
    AUTOMATIC = "automatic"


@dataclass(frozen=True, slots=True)
class Mode:
    """`ends_at`: only HOLD_OPEN ends by itself. `by` and `reason`: who wanted it, and why."""

    kind: ModeKind
    since: datetime
    by: str
    reason: str
    ends_at: datetime | None = None


class AlarmCode(StrEnum):
    NO_PLATE = "no_plate"
    WAITS = "vehicle_waits"
    DOUBTFUL_PLATE = "doubtful_plate"
    TAILGATE = "tailgate"
    FIRE = "fire"
    ARM_OFF = "arm_off"
    DUTY = "motor_duty"
    CLOCK_STEPPED = "clock_stepped"
    WRONG_WAY = "wrong_way"
    NOT_LET_IN = "went_through_without_leave"
    LOITERING = "loitering"
    UNEXPLAINED_RAISE = "unexplained_raise"
    LOOP_STUCK = "closing_loop_stuck"
    BOOM_FAULT = "boom_fault"
    PRESENCE = "presence_while_closing"
    STORE_FAILED = "store_failed"
    INPUTS_LOST = "inputs_lost"
    VISION_LOST = "vision_lost"
    VISION_DOUBTED = "vision_doubted"
    VISION_BACK = "vision_back"
    HISTORY_FORKED = "history_forked"
