"""Whether a vehicle may come in.

In this order: block list, allow list, vehicles that never pay, already inside?, attested?, a
right that covers, debts, room, and last whether vehicles without a right may come at all.
"""

from dataclasses import replace

from gateway.lane.types import Reason, Terms, Verdict
from gateway.rules.clock import local_s
from gateway.rules.decision.facts import Arriving, Attested, Facts, Passback, Policy
from gateway.rules.decision.judgement import Ask, Judgement, Verdicts
from gateway.rules.decision.settling import exempt
from gateway.rules.rights import Answer, Arrival, Judge, Right, Why


def entering(arriving: Arriving, facts: Facts, policy: Policy) -> Judgement:
    """Of two sessions under one plate, the one that is open is linked, never ended here."""
    say, terms = Verdicts(arriving, facts), _terms(arriving, facts, policy)
    plate, inside = arriving.vehicle.plate, terms.linked != ""
    if plate in policy.block:
        return say.no(Reason.BLOCK_LIST, terms)
    if (reason := exempt(arriving.vehicle, policy)) is not None:
        return say.yes(reason, terms)
    if inside and policy.passback is Passback.HARD:
        return say.no(Reason.ALREADY_INSIDE, terms)
    unattested = _unattested(say, facts, policy, terms)
    return unattested or _by_right_or_without(say, arriving, facts, policy, terms)


def _terms(arriving: Arriving, facts: Facts, policy: Policy) -> Terms:
    """Whoever goes further in goes on with its session, even where it was not seen to come out."""
    session = facts.session
    vehicle = arriving.vehicle.vehicle
    if session is None:
        return Terms(session_id=arriving.pass_id, vehicle=vehicle)
    session_id = session.session_id
    if policy.within and session.area == policy.within:
        linked = session_id if session.innermost == policy.area else ""
        return Terms(session_id, linked, vehicle)
    return Terms(arriving.pass_id, session_id, vehicle)


def _unattested(say: Verdicts, facts: Facts, policy: Policy, terms: Terms) -> Judgement | None:
    if not policy.attest or facts.attested is Attested.PASSES:
        return None
    if facts.attested is Attested.UNKNOWN and facts.online:
        return say.no(Reason.NOT_ATTESTED, terms, ask=Ask.ATTEST)
    refused = facts.attested is Attested.FAILS or policy.attest_fails is Verdict.DENY
    return say.no(Reason.NOT_ATTESTED, terms) if refused else None


def _by_right_or_without(
    say: Verdicts, arriving: Arriving, facts: Facts, policy: Policy, terms: Terms
) -> Judgement:
    answer = _best(arriving, facts, policy, terms)
    if answer is not None and answer.why is Why.COVERED:
        terms = _with_right(terms, answer)
        return say.yes(Reason.RIGHT, terms, answer=answer)
    if policy.debtors is Verdict.DENY and facts.owed_fen > 0:
        return say.no(Reason.OWES, terms, answer=answer)
    if policy.temporary is Verdict.DENY:
        return say.no(Reason.UNKNOWN_PLATE, terms, answer=answer)
    if facts.places_left is not None and facts.places_left <= 0:
        return say.no(Reason.FULL, terms, answer=answer)
    return say.yes(Reason.TEMPORARY, terms, answer=answer)


def _best(arriving: Arriving, facts: Facts, policy: Policy, terms: Terms) -> Answer | None:
    arrival = Arrival(local_s(arriving.at), policy.area, arriving.vehicle.vehicle)
    rights = [_with_what_it_has(right, facts, terms) for right in facts.rights]
    return Judge(policy.calendar, facts.uses).best(rights, arrival)


def _with_what_it_has(right: Right, facts: Facts, terms: Terms) -> Right:
    """Further in, a vehicle does not stand in its own way: it has its space, its entry is one."""
    session = facts.session
    if session is None or terms.session_id != session.session_id:
        return right
    if right.right_id in facts.since:
        right = replace(right, spaces=None)
    if right.right_id == session.right_id:
        right = replace(right, uses=None, no_show_s=0)
    return right


def _with_right(terms: Terms, answer: Answer) -> Terms:
    return replace(terms, right_id=answer.right.right_id, days_left=answer.days_left)
