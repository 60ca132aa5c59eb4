"""Reads a story's file. What is wrong is told with its line and the nearest right sentence."""

import re
from collections.abc import Callable
from dataclasses import fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from gateway.config import yamlfile
from gateway.config.document import Data, Document, items, mapping
from gateway.config.problems import ConfigError, Where
from gateway.lane.plates import kind_of
from gateway.lane.sensors import Timing
from gateway.lane.types import Direction, Verdict
from gateway.rules.access import AccessList, spelled
from tests.storyteller.grammar import EXPECTATIONS, HAPPENINGS, SECONDS, find
from tests.storyteller.happenings import SENSORS
from tests.storyteller.story import Expects, Happens, LaneSetting, Line, Said, Story

T = TypeVar("T")

SOON_S = 10.0
KEYS = ("story", "lane", "allow", "block", "codes", "steps")
LANE_KEYS = ("direction", "limits", "travel_s", "unknown", "timing")
TIMED = re.compile(rf"(?P<word>at|after) (?P<seconds>{SECONDS}) s (?P<rest>.+)")
EXPECTED = re.compile(rf"expect (?P<rest>.+?)(?: within (?P<within>{SECONDS}) s)?")


def read(path: Path) -> Story:
    """Raises `ConfigError`, which holds all problems of the file at once."""
    document = yamlfile.read(path)
    document.must_be_mapping("write `story:` and `steps:`")
    story = _Reader(document).story() if document.whole else None
    if story is None or document.problems:
        raise ConfigError(document.problems)
    return story


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._data = mapping(document.data)

    def story(self) -> Story:
        self._known(self._data, KEYS, ())
        for key in ("story", "steps"):
            if not self._data.get(key):
                self._tell((key,), f"this story has no `{key}:`", f"write `{key}:`")
        lines = tuple(
            line
            for number, step in enumerate(items(self._data.get("steps")))
            if (line := self._line(step, ("steps", number)))
        )
        self._in_order(lines)
        return Story(
            str(self._data.get("story")), self._lane(), self._access(), lines, _sensors(lines)
        )

    def _known(self, data: dict[str, Data], keys: tuple[str, ...], where: Where) -> None:
        for key in data:
            if key not in keys:
                near = get_close_matches(key, keys, n=1, cutoff=0.0)[0]
                self._tell((*where, key), f"a story knows no `{key}:`", f"did you mean `{near}:`?")

    # --- what is known before

    def _lane(self) -> LaneSetting:
        lane = mapping(self._data.get("lane"))
        self._known(lane, LANE_KEYS, ("lane",))
        return LaneSetting(
            direction=self._value(lane, "direction", Direction, Direction.ENTRY),
            limits=self._value(lane, "limits", _yes, LaneSetting().limits),
            travel_s=self._value(lane, "travel_s", float, LaneSetting().travel_s),
            timing=self._timing(mapping(lane.get("timing"))),
        )

    def _timing(self, data: dict[str, Data]) -> Timing:
        usual = {field.name: getattr(Timing(), field.name) for field in fields(Timing)}
        where = ("lane", "timing")
        self._known(data, tuple(usual), where)
        said = {
            key: self._value(data, key, _typed(was), was, where)
            for key, was in usual.items()
            if key in data
        }
        return replace(Timing(), **said)

    def _value(
        self,
        data: dict[str, Data],
        key: str,
        typed: Callable[[str], T],
        usual: T,
        where: Where = ("lane",),
    ) -> T:
        said = data.get(key)
        if said is None:
            return usual
        try:
            return typed(str(said))
        except ValueError:
            self._tell((*where, key), f"`{key}: {said}` means nothing", f"usual is {usual}")
            return usual

    def _access(self) -> AccessList:
        lane = mapping(self._data.get("lane"))
        return AccessList(
            self._plates("allow"),
            self._plates("block"),
            self._value(lane, "unknown", Verdict, Verdict.DENY),
            frozenset(map(str, items(self._data.get("codes")))),
        )

    def _plates(self, key: str) -> frozenset[str]:
        found = frozenset(spelled(str(plate)) for plate in items(self._data.get(key)))
        for plate in found:
            self._must_be_plate(plate, (key,))
        return found

    def _must_be_plate(self, plate: str, where: Where) -> None:
        if kind_of(spelled(plate)) is None:
            self._tell(where, f"no plate looks like {plate}", "write one such as 京A12345")

    # --- the lines

    def _line(self, step: Data, where: Where) -> Line | None:
        text = step if isinstance(step, str) else ""
        if timed := TIMED.fullmatch(text):
            return self._happens(text, timed, where)
        if expected := EXPECTED.fullmatch(text):
            return self._expects(text, expected, where)
        self._tell(
            where,
            "a step is `at 1.5 s ...`, `after 0.5 s ...` or `expect ...`",
            "write seconds with a number, a space and `s`; put a text with `: ` in quotes",
        )
        return None

    def _happens(self, text: str, timed: re.Match[str], where: Where) -> Line | None:
        found = find(timed["rest"], HAPPENINGS)
        if isinstance(found, str):
            self._tell(where, f"nobody knows how to play `{timed['rest']}`", f"nearest: `{found}`")
            return None
        sentence, said = found
        self._check(said, where)
        seconds = float(timed["seconds"])
        at_s, after_s = (seconds, 0.0) if timed["word"] == "at" else (None, seconds)
        return Happens(self._place(where), text, said, sentence.does, at_s, after_s)

    def _expects(self, text: str, expected: re.Match[str], where: Where) -> Line | None:
        found = find(expected["rest"], EXPECTATIONS, "expect ")
        if isinstance(found, str):
            what = f"nobody knows how to expect `{expected['rest']}`"
            self._tell(where, what, f"nearest: `{found}`")
            return None
        sentence, said = found
        self._check(said, where)
        quiet_s = float(said.get("quiet_s") or 0)
        within_s = float(expected["within"] or SOON_S + quiet_s)
        return Expects(self._place(where), text, said, sentence.does, within_s)

    def _check(self, said: Said, where: Where) -> None:
        plates = [said.get("plate", ""), *said.get("plates", "").split(", ")]
        plates += said.get("candidates", "").split(", ")
        for plate in filter(None, plates):
            self._must_be_plate(plate, where)

    def _in_order(self, lines: tuple[Line, ...]) -> None:
        """An `at` must not lie before an earlier one."""
        last_s = 0.0
        for line in lines:
            if not isinstance(line, Happens) or line.at_s is None:
                continue
            if line.at_s < last_s:
                where = ("steps", lines.index(line))
                self._tell(where, f"{line.at_s:g} s lies before the {last_s:g} s above", "sort")
            last_s = line.at_s

    def _place(self, where: Where) -> str:
        place = self._document.value_spot(where).place
        return f"{place.file}:{place.line}"

    def _tell(self, where: Where, what: str, fix: str) -> None:
        self._document.tell(self._document.key_spot(where), what, fix)


def _sensors(lines: tuple[Line, ...]) -> frozenset[str]:
    """What a story names is there from its beginning."""
    return frozenset(SENSORS[line.said["sensor"]] for line in lines if "sensor" in line.said)


def _typed(usual: object) -> Callable[[str], Any]:
    return _yes if isinstance(usual, bool) else type(usual)


def _yes(said: str) -> bool:
    if said not in {"yes", "no"}:
        raise ValueError(said)
    return said == "yes"
