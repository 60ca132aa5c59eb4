"""One session in words: what `lanegate sessions show` prints."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from gateway.rules.clock import SHANGHAI, local_s
from gateway.rules.tariff import Fee
from gateway.rules.tariff.fields import fee_of
from gateway.rules.tariff.words import Language, fee_words, length_words, yuan
from gateway.store.dossier import Dossier
from gateway.store.records import parse_utc

Row = Mapping[str, Any]

MOST_LINES = 12
"""At the head of a fee, and at its end."""
ENDINGS = {
    "exit": "left",
    "superseded": "not seen to leave; came in again at",
    "merged": "one stay with another one",
    "by_hand": "ended by a person at",
}


def local(text: str | None, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """A time of the store on the clock of Shanghai; `-` for none."""
    return f"{parse_utc(text).astimezone(SHANGHAI):{form}}" if text else "-"


def stayed(row: Row, now: datetime, language: Language = Language.ENGLISH) -> str:
    """How long, to the minute; `-` where it was not seen to come."""
    if row["entered_at"] is None:
        return "-"
    end = parse_utc(row["left_at"]) if row["left_at"] else now
    seconds = local_s(end) - local_s(parse_utc(row["entered_at"]))
    return length_words(max(0, seconds) // 60 * 60, language)


def named(row: Row) -> str:
    return row["plate"] or "no plate"


def lines(found: Dossier, language: Language, now: datetime | None = None) -> Iterator[str]:
    yield from _course(found.session, now or datetime.now(UTC))
    yield from _chapter("passes", map(_pass, found.passes))
    yield from _chapter("fee", _fee(found.session, language))
    yield from _chapter("money", map(_money, found.money))
    yield from _chapter("credits", map(_credit, found.credits))
    yield from _chapter("charging", map(_charge, found.charges))
    yield from _chapter("linked", map(_other, found.linked))
    yield from _chapter("may be the same stay", map(_other, found.likely))
    yield from _chapter("what people said", map(_note, found.session["notes"]))


def _chapter(title: str, found: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(found):
        if number == 0:
            yield f"{title}:"
        yield f"  {line}"


def _course(row: Row, now: datetime) -> Iterator[str]:
    kind = (row["plate_type"], row["plate_colour"], row["vehicle"])
    yield f"{named(row)} ({', '.join(word for word in kind if word)}), session {row['session_id']}"
    yield f"  area   {row['area']}"
    for one in row["inner"]:
        times = f"{local(one['entered_at'])} - {local(one['left_at'])}"
        yield f"         {one['area']} {times}"
    yield f"  came   {local(row['entered_at']) if row['entered_at'] else 'not seen to come'}"
    yield f"  ended  {_end(row)}"
    yield f"  stayed {stayed(row, now)}"
    if row["right_id"]:
        yield f"  right  {row['right_id']}"


def _end(row: Row) -> str:
    if row["closing"] is None:
        return "still inside"
    at = f" {local(row['left_at'])}" if row["left_at"] else ""
    return f"{ENDINGS[row['closing']]}{at}"


def _pass(row: Row) -> str:
    times = f"{local(row['arrived_at'])} {row['lane']} {row['direction']}"
    how = f"{row['verdict']} ({row['reason']}), {row['ending'] or 'under way'}"
    why = (row["terms"] or {}).get("why")
    return f"{times}: {how}" + (f": {why}" if why else "")


def fee_lines(fee: Fee, language: Language) -> list[str]:
    """Of a very long stay the middle is left out."""
    told = fee_words(fee, language)
    left_out = len(told) - 2 * MOST_LINES
    if left_out <= 0:
        return told
    return [*told[:MOST_LINES], f"({left_out} more lines: --json has all)", *told[-MOST_LINES:]]


def _fee(row: Row, language: Language) -> Iterator[str]:
    if row["bill"] is None:
        return
    yield from fee_lines(fee_of(row["bill"]), language)
    owed = row["owed_fen"] - row["settled_fen"]
    if row["owed_fen"]:
        yield f"{yuan(row['owed_fen']):>41}  owed, {yuan(max(0, owed))} of it still open"


def _money(row: Row) -> str:
    words = f"{local(row['at'])} {row['kind']} {yuan(row['amount_fen'])}"
    more = ", ".join(word for word in (row["by"], row["reason"]) if word)
    return f"{words} ({more})" if more else words


def _credit(row: Row) -> str:
    state = "open"
    if row["revoked_at"]:
        state = f"revoked {local(row['revoked_at'])}"
    elif row["used_by"]:
        state = f"used, {yuan(row['used_fen'])} yuan"
    what = f"{row['credit_id']} {row['kind']} {_figure(row)}".rstrip()
    return f"{what}: {state}; {row['reason'] or row['source']}"


def _figure(row: Row) -> str:
    match row["kind"]:
        case "amount":
            return yuan(row["figure"])
        case "minutes" | "percent":
            return str(row["figure"])
        case _:
            return row["vehicle"] or (local(row["until"]) if row["until"] else "")


def _charge(row: Row) -> str:
    span = f"{local(row['began'])} - {local(row['ended'])}"
    return f"{row['charge']}: {span}, {row['wh'] / 1000:g} kWh"


def _other(row: Row) -> str:
    came = local(row["entered_at"]) if row["entered_at"] else "not seen to come"
    return f"{named(row)}, session {row['session_id']}: {came}; {_end(row)}"


def _note(note: Row) -> str:
    was = f"; the plate was {note['was']}" if note["was"] else ""
    return f"{local(note['at'])} {note['what']} by {note['by']}: {note['reason']}{was}"
