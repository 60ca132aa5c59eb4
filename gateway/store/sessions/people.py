"""What people say of sessions: another plate, the same stay as another one, over.

The money goes with the stay. Must be called inside a transaction.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from gateway.rules.sessions import Closing, Session, Vehicle, corrected, merged
from gateway.store.records import Row, parse_utc, utc_text
from gateway.store.sessions import billing, book, discounts, money
from gateway.store.sessions.money import Kind, Sum
from gateway.store.sessions.rows import FIGURES, session_of
from gateway.sync.telling import Close, Correct, Merge

_BILL = ("bill", "quota_days", "settled_fen", "billed_at", *FIGURES)
_NO_BILL = {"bill": "", "quota_days": "[]", "settled_fen": 0, "billed_at": None}


@dataclass(frozen=True, slots=True)
class Said:
    """`detail`: why it was not done, empty where it was."""

    sessions: tuple[str, ...] = ()
    plates: tuple[str, ...] = ()
    detail: str = ""
    unknown: bool = False


def do(db: sqlite3.Connection, order: Correct | Merge | Close, now: str) -> Said:
    row = book.named(db, order.session_id)
    if row is None:
        return Said(detail=f"there is no session {order.session_id}", unknown=True)
    match order:
        case Correct():
            return _correct(db, order, row, now)
        case Merge():
            return _merge(db, order, row, now)
        case Close():
            return _close(db, order, row, now)


def _note(order: Correct | Merge | Close, what: str, was: str, now: str) -> dict[str, str | None]:
    return {"at": now, "what": what, "by": order.by, "reason": order.reason, "was": was or None}


def _correct(db: sqlite3.Connection, order: Correct, row: Row, now: str) -> Said:
    kind = str(order.plate_type), str(order.plate_colour)
    vehicle = Vehicle(order.plate, *kind, order.vehicle or row["vehicle"])
    note = _note(order, "corrected", row["plate"], now)
    session = session_of(row)
    found = corrected(session, vehicle, book.inside_of(db, order.plate))
    if len(found) == 1:
        book.put(db, found[0], book.CORRECTED, {"notes": book.with_note(row, note)})
        _hand_over(db, session.session_id, session.session_id, order.plate)
    else:
        _join(db, found[0], found[1], note, now)
    names = tuple(one.session_id for one in found)
    return Said((row["session_id"], *names), (row["plate"], order.plate))


def _merge(db: sqlite3.Connection, order: Merge, row: Row, now: str) -> Said:
    into = book.named(db, order.into)
    if into is None:
        return Said(detail=f"there is no session {order.into}", unknown=True)
    if into["session_id"] == row["session_id"]:
        return Said((row["session_id"],), (row["plate"],))
    if row["closing"] is not None and into["closing"] is not None:
        return Said(detail=f"sessions {row['session_id']} and {order.into} have both ended")
    found = _one_stay(session_of(row), session_of(into))
    if found is None:
        return Said(detail=f"session {row['session_id']} would end before it began")
    kept, gone = found
    _join(db, kept, gone, _note(order, "merged", row["plate"], now), now)
    return Said((kept.session_id, gone.session_id), (row["plate"], into["plate"]))


def _one_stay(one: Session, into: Session) -> tuple[Session, Session] | None:
    """(what is kept, what goes into it): it began with the earlier entry and ended with the exit.

    One that was only superseded goes on. None where it would end before it began. At most one of
    the two has ended.
    """
    kept, gone = merged(one, into, into.vehicle)
    if kept.entered_at is None:
        kept, gone = _swapped(kept, gone)
    ended = next((each for each in (one, into) if not each.inside), None)
    if ended is None:
        return kept, gone
    if ended.closing is Closing.SUPERSEDED:
        return replace(kept, left_at=None, closing=None), gone
    if ended.left_at is None or kept.entered_at is None or ended.left_at < kept.entered_at:
        return None
    inner = tuple(replace(each, left_at=each.left_at or ended.left_at) for each in kept.inner)
    kept = replace(
        kept,
        inner=inner,
        left_at=ended.left_at,
        exit_pass=ended.exit_pass,
        closing=ended.closing,
    )
    return kept, gone


def _swapped(kept: Session, gone: Session) -> tuple[Session, Session]:
    """A vehicle that nobody saw come goes into the stay of the one that was seen."""
    seen = replace(gone, vehicle=kept.vehicle, closing=None, linked="")
    unseen = replace(kept, left_at=None, closing=Closing.MERGED, linked=seen.session_id)
    return seen, unseen


def _join(
    db: sqlite3.Connection,
    kept: Session,
    gone: Session,
    note: Mapping[str, str | None],
    now: str,
) -> None:
    """Money, credits and a bill that was made go with the stay that is kept."""
    old, lost = (book.row_by_id(db, one.session_id) or {} for one in (kept, gone))
    none = _NO_BILL | dict.fromkeys(FIGURES, 0)
    bill = {name: (lost if lost["billed_at"] else old)[name] for name in _BILL}
    bill = none if kept.closing is None else bill
    early = _early(db, [row for row in (old, lost) if row["billed_at"] is None])
    closed_at = None if kept.closing is None else old["closed_at"] or now
    more = {"notes": book.with_note(old, note), "closed_at": closed_at}
    book.put(db, kept, book.CORRECTED, bill | more)
    book.put(db, gone, book.CLOSED, none | {"closed_at": lost["closed_at"] or now})
    _hand_over(db, gone.session_id, kept.session_id, kept.vehicle.plate)
    _hand_over(db, kept.session_id, kept.session_id, kept.vehicle.plate)
    if bill["billed_at"] is not None:
        _receive_again(db, kept.session_id, early)


def _hand_over(db: sqlite3.Connection, before: str, session_id: str, plate: str) -> None:
    money.move(db, money.of_session(db, before), session_id, plate)
    discounts.move(db, before, session_id, plate)


def _early(db: sqlite3.Connection, found: Iterable[Row]) -> list[str]:
    """What was paid and given back, and no bill has counted."""
    rows = (row for one in found for row in money.of_session(db, one["session_id"]))
    return [row["money_id"] for row in rows if not row["late"]]


def _receive_again(db: sqlite3.Connection, session_id: str, early: list[str]) -> None:
    """Of a stay that was charged meanwhile: the debt first, the rest is to be given back.

    It came in on the day on which it was booked, and on no other.
    """
    for row in money.of_session(db, session_id):
        if row["money_id"] in early and row["kind"] == Kind.REFUND:
            money.make_late(db, row)
        elif row["money_id"] in early:
            session = book.row_by_id(db, session_id) or {}
            kind, at = Kind(row["kind"]), parse_utc(row["at"])
            paid = Sum(row["money_id"], kind, row["amount_fen"], at, row["by"])
            money.receive_late(db, paid, session, row["booked_at"])


def _close(db: sqlite3.Connection, order: Close, row: Row, now: str) -> Said:
    session = session_of(row)
    if not session.inside:
        return Said(detail=f"session {session.session_id} has ended already")
    at = max(parse_utc(now), session.entered_at or parse_utc(now))
    inner = tuple(replace(one, left_at=one.left_at or at) for one in session.inner)
    over = replace(session, left_at=at, inner=inner, closing=Closing.BY_HAND)
    figures = billing.charged_as_paid(db, row, utc_text(at))
    note = {"notes": book.with_note(row, _note(order, "closed", "", now))}
    book.put(db, over, book.CLOSED, figures | note | {"closed_at": utc_text(at)})
    return Said((session.session_id,), (session.vehicle.plate,))
