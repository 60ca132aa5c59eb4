"""Who has the say over the boom: fire, the key switch or a hand, an order, or the rules."""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from gateway.lane.reports import Mode, ModeKind
from gateway.lane.types import Decision, Reason, Verdict

AUTOMATIC = Mode(ModeKind.AUTOMATIC, datetime.min.replace(tzinfo=UTC), "", "")
BY_KEY, BY_HAND, BY_LANE = "key", "hand", "lane"
_OPENS = {ModeKind.FIRE: Reason.FIRE, ModeKind.HOLD_OPEN: Reason.HOLD_OPEN}


@dataclass(frozen=True, slots=True)
class Authority:
    """`ordered` ends at `ends_at`; `open_again_at`: when a boom that is not up is told so again.

    `before` is what `ordered` was, until the order is known to be stored; `store_again_at` is for
    a mode that is in force all the same. Times are monotonic seconds.
    """

    ordered: Mode = AUTOMATIC
    ends_at: float = math.inf
    before: tuple[Mode, float] | None = None
    store_again_at: float = math.inf
    fire: Mode | None = None
    manual: Mode | None = None
    open_again_at: float = math.inf

    @property
    def mode(self) -> Mode:
        """The strongest that is in force."""
        return self.fire or self.manual or self.ordered

    @property
    def opens(self) -> bool:
        """The boom is to be up."""
        return self.mode.kind in _OPENS

    @property
    def withholds_close(self) -> bool:
        return self.opens or self.mode.kind is ModeKind.MANUAL

    def permitted(self, decision: Decision) -> Decision:
        """What becomes of a decision of the rules."""
        kind = self.mode.kind
        allowed = decision.verdict is Verdict.ALLOW
        if kind in _OPENS and not allowed:
            return Decision(Verdict.ALLOW, _OPENS[kind])
        if kind is ModeKind.LOCK_DOWN and allowed:
            return Decision(Verdict.DENY, Reason.LOCK_DOWN)
        return decision

    def passing_by(self) -> Decision | None:
        """Why a vehicle that nobody let in goes through; None where there is no good reason."""
        reason = _OPENS.get(self.mode.kind)
        if self.mode.kind is ModeKind.MANUAL:
            reason = Reason.MANUAL
        return Decision(Verdict.ALLOW, reason) if reason else None

    def ordering(self, mode: Mode, ends_at: float) -> "Authority":
        """A hand that holds the boom gives way to an order; key and fire do not."""
        by_hand = self.manual is not None and self.manual.by == BY_HAND
        return replace(
            self,
            ordered=mode,
            ends_at=ends_at,
            before=(self.ordered, self.ends_at),
            manual=None if by_hand else self.manual,
        )

    def not_stored(self, again_at: float) -> "Authority":
        """An order is not in force then; fire and the key switch are, and are stored later."""
        if self.before is None:
            return replace(self, store_again_at=again_at)
        ordered, ends_at = self.before
        return replace(self, ordered=ordered, ends_at=ends_at, before=None)
