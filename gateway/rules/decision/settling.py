"""What becomes of a fee: nothing is due, or it is taken, owed or paid at the lane."""

from dataclasses import replace

from gateway.lane.types import Reason, Terms
from gateway.rules.decision.facts import Arriving, Deduction, Facts, Policy
from gateway.rules.decision.judgement import Ask, Judgement, Verdicts
from gateway.rules.rights import Answer
from gateway.rules.sessions import Vehicle
from gateway.rules.tariff import Fee


def exempt(vehicle: Vehicle, policy: Policy) -> Reason | None:
    """Why it never pays; None where it does."""
    if vehicle.plate in policy.allow:
        return Reason.ALLOW_LIST
    if vehicle.kind in policy.free_kinds:
        return Reason.FREE_VEHICLE
    return None


def settled(
    arriving: Arriving,
    terms: Terms,
    fee: Fee,
    facts: Facts,
    policy: Policy,
    *,
    answer: Answer | None = None,
) -> Judgement:
    say, terms = Verdicts(arriving, facts), replace(terms, due_fen=fee.due_fen)
    if fee.due_fen == 0:
        return say.yes(_nothing_due(fee, facts), terms, answer=answer, fee=fee)
    if facts.deduction is Deduction.ACCEPTED:
        return say.yes(Reason.DEDUCTED, terms, answer=answer, fee=fee)
    if _may_owe(fee.due_fen, facts, policy):
        return say.yes(Reason.OWING, terms, answer=answer, fee=fee)
    ask = Ask.DEDUCT if _may_deduct(fee.due_fen, facts) else None
    return say.no(Reason.PAY, terms, ask=ask, answer=answer, fee=fee)


def _nothing_due(fee: Fee, facts: Facts) -> Reason:
    if facts.deduction is Deduction.PAID:
        return Reason.DEDUCTED
    if fee.paid_fen > 0:
        return Reason.PAID
    return Reason.CREDIT if fee.discounted_fen > 0 else Reason.FREE


def _may_owe(due_fen: int, facts: Facts, policy: Policy) -> bool:
    """Only while the cloud is away, or does not answer: else there is a way to pay."""
    away = not facts.online or facts.deduction is Deduction.SILENT
    fits = due_fen <= policy.owe_fen and due_fen + facts.owed_fen <= policy.owe_all_fen
    return away and fits


def _may_deduct(due_fen: int, facts: Facts) -> bool:
    """Asked once; not where less is there, or all of it is locked."""
    funds = facts.funds
    if facts.deduction is not None or not facts.online or funds is None:
        return False
    return not funds.locked and funds.credit_fen >= due_fen
