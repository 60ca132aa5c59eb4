"""A day's account of the car park, asked from the tables."""

import sqlite3
from collections import Counter
from collections.abc import Mapping

from gateway.accounts import HEADS, Account, AreaDay, Fault, MoneyDay, SessionsDay, Stay, money_of
from gateway.rules.sessions import Closing
from gateway.store.records import Row
from gateway.store.sessions.money import CASH, Kind
from gateway.store.tables import rows

Span = tuple[str, str]

_CAME = "entered_at >= ? and entered_at < ?"
_ENDED = "closed_at >= ? and closed_at < ?"
_STILL = "closing is null and entered_at < ?"
_GONE_SINCE = "closed_at >= ? and entered_at < ?"
_HEAD_OF = {
    str(Kind.PAYMENT): "paid",
    str(Kind.DEDUCTION): "paid",
    str(Kind.DISCOUNT): "discounted",
    str(Kind.OWED): "owed",
    str(Kind.OVERPAID): "overpaid",
}


def account_of(db: sqlite3.Connection, begin: str, end: str) -> Account | None:
    """From `begin` to before `end`, UTC; None where the box has no car park to keep."""
    kept = "select exists (select 1 from sessions) or exists (select 1 from money)"
    if not db.execute(kept).fetchone()[0]:
        return None
    return Account(_sessions(db, (begin, end)), _money(db, (begin, end)))


# --- sessions ----------------------------------------------------------------------------


def _sessions(db: sqlite3.Connection, span: Span) -> SessionsDay:
    begin, end = span
    counts = [
        _there(db, begin),
        _by_area(db, _CAME, *span),
        _by_area(db, f"{_ENDED} and entered_at is not null", *span),
        _there(db, end),
    ]
    areas = sorted({area for one in counts for area in one})
    ended = _closings(db, span)
    return SessionsDay(
        tuple(AreaDay(area, *(one[area] for one in counts)) for area in areas),
        superseded=ended[str(Closing.SUPERSEDED)],
        merged=ended[str(Closing.MERGED)],
        by_hand=ended[str(Closing.BY_HAND)],
        never_seen=ended["never_seen"],
        oldest_inside=_oldest(db, end),
    )


def _there(db: sqlite3.Connection, at: str) -> Counter[str]:
    return _by_area(db, _STILL, at) + _by_area(db, _GONE_SINCE, at, at)


def _oldest(db: sqlite3.Connection, at: str) -> str | None:
    still = f"select min(entered_at) as came from sessions where {_STILL}"  # noqa: S608
    # The plus has SQLite look at those that left since, not at all from the first on.
    gone = f"select min(+entered_at) from sessions where {_GONE_SINCE}"  # noqa: S608
    found = db.execute(f"{still} union all {gone}", (at, at, at)).fetchall()
    return min((came for (came,) in found if came is not None), default=None)


def _by_area(db: sqlite3.Connection, where: str, *values: str) -> Counter[str]:
    sql = f"select area, count(*) from sessions where {where} group by area"  # noqa: S608
    return Counter(dict(db.execute(sql, values).fetchall()))


def _closings(db: sqlite3.Connection, span: Span) -> Counter[str]:
    how = "case when entered_at is null and closing = 'exit' then 'never_seen' else closing end"
    sql = f"select {how} as how, count(*) from sessions where {_ENDED} group by how"  # noqa: S608
    return Counter(dict(db.execute(sql, span).fetchall()))


# --- money -------------------------------------------------------------------------------


def _money(db: sqlite3.Connection, span: Span) -> MoneyDay:
    stays = _stays(db, span)
    booked = rows(db, _BOOKED, *span)
    late = [row for row in booked if row["late"]]
    beyond = (*CASH, Kind.DISCOUNT)
    debts, debts_fen = _debts(db, span[1])
    return money_of(
        stays,
        _received(booked),
        settled=_sum(late, Kind.SETTLED),
        refunded=_sum(booked, Kind.REFUND),
        late=_sum(late, *beyond),
        late_overpaid=_sum(late, Kind.OVERPAID),
        unplaced=sum(row["amount_fen"] for row in booked if row["waits"]),
        debts=debts,
        debts_fen=debts_fen,
        faults=_debt_faults(db),
    )


_BOOKED = """
    select kind, amount_fen, by, late,
        late = 0 and not exists
            (select 1 from sessions where sessions.session_id = money.session_id) as waits
    from money where booked_at >= ? and booked_at < ?
"""


def _sum(found: list[Row], *kinds: Kind) -> int:
    return sum(row["amount_fen"] for row in found if row["kind"] in kinds)


def _received(booked: list[Row]) -> Counter[str]:
    received: Counter[str] = Counter()
    for row in booked:
        if row["kind"] in (*CASH, Kind.SETTLED):
            received[row["by"]] += row["amount_fen"]
    return received


_STAYS = """
    select session_id, total_fen, discounted_fen, paid_fen, owed_fen, overpaid_fen from sessions
    where billed_at >= ? and billed_at < ? order by billed_at, session_id
"""
_EVENTS = """
    select money.session_id, money.kind, sum(money.amount_fen) as fen
    from sessions join money on money.session_id = sessions.session_id and money.late = 0
    where billed_at >= ? and billed_at < ? group by money.session_id, money.kind
"""


def _stays(db: sqlite3.Connection, span: Span) -> list[Stay]:
    events: dict[str, Counter[str]] = {}
    for row in rows(db, _EVENTS, *span):
        mine = events.setdefault(row["session_id"], Counter())
        # What was given back before the bill was not paid after all.
        sign = -1 if row["kind"] == Kind.REFUND else 1
        mine[_HEAD_OF.get(row["kind"], "paid")] += sign * row["fen"]
    return [_stay(row, events.get(row["session_id"], {})) for row in rows(db, _STAYS, *span)]


def _stay(row: Row, events: Mapping[str, int]) -> Stay:
    return Stay(row["session_id"], {head: row[f"{head}_fen"] for head in HEADS}, events)


def _debts(db: sqlite3.Connection, end: str) -> tuple[int, int]:
    """Open at `end`: what is open now, without what came later, with what was settled later."""
    sql = """
        select count(*), coalesce(sum(owed_fen - settled_fen + later), 0) from (
            select owed_fen, settled_fen, coalesce((select sum(amount_fen) from money
                where money.session_id = sessions.session_id and kind = 'settled'
                and booked_at >= ?), 0) as later
            from sessions where billed_at < ? and session_id in
                (select session_id from sessions where owed_fen > settled_fen
                union select session_id from money where booked_at >= ? and kind = 'settled'))
    """
    found = db.execute(sql, (end, end, end)).fetchone()
    return int(found[0]), int(found[1])


def _debt_faults(db: sqlite3.Connection) -> tuple[Fault, ...]:
    """Debts that are open now and are not what their events say."""
    sql = """
        select session_id, owed_fen - settled_fen as open_fen, coalesce((select
            sum(case kind when 'owed' then amount_fen when 'settled' then -amount_fen else 0 end)
            from money where money.session_id = sessions.session_id), 0) as events_fen
        from sessions where owed_fen > settled_fen
    """
    return tuple(
        Fault(row["session_id"], f"{row['open_fen']} fen are owed, by events {row['events_fen']}")
        for row in rows(db, sql)
        if row["open_fen"] != row["events_fen"]
    )
