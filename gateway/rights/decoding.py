"""From the canonical form of a right to what the rules go by."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from gateway.rights.text import WEEK
from gateway.rules.clock import DAY_S, SHANGHAI, DayKind, local_s
from gateway.rules.rights import Right, RightKind, Span, Tolerance, Window
from gateway.rules.rights.right import EVERY_KIND, EVERY_WEEKDAY

MINUTE_S = 60
FOR_EVER = local_s(datetime(3000, 1, 1, tzinfo=SHANGHAI))
"""After the last year that may be written."""


def right_of(line: str) -> Right:
    """The right whose canonical line this is.

    Raises `ValueError`, `KeyError`, `TypeError` or `AttributeError` where it is none.
    """
    fields = json.loads(line)
    return Right(
        right_id=fields["id"],
        version=fields["version"],
        kind=RightKind(fields["kind"]),
        plates=frozenset(fields["plates"]),
        valid=_valid(fields["valid"]),
        windows=tuple(map(_window, fields.get("windows", ()))),
        tolerance=_tolerance(fields),
        spaces=fields.get("spaces"),
        succession=fields.get("succession", False),
        areas=frozenset(fields.get("areas", ())),
        classes=frozenset(fields.get("classes", ())),
        uses=fields.get("uses"),
        no_show_s=fields.get("no_show_min", 0) * MINUTE_S,
        paid=fields.get("paid", True),
        plan=fields.get("plan", ""),
    )


def _valid(fields: Mapping[str, str]) -> Span:
    end = fields.get("to")
    return Span(_second(fields["from"]), FOR_EVER if end is None else _second(end))


def _second(text: str) -> int:
    return local_s(datetime.fromisoformat(text))


def _window(fields: Mapping[str, Any]) -> Window:
    return Window(
        start_s=_clock(fields.get("from", "00:00")),
        end_s=_clock(fields.get("to", "24:00")),
        weekdays=_weekdays(fields["weekdays"]) if "weekdays" in fields else EVERY_WEEKDAY,
        kinds=frozenset(map(DayKind, fields["days"])) if "days" in fields else EVERY_KIND,
    )


def _weekdays(names: Sequence[str]) -> frozenset[int]:
    return frozenset(map(list(map(str, WEEK)).index, names))


def _clock(text: str) -> int:
    hours, minutes = text.split(":")
    return (int(hours) * 60 + int(minutes)) * MINUTE_S


def _tolerance(fields: Mapping[str, int]) -> Tolerance:
    return Tolerance(
        early_s=fields.get("early_min", 0) * MINUTE_S,
        late_s=fields.get("late_min", 0) * MINUTE_S,
        renewal_s=fields.get("renewal_days", 0) * DAY_S,
    )
