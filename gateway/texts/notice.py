"""What a lane has to tell a driver, in no language."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from gateway.lane.types import Reason


class NoticeKind(StrEnum):
    """Those of `RESTING` and `AT_THE_FEE` stay until another comes; the others end after a while.

    `AT_THE_FEE`: the driver has to pay before the boom opens.
    """

    IDLE_ENTRY = "idle_entry"
    IDLE_EXIT = "idle_exit"
    WAIT = "wait"
    PLATE_READ = "plate_read"
    WELCOME = "welcome"
    GOODBYE = "goodbye"
    DAYS_LEFT = "days_left"
    FEE_DUE = "fee_due"
    PAY_HERE = "pay_here"
    REFUSED = "refused"
    NO_PLATE = "no_plate"
    AGENT_CALLED = "agent_called"
    SECOND_CAR = "second_car"
    FIRE_ENTRY = "fire_entry"
    FIRE_EXIT = "fire_exit"
    HOLD_OPEN = "hold_open"
    ATTENDED = "attended"
    CLOSED = "closed"
    FAULT = "fault"


AT_THE_FEE = frozenset({NoticeKind.FEE_DUE, NoticeKind.PAY_HERE})

RESTING = frozenset(
    {
        NoticeKind.IDLE_ENTRY,
        NoticeKind.IDLE_EXIT,
        NoticeKind.FIRE_ENTRY,
        NoticeKind.FIRE_EXIT,
        NoticeKind.HOLD_OPEN,
        NoticeKind.ATTENDED,
        NoticeKind.CLOSED,
        NoticeKind.FAULT,
    }
)


@dataclass(frozen=True, slots=True)
class Notice:
    """What a driver is told.

    `reason` is why not, for REFUSED, and why so, for WELCOME and GOODBYE. `fee_fen` is in
    hundredths of a yuan. `code` is the text of a QR code that is shown beside the words.
    """

    kind: NoticeKind
    plate: str = ""
    reason: Reason | None = None
    days_left: int = 0
    fee_fen: int = 0
    code: str = ""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Lines from the top, the first two matter most; what is said, or nothing.

    Holes: `{plate}`, `{reason}`, `{outcome}`, `{days}`, `{money}`. A line that is empty then is
    left out.
    """

    lines: tuple[str, ...]
    spoken: str = ""


class Outcome(NamedTuple):
    """How a vehicle was let through, in a line, and as it is said where that differs."""

    shown: str
    spoken: str = ""
