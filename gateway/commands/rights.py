"""`lanegate rights`: who has a right to park, from a file into the book and out of it."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from gateway.commands.progress import progress
from gateway.commands.rights_box import Box, box_options, told_problems
from gateway.commands.rights_explained import explain
from gateway.config.problems import ConfigError
from gateway.rights import (
    Delta,
    Held,
    RightsBook,
    RightsError,
    RightText,
    read_delta,
    read_rights,
)
from gateway.rights.held import SetHash, digest_of
from gateway.rules.access import spelled
from gateway.store import StoreError

TELL_EACH = 500
DELTA_HELP = "FILE is a change of the set that is held."

file_argument = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


@click.group()
def rights() -> None:
    """Read, check, show and explain who has a right to park.

    FILE is a list in YAML, or JSON lines in a file *.jsonl; see docs/rights.md.
    """


rights.add_command(explain)


# --- check -------------------------------------------------------------------------------


@rights.command()
@file_argument
@click.option("--delta", "is_delta", is_flag=True, help=DELTA_HELP)
@json_option
def check(file: Path, *, is_delta: bool, as_json: bool) -> None:
    """Tell what is wrong with a file of rights. Nothing is changed.

    Exits with 1 where something is.
    """
    try:
        told = _summary_of_delta(read_delta(file)) if is_delta else _summary(file)
    except ConfigError as error:
        told_problems(error.problems, as_json=as_json)
        sys.exit(1)
    if as_json:
        click.echo(json.dumps({"ok": True, "problems": []} | told, ensure_ascii=False, indent=2))
    else:
        click.echo(f"{file}: ok; {_words(told)}")


def _summary(file: Path) -> dict[str, Any]:
    kinds: Counter[str] = Counter()
    whole = SetHash()
    with progress() as tell:
        for right in read_rights(file, _Reading(file, tell)):
            kinds[str(right.kind)] += 1
            whole.add(digest_of(right.line()))
    return {"count": kinds.total(), "kinds": dict(sorted(kinds.items())), "hash": whole.text}


def _summary_of_delta(delta: Delta) -> dict[str, Any]:
    numbers = {"set": len(delta.set), "drop": len(delta.drop)}
    return {"from": delta.from_version, "version": delta.version} | numbers | {"hash": delta.hash}


def _words(told: dict[str, Any]) -> str:
    if "from" in told:
        return "version {version} of {from}: sets {set}, drops {drop}".format(**told)
    kinds = ", ".join(f"{kind} {count}" for kind, count in told["kinds"].items())
    return f"{_number(told['count'])}{kinds and f' ({kinds})'}, hash {told['hash']}"


class _Reading:
    """Moves the bar now and then: each line would take longer than reading it."""

    def __init__(self, file: Path, tell: Any) -> None:
        self._file, self._tell = file, tell
        self._bytes = self._lines = 0

    def __call__(self, line_bytes: int) -> None:
        self._bytes += line_bytes
        self._lines += 1
        if self._lines % TELL_EACH == 0:
            self._tell("reading", self._bytes, self._file.stat().st_size)


# --- import ------------------------------------------------------------------------------


@rights.command("import")
@file_argument
@box_options
@click.option("--version", type=click.IntRange(1), help="Of the set; else the next one.")
@click.option("--hash", "digest", default="", help="Refuse the file where its hash is another.")
@click.option("--delta", "is_delta", is_flag=True, help=DELTA_HELP)
@click.option("--empty", is_flag=True, help="FILE holds no right, and that is meant.")
@json_option
def import_(file: Path, box: Box, *, is_delta: bool, as_json: bool, **how: Any) -> None:
    """Hold the rights of FILE from now on, all of them and no others; with --delta, change them.

    The daemon need not be stopped: its next decision goes by them. Exits with 1 where FILE cannot
    be used; the rights before it then stay in force.
    """
    if is_delta and (how["version"] or how["digest"] or how["empty"]):
        raise click.UsageError("a change says its version and hash itself: give --delta alone")
    try:
        before, after = asyncio.run(_imported(box, file, is_delta=is_delta, **how))
    except ConfigError as error:
        told_problems(error.problems, as_json=as_json)
        sys.exit(1)
    except (RightsError, StoreError) as error:
        raise click.ClickException(f"{error}. The rights before it stay in force") from error
    if as_json:
        told = {"before": asdict(before), "after": asdict(after)}
        click.echo(json.dumps(told, indent=2))
    else:
        click.echo(f"{box.rights}: {_held_words(after)} (before: {_held_words(before)})")
        click.echo(f"hash {after.hash}")


async def _imported(
    box: Box, file: Path, *, version: int | None, digest: str, is_delta: bool, empty: bool
) -> tuple[Held, Held]:
    delta = read_delta(file) if is_delta else None
    book = RightsBook.open(box.rights)
    before = book.state
    try:
        if delta is not None:
            return before, await book.apply(delta)
        with progress() as tell:
            found = _meant(read_rights(file, _Reading(file, tell)), file, empty=empty)
            return before, await book.replace(found, version or before.version + 1, digest)
    finally:
        await book.close()


def _meant(found: Iterator[RightText], file: Path, *, empty: bool) -> Iterator[RightText]:
    """A file that was cut off must not take everybody's right away."""
    first = next(found, None)
    if first is None:
        if not empty:
            raise RightsError(f"{file} holds no right; if all are to go, say so with --empty")
        return
    yield first
    yield from found


# --- show --------------------------------------------------------------------------------


@rights.command()
@click.argument("what", default="", metavar="[PLATE|ID]")
@box_options
@json_option
def show(what: str, box: Box, *, as_json: bool) -> None:
    """Show which set is held, or the rights of a plate, or one right.

    Exits with 1 where nothing has this plate or id.
    """
    try:
        held, lines = asyncio.run(_looked_up(box, what))
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    found = [json.loads(line) for line in lines]
    if as_json:
        told = asdict(held) | ({"rights": found} if what else {})
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    elif not what:
        click.echo(f"{box.rights}: {_held_words(held)}\nhash {held.hash}")
    elif found:
        click.echo(_as_yaml(found), nl=False)
    else:
        click.echo(f"no right has the plate or the id {what}; held: {_held_words(held)}", err=True)
    sys.exit(1 if what and not found else 0)


async def _looked_up(box: Box, what: str) -> tuple[Held, tuple[str, ...]]:
    async with box.book() as book:
        if book is None:
            return Held(), ()
        if not what:
            return book.state, ()
        lines = await book.lines(right_id=what) or await book.lines(plate=spelled(what))
        return book.state, lines


def _as_yaml(found: list[dict[str, Any]]) -> str:
    """As it may stand in a file of rights."""
    import yaml

    order = [field.alias or name for name, field in RightText.model_fields.items()]
    ordered = [{key: one[key] for key in sorted(one, key=order.index)} for one in found]
    told: str = yaml.safe_dump(
        ordered, allow_unicode=True, sort_keys=False, default_flow_style=None, width=100
    )
    return told


def _held_words(held: Held) -> str:
    return f"version {held.version}, {_number(held.count)}" if held.version else "none yet"


def _number(count: int) -> str:
    return "1 right" if count == 1 else f"{count} rights"
