"""What a lane did in a story, in its order; each line of it may be claimed by one expectation."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.storyteller.virtual_time import START_S

Facts = Mapping[str, object]

OWED = frozenset({"order", "pass", "alarm", "case opened"})


@dataclass(slots=True)
class Seen:
    """One thing that happened; `facts` are what an expectation can ask for."""

    at_s: float
    kind: str
    facts: Facts
    claimed: bool = False

    @property
    def owed(self) -> bool:
        """A story must say that it expects it."""
        unexplained = self.kind == "raise" and self.facts["cause"] == "unexplained"
        return self.kind in OWED or unexplained

    def __str__(self) -> str:
        words = ", ".join(f"{name} {_word(fact)}" for name, fact in self.facts.items() if fact)
        return f"{self.at_s:8.2f} s  {self.kind}: {words}"


@dataclass(slots=True)
class Chronicle:
    """`path`: the store's file; what it keeps is read from its outbox, in the order of writing."""

    path: Path
    seen: list[Seen] = field(default_factory=list)
    _read: int = 0
    _known: set[tuple[str, object]] = field(default_factory=set)

    def write(self, kind: str, **facts: object) -> None:
        self.seen.append(Seen(story_s(), kind, facts))

    def look(self) -> None:
        """Take in what the store has kept since the last look; the same thing again is no news."""
        with closing(sqlite3.connect(self.path)) as db:
            sql = "select rowid, kind, body from outbox where rowid > ? order by rowid"
            for row, kind, body in db.execute(sql, (self._read,)).fetchall():
                self._read = row
                self._take(kind, json.loads(body))

    def _take(self, kind: str, body: Mapping[str, Any]) -> None:
        for name, facts in _stored(kind, body):
            key = name, body.get(f"{kind}_id", self._read)
            if key in self._known:
                self.write("written again", what=name)
            else:
                self.write(name, **facts)
            self._known.add(key)

    def unclaimed(self, kind: str) -> Iterator[Seen]:
        return (seen for seen in self.seen if seen.kind == kind and not seen.claimed)

    def owed(self, kind: str = "") -> list[Seen]:
        """What no line of the story expected, of all kinds or of one."""
        return [
            seen for seen in self.seen if seen.owed and not seen.claimed and kind in ("", seen.kind)
        ]

    def __str__(self) -> str:
        return "\n".join(map(str, self.seen)) or "    nothing"


def story_s() -> float:
    return asyncio.get_running_loop().time() - START_S


def _stored(kind: str, body: Mapping[str, Any]) -> Iterator[tuple[str, Facts]]:
    """A record of the outbox in the story's words; decisions and the like are not told."""
    match kind:
        case "pass" if body["phase"] == "ended":
            plate = body["plate"] and body["plate"]["text"]
            yield (
                "pass",
                {
                    "ending": body["ending"],
                    "plate": plate or "",
                    "reason": body["reason"],
                },
            )
        case "alarm":
            yield "alarm", {"code": body["code"], "detail": body["detail"]}
        case "raise":
            yield "raise", {"cause": body["cause"], "reason": body["reason"]}
        case "case":
            yield from _case(body)
        case "mode":
            yield "mode", {"mode": body["kind"], "by": body["by"]}


def _case(body: Mapping[str, Any]) -> Iterator[tuple[str, Facts]]:
    if body["closed_at"] is None:
        guesses = ", ".join(candidate["text"] for candidate in body["candidates"])
        yield "case opened", {"candidates": guesses, "why": body["why"]}
    else:
        yield "case closed", {"outcome": body["outcome"]}


def _word(fact: object) -> str:
    return str(fact).replace("_", " ")
