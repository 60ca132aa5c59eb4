"""Every sentence that a story may use: its form, an example, and what it does. In one place."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Generic, TypeVar

from gateway.lane.reports import AlarmCode, Cause, ModeKind
from gateway.lane.types import Ending, Level, PlateColour, Reason
from tests.storyteller import expectations as e
from tests.storyteller import happenings as h
from tests.storyteller.story import Expectation, Happening, Said

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sentence(Generic[T]):
    form: re.Pattern[str]
    example: str
    does: T


def _one_of(words: Iterable[str]) -> str:
    """Long words first: `no plate` must not hide `no plate at all`."""
    return "|".join(sorted((word.replace("_", "[ _-]") for word in words), key=len, reverse=True))


SECONDS = r"\d+(?:\.\d+)?"
PLATE = r"[^\s,]+"
PLATES = rf"{PLATE}(?:, {PLATE})*"
PARTS = {
    "SECONDS": SECONDS,
    "PLATES": PLATES,
    "PLATE": PLATE,
    "LEVEL": _one_of(level for level in Level if level is not Level.NOT_FITTED),
    "COLOUR": _one_of(PlateColour),
    "SENSOR": "beam|key switch|fire contact|button",
    "ENDING": _one_of(Ending),
    "REASON": _one_of(Reason),
    "CODE": _one_of(AlarmCode),
    "CAUSE": _one_of(Cause),
    "MODE": _one_of(ModeKind),
    "HOW_SEEN": "(?P<once> once)?(?P<doubt> in doubt)?(?P<behind> behind)?",
}


def _sentence(form: str, example: str, does: T) -> Sentence[T]:
    for name, part in PARTS.items():
        form = form.replace(f"<{name}>", part)
    return Sentence(re.compile(form), example, does)


HAPPENINGS: tuple[Sentence[Happening], ...] = (
    _sentence(r"nothing happens", "nothing happens", h.nothing),
    _sentence(r"loop (?P<loop>A|B) (?P<level><LEVEL>)", "loop A on", h.loop),
    _sentence(r"(?P<sensor><SENSOR>) (?P<level><LEVEL>)", "fire contact on", h.sensor),
    _sentence(r"(?P<sensor>arm) is (?P<how>swung away|back)", "arm is swung away", h.arm),
    _sentence(r"(?P<sensor>button|fire reset) pressed", "button pressed", h.press),
    _sentence(r"boom is (?P<place>up|down|between)", "boom is up", h.boom_is),
    _sentence(r"boom (?P<way>rises|falls) by itself", "boom rises by itself", h.boom_moves),
    _sentence(r"boom (?P<how>is stuck|works)", "boom is stuck", h.boom_obeys),
    _sentence(r"(?P<limit>up|down) limit (?P<level><LEVEL>|works)", "up limit off", h.limit),
    _sentence(r"inputs are (?P<how>lost|back)", "inputs are lost", h.inputs),
    _sentence(
        r"barrier board (?P<how>answers|is silent|obeys without a word)",
        "barrier board is silent",
        h.board,
    ),
    _sentence(
        r"camera reads (?:(?P<colour><COLOUR>) )?(?P<plate><PLATE>)<HOW_SEEN>",
        "camera reads 京A12345",
        h.camera_reads,
    ),
    _sentence(
        r"camera keeps reading (?:(?P<colour><COLOUR>) )?(?P<plate><PLATE>)<HOW_SEEN>",
        "camera keeps reading 京A12345",
        h.camera_keeps_reading,
    ),
    _sentence(r"camera sees nothing", "camera sees nothing", h.camera_sees_nothing),
    _sentence(r"camera is (?P<how>lost|back)", "camera is lost", h.camera),
    _sentence(r"scanner reads (?P<code>\S+)", "scanner reads 8862100457", h.scanner),
    _sentence(
        r"agent opens(?P<again> again)?(?P<other> for somebody else)?",
        "agent opens",
        h.agent_opens,
    ),
    _sentence(
        r"agent orders (?P<mode>hold-open|lock-down|automatic)(?: for (?P<hold_s><SECONDS>) s)?",
        "agent orders hold-open for 60 s",
        h.agent_orders,
    ),
    _sentence(
        r"another lane (?P<what>sees|resets) fire", "another lane sees fire", h.fire_elsewhere
    ),
    _sentence(r"storage (?P<how>fails|works)", "storage fails", h.storage),
    _sentence(r"gateway (?P<what>crashes|stops|starts)", "gateway crashes", h.gateway),
    _sentence(r"clock steps by (?P<by_s>-?<SECONDS>) s", "clock steps by -3600 s", h.clock_steps),
    _sentence(
        r"rules are reloaded and allow (?:nobody|(?P<plates><PLATES>))",
        "rules are reloaded and allow 京A12345, 京B54321",
        h.reload,
    ),
)

EXPECTATIONS: tuple[Sentence[Expectation], ...] = (
    _sentence(r"(?P<do>open|close)", "expect open", e.order),
    _sentence(r"no order for (?P<quiet_s><SECONDS>) s", "expect no order for 5 s", e.no_order),
    _sentence(
        r"pass recorded as (?P<ending><ENDING>)"
        r"(?: with plate (?P<plate><PLATE>)|(?P<plateless> without a plate))?"
        r"(?: because (?P<reason><REASON>))?",
        "expect pass recorded as passed with plate 京A12345 because allow list",
        e.passed,
    ),
    _sentence(r"alarm (?P<code><CODE>)", "expect alarm wrong way", e.alarm),
    _sentence(
        r"case (?P<what>opened|closed)(?: with candidates (?P<candidates><PLATES>))?",
        "expect case opened with candidates 京A12345, 京A12845",
        e.case,
    ),
    _sentence(r"raise caused by (?P<cause><CAUSE>)", "expect raise caused by hold", e.raised),
    _sentence(r"look again", "expect look again", e.look_again),
    _sentence(r"photo", "expect photo", e.photo),
    _sentence(
        r"fire (?P<what>told|reset) to the other lanes",
        "expect fire told to the other lanes",
        e.fire_told,
    ),
    _sentence(r"agent is (?P<how>obeyed|refused)", "expect agent is obeyed", e.agent),
    _sentence(r"mode (?P<mode><MODE>)", "expect mode hold open", e.mode),
    _sentence(r"boom (?P<place>up|down|between)", "expect boom up", e.boom),
)


def find(
    text: str, sentences: Iterable[Sentence[T]], before: str = ""
) -> tuple[Sentence[T], Said] | str:
    """The sentence and what it says; where there is none, the example of the nearest one."""
    for sentence in sentences:
        if found := sentence.form.fullmatch(text):
            return sentence, {name: said or "" for name, said in found.groupdict().items()}
    examples = [sentence.example for sentence in sentences]
    return get_close_matches(before + text, examples, n=1, cutoff=0.0)[0]
