"""A fee as plain fields for JSON and the store, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any

from gateway.rules.clock import datetime_of, local_s
from gateway.rules.tariff.fee import Fee, Line, LineKind
from gateway.rules.tariff.words import Language, rule_words

_PLAIN = ("tariff", "plan", "vehicle", "paid_fen")
_SUMS = ("total_fen", "discounted_fen", "due_fen", "overpaid_fen")
_TIMED = ("kind", "start_s", "end_s", "amount_fen")
_ELSE = tuple(one.name for one in fields(Line) if one.name not in _TIMED)


def as_fields(fee: Fee, language: Language = Language.CHINESE) -> dict[str, Any]:
    """Times are ISO 8601 with +08:00; the sums and the words are for readers, not read back."""
    return {
        **{name: getattr(fee, name) for name in _PLAIN},
        "entered": fee.entered.isoformat(),
        "until": fee.until.isoformat(),
        "lines": [_line_fields(line, language) for line in fee.lines],
        "discounts": [_line_fields(line, language) for line in fee.discounts],
        "grace_until": fee.grace_until.isoformat() if fee.grace_until else None,
        "quota_days": [day.isoformat() for day in fee.quota_days],
        **{name: getattr(fee, name) for name in _SUMS},
    }


def fee_of(found: Mapping[str, Any]) -> Fee:
    """What `as_fields` wrote. Raises `KeyError`, `ValueError` or `TypeError` for anything else."""
    grace = found["grace_until"]
    return Fee(
        **{name: found[name] for name in _PLAIN},
        entered=datetime_of(local_s(datetime.fromisoformat(found["entered"]))),
        until=datetime_of(local_s(datetime.fromisoformat(found["until"]))),
        lines=_lines(found["lines"]),
        discounts=_lines(found["discounts"]),
        grace_until=None if grace is None else datetime_of(local_s(datetime.fromisoformat(grace))),
        quota_days=tuple(date.fromisoformat(day) for day in found["quota_days"]),
    )


def _line_fields(line: Line, language: Language) -> dict[str, Any]:
    told = {name: getattr(line, name) for name in _ELSE}
    return {
        "kind": str(line.kind),
        "start": line.start.isoformat(),
        "end": line.end.isoformat(),
        "rule": rule_words(line, language),
        "amount_fen": line.amount_fen,
        **{name: value for name, value in told.items() if value},
    }


def _lines(found: Sequence[Mapping[str, Any]]) -> tuple[Line, ...]:
    return tuple(_line(one) for one in found)


def _line(found: Mapping[str, Any]) -> Line:
    return Line(
        kind=LineKind(found["kind"]),
        start_s=local_s(datetime.fromisoformat(found["start"])),
        end_s=local_s(datetime.fromisoformat(found["end"])),
        amount_fen=found["amount_fen"],
        **{name: found[name] for name in _ELSE if name in found},
    )
