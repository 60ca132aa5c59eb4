"""`lanegate rights explain`: what each right says to a vehicle, by the rules of the lanes."""

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from gateway.commands.rights_box import Box, box_options, told_problems
from gateway.commands.tariff_options import Moment
from gateway.config.problems import ConfigError
from gateway.rules.access import spelled
from gateway.rules.clock import Calendar, datetime_of, local_s
from gateway.rules.decision import Facts
from gateway.rules.decision.covering import covering
from gateway.rules.rights import Answer, Arrival, Judge, Right, Spans, Why
from gateway.rules.rights.spans import without
from gateway.rules.rights.words import answer_words, charged_words
from gateway.rules.sessions import Session, Vehicle
from gateway.rules.tariff.words import Language
from gateway.store import StoreError

LANGUAGES = click.Choice([str(language) for language in Language])


@dataclass(frozen=True, slots=True)
class Explained:
    """`charged`: what of the stay no right covers; None where no end of it was given."""

    answers: tuple[Answer, ...]
    charged: Spans | None


@click.command()
@click.argument("plate")
@click.option("--at", type=Moment(), required=True, help="When it comes.")
@click.option("--until", type=Moment(), help="When it leaves: tells what of the stay is charged.")
@click.option("--area", default="main", show_default=True, help="Where it comes in.")
@click.option("--class", "vehicle", default="car", show_default=True, help="As rights name it.")
@click.option("--calendar", type=click.Path(path_type=Path, dir_okay=False),
              help="The holidays; else those of the configuration.")  # fmt: skip
@click.option("--language", type=LANGUAGES, default=str(Language.CHINESE))
@box_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def explain(
    plate: str, box: Box, calendar: Path | None, language: str, *, as_json: bool, **asked: Any
) -> None:
    """Tell what each right of PLATE says, and why not.

    TIME is as on the clock of Shanghai, 2026-03-02T08:00. As if nobody had used a right before,
    and one of its spaces were free. Exits with 1 where no right covers.
    """
    if asked["until"] is not None and asked["until"] < asked["at"]:
        raise click.UsageError("--until is before --at")
    try:
        days = box.calendar(calendar)
        rights = asyncio.run(_rights_of(box, spelled(plate)))
    except ConfigError as error:
        told_problems(error.problems, as_json=as_json)
        raise SystemExit(1) from error
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    found = explained(rights, days, plate=spelled(plate), **asked)
    told = _fields if as_json else _lines
    click.echo(told(found, local_s(asked["at"]), Language(language)))
    raise SystemExit(0 if any(one.why is Why.COVERED for one in found.answers) else 1)


async def _rights_of(box: Box, plate: str) -> tuple[Right, ...]:
    async with box.book() as book:
        return () if book is None else await book.of(plate)


def explained(
    rights: tuple[Right, ...],
    calendar: Calendar,
    *,
    plate: str,
    at: datetime,
    until: datetime | None,
    area: str,
    vehicle: str,
) -> Explained:
    judge, arrival = Judge(calendar), Arrival(local_s(at), area, vehicle)
    answers = tuple(judge.ranked(rights, arrival))
    if until is None:
        return Explained(answers, None)
    best = next((one.right.right_id for one in answers if one.why is Why.COVERED), "")
    session = Session("", Vehicle(plate, "", "", vehicle), area, at, right_id=best)
    since = {right.right_id: local_s(at) for right in rights}
    found = covering(session, until, Facts(rights=rights, since=since), calendar)
    taken = [span for _, spans in found.parts for span in spans]
    return Explained(answers, without(found.stay, taken))


def _lines(found: Explained, at: int, language: Language) -> str:
    none = "这个车牌没有任何权益" if language is Language.CHINESE else "this plate has no right"
    lines = [answer_words(one, at, language) for one in found.answers] or [none]
    if found.charged is not None:
        lines += charged_words(found.charged, language)
    return "\n".join(lines)


def _fields(found: Explained, at: int, language: Language) -> str:
    told: dict[str, Any] = {
        "rights": [
            {
                "id": one.right.right_id,
                "kind": str(one.right.kind),
                "why": str(one.why),
                "days_left": one.days_left,
                "words": answer_words(one, at, language),
            }
            for one in found.answers
        ]
    }
    if found.charged is not None:
        told["charged"] = [
            {"from": _time(span.start), "to": _time(span.end)} for span in found.charged
        ]
    return json.dumps(told, ensure_ascii=False, indent=2)


def _time(second: int) -> str:
    return datetime_of(second).isoformat()
