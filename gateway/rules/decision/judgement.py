"""What comes of judging: a decision with its terms, or a question to the cloud before one."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.lane.types import DecidedBy, Decision, Reason, Terms, Verdict
from gateway.rules.decision.facts import Arriving, Attested, Deduction, Facts
from gateway.rules.rights import Answer
from gateway.rules.tariff import Fee


class Ask(StrEnum):
    """What only the cloud can say. Whoever judges asks it, adds the answer and judges again."""

    ATTEST = "attest"
    DEDUCT = "deduct"


@dataclass(frozen=True, slots=True)
class Judgement:
    """`ask`: a question whose answer may change the decision, None where it stands.

    `answer` is what the nearest right says, `fee` what the stay costs; None where there is none.
    On leaving, a right that is COVERED covers at least a part of the stay.
    """

    decision: Decision
    terms: Terms
    ask: Ask | None = None
    answer: Answer | None = None
    fee: Fee | None = None


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Says yes or no about one vehicle, with who decided it."""

    arriving: Arriving
    facts: Facts

    def yes(
        self, reason: Reason, terms: Terms, *, answer: Answer | None = None, fee: Fee | None = None
    ) -> Judgement:
        decision = Decision(Verdict.ALLOW, reason, self._by(reason))
        return Judgement(decision, terms, answer=answer, fee=fee)

    def no(
        self,
        reason: Reason,
        terms: Terms,
        *,
        ask: Ask | None = None,
        answer: Answer | None = None,
        fee: Fee | None = None,
    ) -> Judgement:
        decision = Decision(Verdict.DENY, reason, self._by(reason))
        return Judgement(decision, terms, ask, answer, fee)

    def _by(self, reason: Reason) -> DecidedBy:
        """A cloud that was asked in vain is as far away as one that cannot be asked."""
        facts = self.facts
        if reason is Reason.DEDUCTED:
            return DecidedBy.CLOUD
        silent = facts.attested is Attested.SILENT or facts.deduction is Deduction.SILENT
        if silent or not facts.online:
            return DecidedBy.EDGE_OFFLINE
        said = reason is Reason.NOT_ATTESTED and facts.attested is Attested.FAILS
        return DecidedBy.CLOUD if said else DecidedBy.EDGE
