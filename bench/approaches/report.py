"""The outcomes as a table for people, and as one JSON object."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.approaches.watching import Outcome
from bench.reader.scores import Share, quantile


@dataclass(frozen=True, slots=True)
class Line:
    """Times are of the approaches with a plate, in seconds from loop A on; None without any."""

    name: str
    right: Share
    wrong: Share
    none: Share
    p50_s: float | None
    p95_s: float | None


def line(name: str, outcomes: Sequence[Outcome]) -> Line:
    total = len(outcomes)
    waits = [one.wait_s for one in outcomes if one.text]
    right, wrong = (sum(getattr(one, word) for one in outcomes) for word in ("right", "wrong"))
    return Line(
        name=name,
        right=Share(right, total),
        wrong=Share(wrong, total),
        none=Share(total - right - wrong, total),
        p50_s=round(quantile(waits, 0.5), 3) if waits else None,
        p95_s=round(quantile(waits, 0.95), 3) if waits else None,
    )


def as_json(outcomes: Sequence[Outcome], seed: int) -> dict[str, Any]:
    return {
        "approaches": len(outcomes),
        "seed": seed,
        "all": _figures(line("all", outcomes)),
        "by_light": [_figures(one) for one in _lines(outcomes, _light)],
        "by_kind": [_figures(one) for one in _lines(outcomes, _kind)],
        "reading_ms_median": round(_reading_ms(outcomes), 2),
        "pictures_read": sum(len(one.reads_ms) for one in outcomes),
        "failed": [_told(one) for one in outcomes if not one.right],
    }


def show(outcomes: Sequence[Outcome], console: Console) -> None:
    table = Table(title=f"{len(outcomes)} approaches")
    table.add_column("cars")
    for head in ("number", "right %", "95 %", "wrong %", "95 %", "none %", "p50 s", "p95 s"):
        table.add_column(head, justify="right")
    for group in ([line("all", outcomes)], _lines(outcomes, _light), _lines(outcomes, _kind)):
        for one in group:
            table.add_row(*_cells(one))
        table.add_section()
    console.print(table)
    console.print(f"Reading a picture: {_reading_ms(outcomes):.1f} ms median.")


def _lines(outcomes: Sequence[Outcome], key: Callable[[Outcome], str]) -> list[Line]:
    names = dict.fromkeys(key(one) for one in outcomes)
    return [line(name, [one for one in outcomes if key(one) == name]) for name in names]


def _light(outcome: Outcome) -> str:
    return outcome.approach.light_name


def _kind(outcome: Outcome) -> str:
    return outcome.approach.kind


def _reading_ms(outcomes: Sequence[Outcome]) -> float:
    times = [ms for one in outcomes for ms in one.reads_ms]
    return median(times) if times else 0.0


def _cells(one: Line) -> list[str]:
    return [
        one.name,
        str(one.right.total),
        f"{one.right.percent:.1f}",
        _between(one.right),
        f"{one.wrong.percent:.1f}",
        _between(one.wrong),
        f"{one.none.percent:.1f}",
        *("-" if wait is None else f"{wait:.2f}" for wait in (one.p50_s, one.p95_s)),
    ]


def _between(share: Share) -> str:
    low, high = share.interval()
    return f"{low:.1f} - {high:.1f}"


def _figures(one: Line) -> dict[str, Any]:
    shares = {"right": one.right, "wrong": one.wrong, "none": one.none}
    return {
        "name": one.name,
        "approaches": one.right.total,
        **{f"{word}_percent": round(share.percent, 2) for word, share in shares.items()},
        **{
            f"{word}_interval": [round(end, 2) for end in share.interval()]
            for word, share in shares.items()
        },
        "p50_s": one.p50_s,
        "p95_s": one.p95_s,
    }


def _told(outcome: Outcome) -> dict[str, Any]:
    approach = outcome.approach
    return {
        "number": approach.number,
        "kind": approach.kind,
        "light": round(approach.light, 3),
        "plate": approach.arrival.plate,
        "read": outcome.text,
        "pictures": len(outcome.reads_ms),
    }
