"""`lanegate export`: the books as a file, while the box runs or not."""

import csv
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import click

from gateway.commands.options import config_argument
from gateway.commands.passes import Moment
from gateway.commands.progress import progress
from gateway.commands.spreadsheet import harmless
from gateway.config import ConfigError, load
from gateway.rules.clock import SHANGHAI
from gateway.store import StoreError
from gateway.store.exporting import BOOKS, TIMES, Span, count, read_book

BOM = "\ufeff"
TELL_EVERY = 200
Row = Mapping[str, Any]


class Zone(click.ParamType[tzinfo]):
    name = "ZONE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tzinfo:
        from zoneinfo import ZoneInfo

        if isinstance(value, tzinfo):
            return value
        if value == str(SHANGHAI):
            return SHANGHAI
        try:
            return ZoneInfo(value)
        except (ValueError, OSError, KeyError):
            self.fail(
                f"{value!r} is no time zone: write Asia/Shanghai, UTC or the like", param, ctx
            )


class Form(NamedTuple):
    """How the file is to look. Times always bear their distance from UTC."""

    format: str
    zone: tzinfo
    excel: bool


@click.command()
@config_argument
@click.option("--db", type=click.Path(path_type=Path, dir_okay=False),
              help="The database itself, instead of the configuration FILE.")  # fmt: skip
@click.option("--kind", type=click.Choice(list(BOOKS)), default="passes", show_default=True)
@click.option("--since", type=Moment(), help="From then on: 30m, 2h, 7d ago, or an ISO time.")
@click.option("--until", type=Moment(), help="Before then.")
@click.option("--format", "format_", type=click.Choice(["csv", "json", "jsonl"]), default="csv",
              show_default=True)  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False),
              help="The file to write; without it, standard output.")  # fmt: skip
@click.option("--zone", type=Zone(), default=str(SHANGHAI), show_default=True,
              help="Time zone of the times that are written.")  # fmt: skip
@click.option("--excel", is_flag=True, help="CSV with a mark that has Excel read Chinese rightly.")
def export(
    *,
    file: Path,
    db: Path | None,
    kind: str,
    since: datetime | None,
    until: datetime | None,
    format_: str,
    output: Path | None,
    zone: tzinfo,
    excel: bool,
) -> None:
    """Write out what the box whose configuration is FILE has kept, oldest first.

    The file holds personal data: keep it no longer than you need it.
    """
    if excel and format_ != "csv":
        raise click.UsageError("--excel is for --format csv")
    form, span = Form(format_, zone, excel), Span(since, until)
    try:
        path = db or load(file).data / "lanegate.db"
        with _written(output) as out, progress() as tell:
            total = count(path, kind, span)
            found = _counted(read_book(path, kind, span), lambda n: tell(kind, n, total))
            _write(out, kind, found, form)
    except (ConfigError, StoreError) as error:
        raise click.ClickException(str(error)) from error
    except BrokenPipeError:
        # Whoever read has had enough; Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except OSError as error:
        where = output or "standard output"
        raise click.ClickException(f"{where}: cannot be written: {error.strerror}") from error


def _counted(found: Iterable[Row], tell: Any) -> Iterator[Row]:
    for number, row in enumerate(found, 1):
        if number % TELL_EVERY == 0:
            tell(number)
        yield row


def _write(out: TextIO, kind: str, found: Iterable[Row], form: Form) -> None:
    shown = ({name: _shown(name, row[name], form.zone) for name in row} for row in found)
    match form.format:
        case "csv":
            _write_csv(out, BOOKS[kind].columns, shown, excel=form.excel)
        case "jsonl":
            out.writelines(f"{_json(row)}\n" for row in shown)
        case _:
            _write_json(out, shown)


def _shown(name: str, value: Any, zone: tzinfo) -> Any:
    if name not in TIMES or value is None:
        return value
    return datetime.fromisoformat(value).astimezone(zone).isoformat(timespec="milliseconds")


def _write_csv(out: TextIO, columns: tuple[str, ...], found: Iterable[Row], *, excel: bool) -> None:
    if excel:
        out.write(BOM)
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in found:
        writer.writerow([_cell(row[name]) for name in columns])


def _cell(value: Any) -> str:
    return harmless(_json(value) if isinstance(value, bool | list | dict) else value)


def _write_json(out: TextIO, found: Iterable[Row]) -> None:
    between = "[\n"
    for row in found:
        out.write(f"{between}{_json(row)}")
        between = ",\n"
    out.write("[]\n" if between == "[\n" else "\n]\n")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


@contextmanager
def _written(output: Path | None) -> Iterator[TextIO]:
    """The file appears whole, or not at all; what was there before stays until then."""
    if output is None:
        with _standard_output() as out:
            yield out
        return
    number, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
    part = Path(name)
    try:
        with open(number, "w", encoding="utf-8", newline="") as out:  # noqa: PTH123 -- by number
            yield out
            out.flush()
            os.fsync(number)
        part.replace(output)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def _standard_output() -> Iterator[TextIO]:
    """In UTF-8, whatever the terminal is set to."""
    out = io.TextIOWrapper(sys.stdout.buffer, "utf-8", newline="")
    try:
        yield out
        out.flush()
    finally:
        out.detach()
