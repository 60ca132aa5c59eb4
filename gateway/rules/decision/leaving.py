"""Whether a vehicle may leave, and what it pays.

In this order: an entry record?, block list, allow list, vehicles that never pay, a right that
covers the stay, paid within the grace, credits, a fee of nothing; then the fee is due: taken
without asking, owed where the cloud is away, or paid at the lane.
"""

from dataclasses import replace
from datetime import datetime

from gateway.lane.types import Reason, Terms
from gateway.rules.decision.bills import nothing_charged
from gateway.rules.decision.covering import Covering, covering
from gateway.rules.decision.facts import Arriving, Facts, Policy
from gateway.rules.decision.judgement import Judgement, Verdicts
from gateway.rules.decision.settling import exempt, settled
from gateway.rules.decision.unseen import without_entry
from gateway.rules.rights import Answer, Arrival, Judge, Why
from gateway.rules.sessions import Session, alike
from gateway.rules.tariff import Fee, NoTariffError, Stay, TariffSet, Visit, quote


def leaving(arriving: Arriving, facts: Facts, tariffs: TariffSet, policy: Policy) -> Judgement:
    """A way out into the area around this one costs nothing there.

    A session may be found by a ticket instead of the plate; where no plate was read, who it is
    stands in the session.
    """
    say, session = Verdicts(arriving, facts), facts.session
    if session is None:
        return without_entry(arriving, facts, policy)
    terms = Terms(session.session_id, vehicle=session.vehicle.vehicle)
    if policy.block & {arriving.vehicle.plate, session.vehicle.plate}:
        return say.no(Reason.BLOCK_LIST, terms)
    if _anothers(arriving, session):
        return say.no(Reason.NO_ENTRY, _not_his(arriving, session))
    if policy.within and session.area == policy.within:
        return say.yes(Reason.FREE, terms)
    vehicle = arriving.vehicle if arriving.vehicle.plate else session.vehicle
    if (reason := exempt(vehicle, policy)) is not None:
        fee = nothing_charged(session, arriving.at, facts) if facts.payments else None
        return say.yes(reason, terms, fee=fee)
    return _by_right_or_fee(arriving, session, facts, tariffs, policy)


def _anothers(arriving: Arriving, session: Session) -> bool:
    """Whoever shows the ticket of another plate does not leave on that one's fee."""
    read, known = arriving.vehicle.plate, session.vehicle.plate
    return bool(read and known) and read != known and not alike(read, known)


def _not_his(arriving: Arriving, session: Session) -> Terms:
    likely = (session.session_id,)
    return Terms(arriving.pass_id, vehicle=arriving.vehicle.vehicle, likely=likely)


def _by_right_or_fee(
    arriving: Arriving, session: Session, facts: Facts, tariffs: TariffSet, policy: Policy
) -> Judgement:
    say, covers = Verdicts(arriving, facts), covering(session, arriving.at, facts, policy.calendar)
    right_id = covers.right.right_id if covers.right else ""
    terms = Terms(session.session_id, vehicle=session.vehicle.vehicle, right_id=right_id)
    answer = _answer(covers, session, facts, policy)
    if covers.whole:
        fee = nothing_charged(session, arriving.at, facts)
        return say.yes(Reason.RIGHT, terms, answer=answer, fee=fee)
    try:
        fee = _fee(session, arriving.at, facts, tariffs, covers)
    except NoTariffError as error:
        return say.no(Reason.NO_TARIFF, replace(terms, why=str(error)), answer=answer)
    return settled(arriving, terms, fee, facts, policy, answer=answer)


def _answer(covers: Covering, session: Session, facts: Facts, policy: Policy) -> Answer | None:
    """The right that covers most; else why the nearest one covers nothing."""
    if covers.parts:
        return Answer(covers.parts[0][0], Why.COVERED)
    arrival = Arrival(covers.stay.end, session.area, session.vehicle.vehicle)
    nearest = Judge(policy.calendar, facts.uses).best(facts.rights, arrival)
    return nearest if nearest is not None and nearest.why is not Why.COVERED else None


def fee_of(session: Session, at: datetime, facts: Facts, tariffs: TariffSet, policy: Policy) -> Fee:
    """Raises `NoTariffError`."""
    covers = covering(session, at, facts, policy.calendar)
    if covers.whole:
        return nothing_charged(session, at, facts)
    return _fee(session, at, facts, tariffs, covers)


def _fee(session: Session, at: datetime, facts: Facts, tariffs: TariffSet, covers: Covering) -> Fee:
    """Of the ways in which rights may be counted, the one that leaves least to be paid."""
    assert session.entered_at is not None  # noqa: S101 -- who is inside has come in
    stay = Stay(
        area=session.area,
        vehicle=session.vehicle.vehicle,
        entered=session.entered_at,
        rights=covers.names,
        visits=tuple(Visit(one.area, one.entered_at, one.left_at) for one in session.inner),
        charging=facts.charging,
        quota_used=facts.quota_used,
    )
    ways = covers.ways(paid=bool(facts.payments))
    stays = [replace(stay, waived=waived) for waived in ways]
    fees = [quote(tariffs, one, at, facts.payments, facts.credits) for one in stays]
    return min(fees, key=lambda fee: (fee.due_fen, fee.total_fen))
