"""A vehicle leaves that nobody saw come."""

from dataclasses import replace

from gateway.lane.types import Reason, Terms
from gateway.rules.clock import local_s
from gateway.rules.decision.bills import flat
from gateway.rules.decision.facts import Arriving, Facts, NoEntry, Passback, Policy
from gateway.rules.decision.judgement import Judgement, Verdicts
from gateway.rules.decision.settling import exempt, settled
from gateway.rules.rights import Answer, Arrival, Judge, Why


def without_entry(arriving: Arriving, facts: Facts, policy: Policy) -> Judgement:
    """Never charged by guess: what it may be is for a person to look at."""
    say, terms = Verdicts(arriving, facts), _terms(arriving, facts)
    if arriving.vehicle.plate in policy.block:
        return say.no(Reason.BLOCK_LIST, terms)
    if policy.within:
        return say.yes(Reason.FREE, terms)
    if (reason := exempt(arriving.vehicle, policy)) is not None:
        return say.yes(reason, terms)
    answer = _nearest(arriving, facts, policy)
    if answer is not None and answer.why is Why.COVERED:
        return _by_right(say, terms, answer, policy)
    return _unknown(arriving, facts, policy, terms, answer)


def _terms(arriving: Arriving, facts: Facts) -> Terms:
    likely = tuple(one.session_id for one in facts.likely)
    return Terms(arriving.pass_id, vehicle=arriving.vehicle.vehicle, likely=likely)


def _nearest(arriving: Arriving, facts: Facts, policy: Policy) -> Answer | None:
    """A right with a plan has a fee, and a fee needs a beginning."""
    arrival = Arrival(local_s(arriving.at), policy.area, arriving.vehicle.vehicle)
    free = [right for right in facts.rights if not right.plan]
    return Judge(policy.calendar, facts.uses).best(free, arrival)


def _by_right(say: Verdicts, terms: Terms, answer: Answer, policy: Policy) -> Judgement:
    if policy.passback is Passback.HARD:
        return say.no(Reason.NO_ENTRY, terms, answer=answer)
    return say.yes(Reason.RIGHT, replace(terms, right_id=answer.right.right_id), answer=answer)


def _unknown(
    arriving: Arriving, facts: Facts, policy: Policy, terms: Terms, answer: Answer | None
) -> Judgement:
    say = Verdicts(arriving, facts)
    match policy.no_entry:
        case NoEntry.CASE:
            return say.no(Reason.NO_ENTRY, terms, answer=answer)
        case NoEntry.FREE:
            return say.yes(Reason.NO_ENTRY, terms, answer=answer)
        case NoEntry.FLAT:
            fee = flat(arriving, policy.no_entry_fen, facts)
            return settled(arriving, terms, fee, facts, policy, answer=answer)
