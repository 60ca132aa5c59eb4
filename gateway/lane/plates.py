"""What can be a plate: the grammar of GA 36-2018 and its kin, and the gate of a reading."""

import re
from dataclasses import dataclass, replace
from math import prod

from gateway.lane.types import PlateCandidate, PlateColour, PlateReading, PlateType

BLUE, YELLOW, GREEN = PlateColour.BLUE, PlateColour.YELLOW, PlateColour.GREEN
YELLOW_GREEN, UNKNOWN = PlateColour.YELLOW_GREEN, PlateColour.UNKNOWN
WHITE, BLACK = PlateColour.WHITE, PlateColour.BLACK

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
OFFICE_ENDS, MOST_LETTERS = 2, 2

# What the small letters of the table stand for. I and O are nowhere among them: the O of the
# police and of government offices is written out where it may stand.
_CLASSES = {
    "p": f"[{PROVINCES}]",
    "a": "[A-HJ-NP-Z]",
    "e": "[A-HJK]",
    "s": "[0-9A-HJ-NP-Z]",
    "n": "[0-9]",
    "u": "[0-9XBTSHJD]",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A row of the table. `colours` are what a sound camera sees; unknown agrees with all."""

    type: PlateType
    shape: re.Pattern[str]
    colours: frozenset[PlateColour]
    rows: tuple[int, ...]
    example: str


def _kind(
    type_: PlateType, shape: str, colours: set[PlateColour], rows: tuple[int, ...], example: str
) -> Kind:
    pattern = "".join(_CLASSES.get(sign, sign) for sign in shape)
    return Kind(type_, re.compile(pattern), frozenset(colours), rows, example)


ONE, BOTH = (1,), (1, 2)

# p province, a letter, e letter of new energy, s digit or letter, n digit, u sort of unit.
# The first row that fits in shape is the kind.
KINDS = (
    _kind(PlateType.CIVIL, "passsss", {BLUE, YELLOW, BLACK}, BOTH, "京A12345"),
    _kind(PlateType.CIVIL, "pOsssss", {BLUE}, BOTH, "浙O12345"),
    _kind(PlateType.NEW_ENERGY, "paesnnnn", {GREEN}, ONE, "京AD12345"),
    _kind(PlateType.NEW_ENERGY, "pannnnne", {YELLOW_GREEN, GREEN}, ONE, "京A12345D"),
    _kind(PlateType.TRAILER, "passss挂", {YELLOW}, BOTH, "京A1234挂"),
    _kind(PlateType.TRAINER, "passss学", {YELLOW}, BOTH, "京A1234学"),
    _kind(PlateType.POLICE, "(pa|pO)ssss警", {WHITE}, BOTH, "京A1234警"),
    _kind(PlateType.ARMED_POLICE, "WJp?nnnnu", {WHITE}, BOTH, "WJ京1234X"),
    _kind(PlateType.MILITARY, "(a|[军空海北沈兰济南广成])annnnn", {WHITE}, BOTH, "VA12345"),
    _kind(PlateType.EMBASSY, "使nnnnnn|nnnnnn使", {BLACK}, BOTH, "使014001"),
    _kind(PlateType.CONSULATE, "passss领", {BLACK}, BOTH, "沪A0012领"),
    _kind(PlateType.HK_MACAU, "粤Zssss[港澳]", {BLACK}, ONE, "粤Z1234港"),
    _kind(PlateType.EMERGENCY, "p[XS]nnnn应急|京nnnnn应急", {WHITE}, ONE, "京X1234应急"),
    _kind(PlateType.AIRPORT, "民航annnn", {GREEN}, BOTH, "民航A1234"),
    _kind(PlateType.TEMPORARY, "passsss?[临试超]", {BLUE, YELLOW, WHITE}, ONE, "京A12345临"),
    _kind(PlateType.FARM, "pnnnnnnn", {GREEN}, BOTH, "皖0112345"),
)


@dataclass(frozen=True, slots=True)
class Gate:
    """What a candidate must reach; models/README.md has the figures behind the defaults.

    The least sure character counts, not the mean: a covered one must not hide among six good.
    """

    min_char: float = 0.45
    box_score: float = 0.4
    plate: float = 0.5
    width_px: float = 0.0
    sharpness: float = 0.0


@dataclass(frozen=True, slots=True)
class Rejected:
    """Not a reading. `why` is a sentence for the technician."""

    text: str
    why: str


def judge(candidate: PlateCandidate, gate: Gate) -> PlateReading | Rejected:
    """A possible plate that passed the gate, or why not. Total: defined for every candidate."""
    kind = kind_of(candidate.text)
    if kind is None:
        return Rejected(candidate.text, "no plate of GA 36-2018 looks like this text")
    why = _misfit(candidate, kind) or _too_weak(candidate, gate)
    return Rejected(candidate.text, why) if why else _reading(candidate, kind)


def doubt(candidate: PlateCandidate) -> PlateReading | None:
    """A possible plate that the gate refuses: nothing to act upon, but a hint for a person."""
    kind = kind_of(candidate.text)
    whole = len(candidate.characters) == len(candidate.text)
    if kind is None or not whole or _misfit(candidate, kind):
        return None
    return replace(_reading(candidate, kind), sure=False)


def kind_of(text: str) -> Kind | None:
    """The row of the table that a text belongs to; none where no plate looks like it."""
    if _letters(text[OFFICE_ENDS:]) > MOST_LETTERS:
        return None
    return next((kind for kind in KINDS if kind.shape.fullmatch(text)), None)


def _letters(serial: str) -> int:
    return sum("A" <= sign <= "Z" for sign in serial)


def _misfit(candidate: PlateCandidate, kind: Kind) -> str:
    """Where colour and rows speak against the text; empty where nothing does."""
    colour = candidate.colour
    if colour is GREEN and PlateType.CIVIL is kind.type:
        return f"a green plate has 8 characters, this text has {len(candidate.text)}: a misread"
    if colour is not UNKNOWN and colour not in kind.colours:
        return f"a {kind.type} plate is never {colour}"
    if candidate.rows not in kind.rows:
        return f"a {kind.type} plate never has {candidate.rows} rows"
    return ""


def _too_weak(candidate: PlateCandidate, gate: Gate) -> str:
    """Written so that a probability that is no number is under every gate."""
    for name, found, least in (
        ("box score", candidate.box_score, gate.box_score),
        ("chance to be a plate at all", candidate.plate, gate.plate),
        ("width in pixels", candidate.width_px, gate.width_px),
        ("sharpness", candidate.sharpness, gate.sharpness),
    ):
        if not found >= least:
            return f"{name} {found:.4g} is under the gate's {least:.4g}"
    if len(candidate.characters) != len(candidate.text):
        return f"{len(candidate.characters)} probabilities for {len(candidate.text)} characters"
    for place, probability in enumerate(candidate.characters, start=1):
        if not probability >= gate.min_char:
            return f"character {place}: {probability:.2f} is under the gate's {gate.min_char:.2f}"
    return ""


def _reading(candidate: PlateCandidate, kind: Kind) -> PlateReading:
    return PlateReading(
        text=candidate.text,
        type=kind.type,
        colour=candidate.colour,
        confidence=prod(candidate.characters),
        min_char=min(candidate.characters),
        corners=candidate.corners,
    )
