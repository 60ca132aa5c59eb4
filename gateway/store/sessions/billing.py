"""What a stay cost, written when it ends and never changed: every fen of it has its event."""

import json
import logging
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.lane.types import DecidedBy, Pass, Reason, Terms
from gateway.rules.tariff.fee import Fee
from gateway.rules.tariff.fields import fee_of
from gateway.store.records import Row
from gateway.store.sessions import discounts, money
from gateway.store.sessions.money import Event, Kind
from gateway.store.sessions.words import Place
from gateway.sync.protocol import canonical

log = logging.getLogger(__name__)

NOTHING_DUE = frozenset(
    {Reason.RIGHT, Reason.ALLOW_LIST, Reason.FREE_VEHICLE, Reason.FREE, Reason.NO_ENTRY}
)
"""Who leaves for one of these without a bill pays nothing."""


@dataclass(frozen=True, slots=True)
class Bill:
    """`total_fen` None: nobody reckoned it, and what was paid is what it cost.

    `discounts` are (credit, fen); `forgiven` says why nothing is owed, empty where it is.
    """

    text: str = ""
    total_fen: int | None = None
    discounts: tuple[tuple[str, int], ...] = ()
    quota_days: tuple[str, ...] = ()
    forgiven: str = ""
    by: str = ""
    order_id: str = ""
    lane: str | None = None


UNKNOWN = Bill()


def bill_of(record: Pass, lane: str, place: Place, *, applies: bool) -> Bill:
    """What the lane found out; it does not apply where the session is another by now."""
    decision, terms = record.visit.decision, record.visit.terms or Terms()
    fee = _fee(terms) if applies else None
    if fee is None:
        by_rules = applies and not terms.bill and decision.reason in NOTHING_DUE
        return Bill(total_fen=0 if by_rules else None, lane=lane)
    by_hand = decision.decided_by is DecidedBy.PERSON
    forgiven = decision.reason is Reason.FIRE or (place.let_out_free and by_hand)
    return Bill(
        text=terms.bill,
        total_fen=fee.total_fen,
        discounts=tuple((line.ref.split(" ")[0], -line.amount_fen) for line in fee.discounts),
        quota_days=tuple(day.isoformat() for day in fee.quota_days),
        forgiven=str(decision.reason) if forgiven else "",
        by=str(decision.decided_by),
        order_id=terms.order_id,
        lane=lane,
    )


def _fee(terms: Terms) -> Fee | None:
    if not terms.bill:
        return None
    try:
        return fee_of(json.loads(terms.bill))
    except (KeyError, ValueError, TypeError):
        log.exception("store: the bill of session %s cannot be read", terms.session_id)
        return None


def charge(db: sqlite3.Connection, session: Mapping[str, Any], bill: Bill, at: str) -> Row:
    """Book what follows from the bill; returns the session's columns for it."""
    session_id = session["session_id"]
    paid_fen = money.paid_fen(db, session_id)
    total_fen = paid_fen if bill.total_fen is None else bill.total_fen
    discounted_fen = sum(fen for _, fen in bill.discounts)
    open_fen = total_fen - discounted_fen - paid_fen
    forgiven_fen = max(0, open_fen) if bill.forgiven else 0
    figures = {
        "total_fen": total_fen,
        "discounted_fen": discounted_fen + forgiven_fen,
        "paid_fen": paid_fen,
        "overpaid_fen": max(0, -open_fen),
        "owed_fen": max(0, open_fen) - forgiven_fen,
    }
    for event in _events(session, bill, figures, forgiven_fen, at):
        money.book(db, event, at)
    for credit_id, fen in bill.discounts:
        discounts.use(db, credit_id, session_id, fen)
    money.renew(db, session_id)
    days = canonical(list(bill.quota_days))
    return figures | {"bill": bill.text, "quota_days": days, "billed_at": at}


def _events(
    session: Mapping[str, Any], bill: Bill, figures: Row, forgiven_fen: int, at: str
) -> Iterator[Event]:
    def event(kind: Kind, fen: int, **more: Any) -> Event:
        part = f"{kind} {more.get('credit_id', '')}"
        name = money.part_id(session["session_id"], part)
        whose = session["session_id"], session["plate"]
        return Event(name, kind, *whose, fen, at, lane=bill.lane, **more)

    for credit_id, fen in bill.discounts:
        yield event(Kind.DISCOUNT, fen, credit_id=credit_id)
    if forgiven_fen:
        yield event(Kind.DISCOUNT, forgiven_fen, by=bill.by, reason=bill.forgiven)
    if figures["owed_fen"]:
        yield event(Kind.OWED, figures["owed_fen"], order_id=bill.order_id)
    if figures["overpaid_fen"]:
        yield event(Kind.OVERPAID, figures["overpaid_fen"])


def charged_as_paid(db: sqlite3.Connection, session: Mapping[str, Any], at: str) -> Row:
    """Nobody saw it end: it cost what was paid."""
    return charge(db, session, UNKNOWN, at)
