"""What the demo adds up at the end: the simulation's truth beside the records and the receipt."""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gateway.store import read_passes
from gateway.sync.receive import summary

FINISHED = {"passed", "turned_back", "gave_up"}


@dataclass(frozen=True, slots=True)
class Tally:
    """The simulation's truth, the gateway's records and the receiver's, side by side.

    By the simulation's own journal: `cars` that came and are gone again, `opened` raises of a
    boom, cars `turned_back`. `read_right`: cars with a record of their very plate. `lost`:
    finished records that the receiver does not hold as they are; `duplicated`: records that it
    applied twice.
    """

    cars: int
    read_right: int
    opened: int
    turned_back: int
    stored: int
    received: int
    lost: int
    duplicated: int

    def as_json(self) -> str:
        return json.dumps(asdict(self))


def tally(journal: Path, database: Path, received: Path) -> Tally:
    events = [json.loads(line) for line in journal.read_text("utf-8").splitlines()]
    passes = [row for row in read_passes(database) if row["ending"]]
    there = _received(received)
    return Tally(
        cars=_count(events, *FINISHED),
        read_right=_read_right(events, passes),
        opened=_count(events, "boom_opens"),
        turned_back=_count(events, "turned_back"),
        stored=len(passes),
        received=len(there),
        lost=sum(there.get(row["pass_id"]) != row["ending"] for row in passes),
        duplicated=summary(received)["duplicated"],
    )


def _count(events: list[dict[str, Any]], *names: str) -> int:
    return sum(event["event"] in names for event in events)


def _read_right(events: list[dict[str, Any]], passes: list[dict[str, Any]]) -> int:
    """Each record stands for one car at most."""
    cars = Counter((e["lane"], e["plate"]) for e in events if e["event"] in FINISHED)
    read = Counter((row["lane"], row["plate"]) for row in passes)
    return (cars & read).total()


def _received(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return dict(db.execute("select pass_id, ending from pass where ending is not null"))
