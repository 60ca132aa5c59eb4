"""Sessions, money and credits as rows of the store and as bodies of the outbox. Pure."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gateway.rules.sessions import Closing, Inner, Session, Vehicle
from gateway.rules.tariff.stay import (
    AllOff,
    AmountOff,
    AsClass,
    Credit,
    FreeUntil,
    MinutesOff,
    PercentOff,
)
from gateway.store.records import Row, parse_utc, utc_text
from gateway.sync.protocol import canonical

FIGURES = ("total_fen", "discounted_fen", "paid_fen", "overpaid_fen", "owed_fen")
NEW: Row = {
    "bill": "",
    "quota_days": "[]",
    "notes": "[]",
    **dict.fromkeys(FIGURES, 0),
    "settled_fen": 0,
    "closed_at": None,
    "billed_at": None,
}
"""What a session has beside its course, as long as nothing was charged."""
_LISTS = ("inner", "quota_days", "notes")
_OURS = ("settled_fen", "closed_at", "billed_at")


def session_row(session: Session) -> Row:
    """The columns that tell its course."""
    vehicle = session.vehicle
    return {
        "session_id": session.session_id,
        "plate": vehicle.plate,
        "plate_type": vehicle.kind,
        "plate_colour": vehicle.colour,
        "vehicle": vehicle.vehicle,
        "area": session.area,
        "innermost": session.innermost,
        "entered_at": session.entered_at and utc_text(session.entered_at),
        "entry_pass": session.entry_pass,
        "left_at": session.left_at and utc_text(session.left_at),
        "exit_pass": session.exit_pass,
        "closing": session.closing and str(session.closing),
        "linked": session.linked,
        "right_id": session.right_id,
        "inner": canonical([_inner_fields(one) for one in session.inner]),
    }


def _inner_fields(inner: Inner) -> Row:
    left_at = inner.left_at and utc_text(inner.left_at)
    return {"area": inner.area, "entered_at": utc_text(inner.entered_at), "left_at": left_at}


def session_of(row: Mapping[str, Any]) -> Session:
    """The session that `session_row` wrote."""
    return Session(
        row["session_id"],
        Vehicle(row["plate"], row["plate_type"], row["plate_colour"], row["vehicle"]),
        row["area"],
        _time(row["entered_at"]),
        row["entry_pass"],
        _time(row["left_at"]),
        row["exit_pass"],
        row["closing"] and Closing(row["closing"]),
        row["linked"],
        row["right_id"],
        tuple(_inner_of(one) for one in json.loads(row["inner"])),
    )


def _inner_of(found: Mapping[str, Any]) -> Inner:
    return Inner(found["area"], parse_utc(found["entered_at"]), _time(found["left_at"]))


def _time(text: str | None) -> datetime | None:
    return None if text is None else parse_utc(text)


def shown(row: Mapping[str, Any]) -> Row:
    """A row for people: lists as lists, and null where there is nothing."""
    whole = {name: None if value == "" else value for name, value in row.items()}
    return whole | {name: json.loads(row[name]) for name in _LISTS if name in row}


def session_shown(row: Mapping[str, Any]) -> Row:
    bill = json.loads(row["bill"]) if row["bill"] else None
    return shown(row) | {"bill": bill}


def session_body(row: Mapping[str, Any], phase: str) -> str:
    """All of it. What is settled later is told by records of money."""
    told = {name: value for name, value in session_shown(row).items() if name not in _OURS}
    return canonical(told | {"phase": phase})


def money_shown(row: Mapping[str, Any]) -> Row:
    return shown(row) | {"late": bool(row["late"])}


def money_body(row: Mapping[str, Any]) -> str:
    return canonical(money_shown(row))


# --- credits -----------------------------------------------------------------------------


def credit_columns(credit: Credit) -> Row:
    """`kind`, and what it says: `figure` (fen, minutes, percent), `until` or `vehicle`."""
    figure, until, vehicle = 0, None, ""
    match credit:
        case AmountOff(_, figure):
            kind = "amount"
        case MinutesOff(_, figure):
            kind = "minutes"
        case PercentOff(_, figure):
            kind = "percent"
        case FreeUntil(_, at):
            kind, until = "until", utc_text(at)
        case AsClass(_, vehicle):
            kind = "class"
        case AllOff():
            kind = "all"
    return {"kind": kind, "figure": figure, "until": until, "vehicle": vehicle}


def credit_of(row: Mapping[str, Any]) -> Credit:
    """The credit that `credit_columns` wrote. Raises `ValueError` for a kind that is none."""
    name = row["credit_id"]
    match row["kind"]:
        case "amount":
            return AmountOff(name, row["figure"])
        case "minutes":
            return MinutesOff(name, row["figure"])
        case "percent":
            return PercentOff(name, row["figure"])
        case "until":
            return FreeUntil(name, parse_utc(row["until"]))
        case "class":
            return AsClass(name, row["vehicle"])
        case "all":
            return AllOff(name)
        case other:
            raise ValueError(f"credit {name}: there is no kind {other!r}")


def credit_body(row: Mapping[str, Any]) -> str:
    phase = "used" if row["used_by"] else "granted" if row["revoked_at"] is None else "revoked"
    return canonical(shown(row) | {"phase": phase})
