"""The sixth form of the file: sessions, money, credits, what the cloud told, who looked back."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database

_TABLES = {
    "sessions": """
        session_id text primary key, plate text not null, plate_type text not null,
        plate_colour text not null, vehicle text not null, area text not null,
        innermost text not null, entered_at text, entry_pass text not null, left_at text,
        exit_pass text not null, closing text, linked text not null, right_id text not null,
        inner text not null, bill text not null, quota_days text not null, notes text not null,
        total_fen integer not null, discounted_fen integer not null, paid_fen integer not null,
        overpaid_fen integer not null, owed_fen integer not null, settled_fen integer not null,
        closed_at text, billed_at text
    """,
    "money": """
        money_id text primary key, session_id text not null, plate text not null,
        kind text not null, amount_fen integer not null, at text not null,
        booked_at text not null, by text not null, reason text not null, lane text,
        order_id text not null, credit_id text not null, late integer not null
    """,
    "credits": """
        credit_id text primary key, plate text not null, session_id text not null,
        kind text not null, figure integer not null, until text, vehicle text not null,
        valid_until text, source text not null, reason text not null, granted_at text not null,
        revoked_at text, used_by text not null, used_fen integer not null
    """,
    "charges": """
        charge text primary key, plate text not null, began text not null, ended text not null,
        wh integer not null, credit_id text not null, session_id text not null
    """,
    "funds": """
        plate text primary key, number integer not null, credit_fen integer not null,
        locked integer not null, at text not null
    """,
    "attested": """
        plate text not null, kind text not null, passes integer not null,
        expires_at text not null, primary key (plate, kind)
    """,
    "told": "told_id text primary key, at text not null",
    "traces": """
        trace_id text primary key, at text not null, by text not null, purpose text not null,
        plate text not null, since text not null, until text not null,
        around_s integer not null, found integer not null, told integer not null
    """,
}
_INDEXES = (
    # Of one plate; those inside have no end.
    "sessions_of_plate on sessions (plate, closed_at)",
    "sessions_inside on sessions (innermost, vehicle, closing) where closing is null",
    "sessions_waiting on sessions (entered_at) where closing is null",
    "sessions_owing on sessions (plate, owed_fen, settled_fen) where owed_fen > settled_fen",
    "sessions_of_right on sessions (right_id, closing) where right_id <> ''",
    "sessions_entered on sessions (entered_at)",
    "sessions_left on sessions (left_at)",
    "sessions_closed on sessions (closed_at)",
    "sessions_billed on sessions (billed_at)",
    "money_of_session on money (session_id)",
    "money_of_plate on money (plate)",
    "money_booked on money (booked_at)",
    "credits_of_session on credits (session_id) where session_id <> ''",
    "credits_of_plate on credits (plate) where plate <> ''",
    "credits_used on credits (used_by) where used_by <> ''",
    "charges_of_plate on charges (plate)",
)


def car_park(db: "Database") -> None:
    """Passes of a box without a car park stay as they were: no terms, decided here."""
    db.execute("alter table passes add column terms text")
    db.execute("alter table cases add column terms text")
    db.execute("alter table passes add column decided_by text not null default 'edge'")
    for name, columns in _TABLES.items():
        db.execute(f"create table {name} ({columns}) strict")
    for index in _INDEXES:
        db.execute(f"create index {index}")
