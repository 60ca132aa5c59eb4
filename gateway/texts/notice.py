"""What a lane has to tell a driver, in no language."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.lane.types import Reason


class NoticeKind(StrEnum):
    """Those of `RESTING` stay until another comes; the others end after a while."""

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
    """`reason` is why not, for REFUSED; `fee_fen` in hundredths of a yuan."""

    kind: NoticeKind
    plate: str = ""
    reason: Reason | None = None
    days_left: int = 0
    fee_fen: int = 0


@dataclass(frozen=True, slots=True)
class Phrase:
    """Lines from the top, the first two matter most; what is said, or nothing.

    Holes: `{plate}`, `{reason}`, `{days}`, `{money}`. A line that is empty then is left out.
    """

    lines: tuple[str, ...]
    spoken: str = ""
