"""What is known of a vehicle that stands at a lane: a few questions to indexes, nothing written."""

import json
import sqlite3
from dataclasses import dataclass
from datetime import date, datetime, time

from gateway.rules.clock import SHANGHAI
from gateway.rules.decision.facts import Attested, Facts, Funds
from gateway.rules.rights import Right
from gateway.rules.sessions import Session, Vehicle, likely, neighbours
from gateway.rules.tariff import Payment
from gateway.store.records import utc_text
from gateway.store.sessions import book, discounts, money, sharing


@dataclass(frozen=True, slots=True)
class Asked:
    """`session_id`: of a ticket that the driver shows, or the id of the visit itself.

    `attest` is the kind that must be attested; `places` is None where nobody counts. Only who is
    `leaving` may be somebody who came under another plate.
    """

    vehicle: Vehicle
    at: datetime
    area: str
    session_id: str = ""
    rights: tuple[Right, ...] = ()
    attest: str = ""
    places: int | None = None
    leaving: bool = True


def facts(db: sqlite3.Connection, asked: Asked) -> Facts:
    shown = book.inside(db, asked.session_id)
    plate = shown.vehicle.plate if shown else asked.vehicle.plate
    inside = (shown,) if shown else book.inside_of(db, plate)
    session = inside[-1] if inside else None
    session_id = session.session_id if session else ""
    return Facts(
        inside=inside,
        likely=_likely(db, asked.vehicle) if asked.leaving and not inside else (),
        rights=asked.rights,
        uses=sharing.uses(db, asked.rights, plate, asked.at),
        since=sharing.since(db, asked.rights, session, asked.at) if session else {},
        payments=_payments(db, asked.session_id, session_id, plate),
        credits=discounts.usable(db, session_id or asked.session_id, plate, utc_text(asked.at)),
        charging=discounts.charging(db, session_id, plate),
        quota_used=_quota_used(db, session) if session else frozenset(),
        owed_fen=owed_fen(db, plate),
        funds=_funds(db, plate),
        places_left=_places_left(db, asked),
        attested=_attested(db, asked, plate),
    )


def _likely(db: sqlite3.Connection, vehicle: Vehicle) -> tuple[Session, ...]:
    if not vehicle.plate:
        return ()
    found = [one for text in neighbours(vehicle.plate) for one in book.inside_of(db, text)]
    return likely(vehicle, found)


def _payments(
    db: sqlite3.Connection, asked_id: str, session_id: str, plate: str
) -> tuple[Payment, ...]:
    if session_id:
        return money.payments(money.of_session(db, session_id))
    return money.payments(money.waiting(db, asked_id, plate))


def _quota_used(db: sqlite3.Connection, session: Session) -> frozenset[date]:
    """By stays that ended on the day of the entry or later: earlier ones used earlier days."""
    if not session.vehicle.plate or session.entered_at is None:
        return frozenset()
    day = datetime.combine(session.entered_at.astimezone(SHANGHAI).date(), time(), SHANGHAI)
    sql = "select quota_days from sessions where plate = ? and closed_at >= ?"
    found = db.execute(sql, (session.vehicle.plate, utc_text(day)))
    return frozenset(date.fromisoformat(one) for (days,) in found for one in json.loads(days))


def owed_fen(db: sqlite3.Connection, plate: str) -> int:
    sql = (
        "select coalesce(sum(owed_fen - settled_fen), 0) from sessions"
        " where plate = ? and owed_fen > settled_fen"
    )
    return int(db.execute(sql, (plate,)).fetchone()[0]) if plate else 0


def _funds(db: sqlite3.Connection, plate: str) -> Funds | None:
    row = db.execute("select credit_fen, locked from funds where plate = ?", (plate,)).fetchone()
    return Funds(row[0], bool(row[1])) if row else None


def _places_left(db: sqlite3.Connection, asked: Asked) -> int | None:
    if asked.places is None:
        return None
    sql = "select count(*) from sessions where innermost = ? and closing is null"
    return asked.places - int(db.execute(sql, (asked.area,)).fetchone()[0])


def _attested(db: sqlite3.Connection, asked: Asked, plate: str) -> Attested:
    if not asked.attest or not plate:
        return Attested.UNKNOWN
    sql = "select passes from attested where plate = ? and kind = ? and expires_at > ?"
    row = db.execute(sql, (plate, asked.attest, utc_text(asked.at))).fetchone()
    if row is None:
        return Attested.UNKNOWN
    return Attested.PASSES if row[0] else Attested.FAILS
