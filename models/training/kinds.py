"""The kinds of plate that are drawn: what they say, and how often; their looks are the twin's."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from drivers.twins.plateforms import LIVERIES, Form, Livery
from gateway.lane.types import PlateColour, PlateType

__all__ = [
    "DIGITS", "KINDS", "KIND_OF", "LETTERS", "PROVINCES", "Bgr", "Form", "Kind", "any_kind",
    "serial",
]  # fmt: skip

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
DIGITS = "0123456789"
_OLD_ARMY = "军空海北沈兰济南广成"

Bgr = tuple[int, int, int]
_Text = Callable[[random.Random], str]


@dataclass(frozen=True, slots=True)
class Kind:
    """`share` is how often it is drawn."""

    livery: Livery
    share: float
    text: _Text

    @property
    def name(self) -> str:
        return self.livery.name

    @property
    def type(self) -> PlateType:
        return self.livery.type

    @property
    def colour(self) -> PlateColour:
        return self.livery.colour

    @property
    def forms(self) -> tuple[Form, ...]:
        return self.livery.forms

    @property
    def red(self) -> tuple[int, ...]:
        return self.livery.red


def serial(dice: random.Random, length: int) -> str:
    """Mostly digits with up to two letters, as serials are given out; at times more of them."""
    letters = dice.choices((0, 1, 2, 3, length), (28, 30, 30, 8, 4))[0]
    signs = [dice.choice(DIGITS) for _ in range(length)]
    for place in dice.sample(range(length), min(letters, length)):
        signs[place] = dice.choice(LETTERS)
    return "".join(signs)


def _digits(dice: random.Random, length: int) -> str:
    return "".join(dice.choices(DIGITS, k=length))


def _office(dice: random.Random) -> str:
    return dice.choice(PROVINCES) + dice.choice(LETTERS)


def _civil(dice: random.Random) -> str:
    return _office(dice) + serial(dice, 5)


def _government(dice: random.Random) -> str:
    return dice.choice(PROVINCES) + "O" + serial(dice, 5)


def _ending(sign: str) -> _Text:
    return lambda dice: _office(dice) + serial(dice, 4) + sign


def _new_energy(dice: random.Random) -> str:
    first = dice.choice("DDDFFFABCEGHJK")
    second = dice.choice(LETTERS) if dice.random() < 0.3 else dice.choice(DIGITS)
    return _office(dice) + first + second + _digits(dice, 4)


def _large_new_energy(dice: random.Random) -> str:
    return _office(dice) + _digits(dice, 5) + dice.choice("DDDFFFABCEGHJK")


def _police(dice: random.Random) -> str:
    office = dice.choice(LETTERS + "OOO")
    return dice.choice(PROVINCES) + office + serial(dice, 4) + "警"


def _army(dice: random.Random) -> str:
    return dice.choice(LETTERS) + dice.choice(LETTERS) + _digits(dice, 5)


def _old_army(dice: random.Random) -> str:
    return dice.choice(_OLD_ARMY + "军" * 8) + dice.choice(LETTERS) + _digits(dice, 5)


def _armed_police(dice: random.Random) -> str:
    return "WJ" + dice.choice(PROVINCES) + _digits(dice, 4) + dice.choice(DIGITS + "XBTSHJD")


def _armed_staff(dice: random.Random) -> str:
    return "WJ" + _digits(dice, 4) + dice.choice(DIGITS + "XBTSHJD")


def _embassy(dice: random.Random) -> str:
    return "使" + _digits(dice, 6)


def _new_embassy(dice: random.Random) -> str:
    return _digits(dice, 6) + "使"


def _border(dice: random.Random) -> str:
    return "粤Z" + serial(dice, 4) + dice.choice("港港澳")


def _airport(dice: random.Random) -> str:
    return "民航" + dice.choice(LETTERS) + _digits(dice, 4)


def _emergency(dice: random.Random) -> str:
    if dice.random() < 0.2:
        return "京" + _digits(dice, 5) + "应急"
    return dice.choice(PROVINCES) + dice.choice("XS") + _digits(dice, 4) + "应急"


def _temporary(dice: random.Random) -> str:
    return _office(dice) + serial(dice, 5) + dice.choice("临临临试超")


def _tractor(dice: random.Random) -> str:
    return dice.choice(PROVINCES) + _digits(dice, 2) + _digits(dice, 5)


_DRAWN: dict[str, tuple[float, _Text]] = {
    "blue": (14, _civil),
    "government": (2, _government),
    "yellow": (8, _civil),
    "yellow lorry": (9, _civil),
    "foreign black": (3, _civil),
    "motorcycle": (4, _civil),
    "light motorcycle": (3, _civil),
    "new energy": (14, _new_energy),
    "large new energy": (6, _large_new_energy),
    "trailer": (5, _ending("挂")),
    "trailer line": (2, _ending("挂")),
    "trainer": (4, _ending("学")),
    "police": (5, _police),
    "police motorcycle": (2, _police),
    "military": (4, _army),
    "military lorry": (4, _army),
    "old military": (4, _old_army),
    "armed police": (6, _armed_police),
    "armed staff": (3, _armed_staff),
    "armed lorry": (5, _armed_police),
    "embassy": (6, _embassy),
    "new embassy": (6, _new_embassy),
    "consulate": (4, _ending("领")),
    "border": (4, _border),
    "airport": (4, _airport),
    "emergency": (4, _emergency),
    "temporary": (5, _temporary),
    "temporary across": (5, _temporary),
    "farm": (6, _tractor),
}
KINDS = tuple(Kind(livery, *_DRAWN[livery.name]) for livery in LIVERIES)

KIND_OF = {kind.name: kind for kind in KINDS}


def any_kind(dice: random.Random) -> Kind:
    return dice.choices(KINDS, [kind.share for kind in KINDS])[0]
