"""The results as tables for people, and as one JSON object."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.reader.contest import Contest, Standing
from bench.reader.samples import Sample
from bench.reader.scores import Line, Outcome, Share, line, lines
from gateway.lane.plates import Gate

HEAD = ("pictures", "right", "95 % interval", "wrong", "failed", "median ms", "p95 ms")
Views = Sequence[tuple[str, Callable[[Sequence[Outcome]], list[Line]]]]


def _by_source(outcomes: Sequence[Outcome]) -> list[Line]:
    return lines(outcomes, lambda sample: sample.source)


def _by_type(outcomes: Sequence[Outcome]) -> list[Line]:
    return lines([one for one in outcomes if one.sample.label], _type)


def _type(sample: Sample) -> str:
    return f"{sample.type} ({'crops' if sample.crop else 'scenes'})"


def _in_all(outcomes: Sequence[Outcome]) -> list[Line]:
    plates = [one for one in outcomes if one.sample.label]
    without = [one for one in outcomes if not one.sample.label]
    parts = (
        ("all crops", [one for one in plates if one.sample.crop]),
        ("all scenes", [one for one in plates if not one.sample.crop]),
        ("no plate, crops", [one for one in without if one.sample.crop]),
        ("no plate, scenes", [one for one in without if not one.sample.crop]),
    )
    return [line(name, part) for name, part in parts if part]


VIEWS: Views = (("in all", _in_all), ("by source", _by_source), ("by type", _by_type))


def as_json(contest: Contest, split: str, notes: Sequence[str]) -> dict[str, Any]:
    return {
        "split": split,
        "notes": list(notes),
        "gate": asdict(Gate()),
        "readers": [reader for one in contest.standings for reader in _readers(one)],
        "missing": contest.missing,
    }


def _readers(standing: Standing) -> Iterator[dict[str, Any]]:
    about = {key: value for key, value in standing.about.items() if key != "rows"}
    for row, outcomes in standing.outcomes.items():
        told = {"reader": row, **about, "memory_mb": standing.memory_mb}
        told |= {"lost": standing.lost} if standing.lost else {}
        told |= {name: [_line(one) for one in view(outcomes)] for name, view in VIEWS}
        yield told


def _line(one: Line) -> dict[str, Any]:
    told: dict[str, Any] = {"name": one.name, "pictures": one.pictures}
    told |= {"right": share_json(one.right)} if one.right.total else {}
    told |= {"wrong": share_json(one.wrong), "failed": one.failed}
    return told | {"median_ms": round(one.median_ms, 2), "p95_ms": round(one.p95_ms, 2)}


def share_json(share: Share) -> dict[str, Any]:
    if not share.total:
        return {"count": 0, "of": 0}
    low, high = share.interval()
    percents = {"percent": round(share.percent, 2), "low": round(low, 2), "high": round(high, 2)}
    return {"count": share.count, "of": share.total} | percents


def show(contest: Contest, notes: Sequence[str], console: Console) -> None:
    for title, view in VIEWS:
        table = Table(title=title, box=None, title_justify="left")
        table.add_column("")
        table.add_column("reader", no_wrap=True)
        for name in HEAD:
            table.add_column(name, justify="right", no_wrap=True)
        for cells in _rows(contest, view):
            table.add_row(*cells)
        console.print(table)
    _show_readers(contest, console)
    for note in (*notes, *(f"{name} left out: {why}" for name, why in contest.missing.items())):
        console.print(note, soft_wrap=True)


def _rows(
    contest: Contest, view: Callable[[Sequence[Outcome]], list[Line]]
) -> Iterator[tuple[str, ...]]:
    found = {
        (one.name, row): one
        for standing in contest.standings
        for row, outcomes in standing.outcomes.items()
        for one in view(outcomes)
    }
    for name in dict.fromkeys(name for name, _ in found):
        shown = name
        for (key, row), one in found.items():
            if key == name:
                yield shown, row, *_cells(one)
                shown = ""


def _cells(one: Line) -> tuple[str, ...]:
    times = (f"{one.median_ms:.1f}", f"{one.p95_ms:.1f}")
    right, interval = share_cells(one.right)
    return str(one.pictures), right, interval, str(one.wrong.count), str(one.failed), *times


def share_cells(share: Share) -> tuple[str, str]:
    if not share.total:
        return "-", ""
    low, high = share.interval()
    return f"{share.count} = {share.percent:.1f} %", f"{low:.1f} .. {high:.1f}"


def _show_readers(contest: Contest, console: Console) -> None:
    for one in contest.standings:
        about = one.about
        console.print(
            f"{', '.join(about['rows'])}: {about['version']}, {about['licence']}, models "
            f"{about['models_mb']} MB, peak memory {one.memory_mb:.0f} MB. "
            f"Its reading: {about['how']}." + (f" LOST: {one.lost}" if one.lost else ""),
            soft_wrap=True,
        )
