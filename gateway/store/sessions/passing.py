"""What a proved pass makes of the sessions, in one transaction with it."""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from gateway.lane.types import Direction, Ending, Pass, Terms
from gateway.rules.sessions import Proved, Session, Vehicle, entered, left
from gateway.store import passes
from gateway.store.keeping import BoxAlarm
from gateway.store.records import Row
from gateway.store.sessions import billing, book, money
from gateway.store.sessions.rows import NEW, session_row
from gateway.store.sessions.words import Place

UNTOLD_CLASS = "car"


class _Proof(NamedTuple):
    """A vehicle that went through; `terms` are empty where nobody judged it."""

    record: Pass
    lane: str
    place: Place
    proved: Proved
    terms: Terms


def end(
    db: sqlite3.Connection, lane: str, direction: Direction, record: Pass, place: Place | None
) -> bool:
    """As `passes.end`; `place` is None where the box has no car park to keep."""
    if not passes.end(db, lane, direction, record):
        return False
    if place is None:
        return True
    if record.ending is not Ending.PASSED:
        _tell_waiting(db, record)
    elif direction == Direction.ENTRY:
        _enter(db, _proof(record, lane, place))
    else:
        _leave(db, _proof(record, lane, place))
    return True


def _proof(record: Pass, lane: str, place: Place) -> _Proof:
    visit, terms = record.visit, record.visit.terms or Terms()
    kind = terms.vehicle or UNTOLD_CLASS
    reading = visit.reading
    vehicle = Vehicle("", "", "", kind)
    if reading is not None:
        vehicle = Vehicle(reading.text, str(reading.type), str(reading.colour), kind)
    proved = Proved(
        visit.pass_id, vehicle, place.area, record.ended_at, terms.right_id, place.within
    )
    return _Proof(record, lane, place, proved, terms)


# --- in ----------------------------------------------------------------------------------


def _enter(db: sqlite3.Connection, proof: _Proof) -> None:
    known = _who_comes(db, proof)
    before = {session.session_id for session in known}
    for session in entered(known, proof.proved):
        if session.closing is not None:
            _supersede(db, session)
        else:
            phase = book.CHANGED if session.session_id in before else book.OPENED
            book.put(db, session, phase)


def _who_comes(db: sqlite3.Connection, proof: _Proof) -> Sequence[Session]:
    """Into an inner area, a vehicle without a plate goes on with the longest stay around it."""
    within, plate = proof.place.within, proof.proved.vehicle.plate
    shown = book.inside(db, proof.terms.session_id)
    if within and shown is not None and shown.area == within:
        return (shown,)
    if plate or not within:
        return book.inside_of(db, plate)
    found = book.nameless(db, "innermost", within)
    return () if found is None else (found,)


def _supersede(db: sqlite3.Connection, session: Session) -> None:
    at = book.end_of(session)
    figures = billing.charged_as_paid(db, _columns(db, session), at)
    book.put(db, session, book.CLOSED, figures | {"closed_at": at})


def _columns(db: sqlite3.Connection, session: Session) -> Row:
    known = book.row_by_id(db, session.session_id) or NEW
    return known | session_row(session)


# --- out ---------------------------------------------------------------------------------


def _leave(db: sqlite3.Connection, proof: _Proof) -> None:
    known = _who_leaves(db, proof)
    ended = left(known, proof.proved)
    if not ended:
        return
    first, *others = ended
    for session in others:
        _supersede(db, session)
    if first.closing is None:
        book.put(db, first, book.CHANGED)
        return
    if not known:
        _claim(db, first)
    applies = first.session_id == proof.terms.session_id
    if proof.terms.session_id and not applies:
        _tell_change(db, proof, first)
    bill = billing.bill_of(proof.record, proof.lane, proof.place, applies=applies)
    at = book.end_of(first)
    figures = billing.charge(db, _columns(db, first), bill, at)
    book.put(db, first, book.CLOSED, figures | {"closed_at": at})


def _who_leaves(db: sqlite3.Connection, proof: _Proof) -> Sequence[Session]:
    """Whoever showed a ticket leaves by it; else the plate counts.

    Without a plate it is the longest inside that has none, in this area.
    """
    plate = proof.proved.vehicle.plate
    shown = book.inside(db, proof.terms.session_id)
    if shown is not None and (not plate or shown.vehicle.plate != plate):
        return (shown,)
    if plate:
        return book.inside_of(db, plate)
    area = proof.place.area
    found = book.nameless(db, "innermost", area)
    if found is None and not proof.place.within:
        found = book.nameless(db, "area", area)
    return () if found is None else (found,)


def _claim(db: sqlite3.Connection, unseen: Session) -> None:
    """What was paid at the lane, before this session was there to be paid for."""
    plate = unseen.vehicle.plate
    money.move(db, money.waiting(db, unseen.session_id, plate), unseen.session_id, plate)


def _tell_change(db: sqlite3.Connection, proof: _Proof, ended: Session) -> None:
    detail = (
        f"pass {proof.proved.pass_id} was let out for session {proof.terms.session_id} and ended"
        f" session {ended.session_id}, which was not charged: look at both"
    )
    at = proof.record.ended_at
    passes.alarm(db, proof.lane, str(BoxAlarm.SESSION_CHANGED), detail, at)


def _tell_waiting(db: sqlite3.Connection, record: Pass) -> None:
    """It paid for a stay that nobody saw begin, and did not leave: that counts when it does."""
    pass_id = record.visit.pass_id
    for row in money.waiting(db, pass_id, ""):
        detail = (
            f"{row['amount_fen']} fen were paid for pass {pass_id}, which did not go through;"
            " they count when the vehicle leaves, or give them back"
        )
        passes.alarm(db, None, str(BoxAlarm.MONEY_UNPLACED), detail, record.ended_at)
