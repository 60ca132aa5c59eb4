"""The model card, written from its text in `card.md` and the figures that were measured."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

TEXT = Path(__file__).parent / "card.md"
FIGURES = ("validation", "synthetic", "all", "calibration")


class NoFigures(Exception):  # noqa: N818
    """Figures that the card quotes are missing: a sentence."""


def read_figures(folder: Path) -> dict[str, Any]:
    """`<name>.json` for each of FIGURES, as `python -m bench.reader --json` prints them."""
    found = {}
    for name in FIGURES:
        path = folder / f"{name}.json"
        try:
            found[name] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, json.JSONDecodeError) as error:
            raise NoFigures(f"{path}: {error}; write it with python -m bench.reader") from error
    return found


def write_card(path: Path, figures: Mapping[str, Any], models: Mapping[str, Path]) -> None:
    """Raises `KeyError` where the text asks for something that is not measured."""
    fields = {f"{name}_mb": f"{file.stat().st_size / 1e6:.2f}" for name, file in models.items()}
    for name in ("validation", "synthetic", "all"):
        fields[f"{name}_in_all"] = _contest(figures[name]["readers"], "in all")
        fields[f"{name}_by_source"] = _contest(figures[name]["readers"], "by source")
        fields[f"{name}_by_type"] = _contest(figures[name]["readers"], "by type")
    fields["calibration"] = _calibration(figures["calibration"])
    fields["readers"] = _readers(figures["validation"]["readers"])
    text = Template(TEXT.read_text(encoding="utf-8")).substitute(fields)
    path.write_text(text, encoding="utf-8")


def _table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _contest(readers: Sequence[Mapping[str, Any]], view: str) -> str:
    """A line for each name of the view, a column for each reader."""
    names = [line["name"] for line in readers[0][view]]
    lines = [{line["name"]: line for line in reader[view]} for reader in readers]
    head = ("pictures of", "number", *(reader["reader"] for reader in readers))
    rows = (
        (name, str(lines[0][name]["pictures"]), *(_cell(one.get(name)) for one in lines))
        for name in names
    )
    return _table(head, rows)


def _cell(line: Mapping[str, Any] | None) -> str:
    """Right readings with their interval; without a plate, the pictures that were read."""
    if line is None:
        return "-"
    share = line.get("right") or line["wrong"]
    what = "" if "right" in line else " read"
    interval = f"{share['low']:.1f}-{share['high']:.1f}"
    return f"{share['percent']:.1f} %{what} ({interval})"


def _readers(readers: Sequence[Mapping[str, Any]]) -> str:
    head = ("reader", "median ms a crop", "median ms a scene", "models MB", "memory MB", "licence")
    return _table(head, (_about(reader) for reader in readers))


def _about(reader: Mapping[str, Any]) -> tuple[str, ...]:
    in_all = {line["name"]: line for line in reader["in all"]}
    times = (_ms(in_all.get(name)) for name in ("all crops", "all scenes"))
    about = (reader.get(key, "-") for key in ("models_mb", "memory_mb", "licence"))
    return (str(reader["reader"]), *times, *(_short(value) for value in about))


def _ms(line: Mapping[str, Any] | None) -> str:
    return "-" if line is None else f"{line['median_ms']:.1f} (95 %: {line['p95_ms']:.1f})"


def _short(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def _calibration(figures: Mapping[str, Any]) -> str:
    """Each least character once, everything else as it is by default."""
    default = figures["default"]
    points = {
        point["gate"]["min_char"]: point
        for point in figures["points"]
        if point["gate"] == default | {"min_char": point["gate"]["min_char"]}
    }
    head = ("`min_char`", "crops kept", "scenes kept", "wrong", "read of `not_plates`")
    return _table(head, (_point(points[least], default) for least in sorted(points)))


def _point(point: Mapping[str, Any], default: Mapping[str, Any]) -> tuple[str, ...]:
    least = point["gate"]["min_char"]
    name = f"**{least:.2f}**" if least == default["min_char"] else f"{least:.2f}"
    shares = (_share(point[key]) for key in ("crops", "scenes", "wrong", "false_crops"))
    return (name, *shares)


def _share(share: Mapping[str, Any]) -> str:
    return f"{share['percent']:.2f} % ({share['low']:.2f}-{share['high']:.2f})"
