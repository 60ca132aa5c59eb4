"""The kinds of plate that are drawn: what they say, where it stands, and in which colours.

Sizes and places follow GA 36-2018 (motor vehicles), GA 36-2007 and its forerunners where old
plates are still seen, and NY 345.1 (tractors); lengths in millimetres.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from gateway.lane.types import PlateColour, PlateType

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
DIGITS = "0123456789"
_OLD_ARMY = "军空海北沈兰济南广成"

Bgr = tuple[int, int, int]
Cell = tuple[float, float, float, float]
"""Left, top, width and height of a character."""


@dataclass(frozen=True, slots=True)
class Form:
    """A blank plate. `dot` is where the separating dot may stand, centre x and y."""

    width: float
    height: float
    cells: tuple[Cell, ...]
    rows: int = 1
    dot: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """`share` is how often it is drawn; `red` says which places are printed in red."""

    name: str
    type: PlateType
    colour: PlateColour
    share: float
    text: Callable[[random.Random], str]
    forms: tuple[Form, ...]
    red: tuple[int, ...] = ()


def _row(lefts: list[float], width: float = 45, top: float = 25, height: float = 90) -> list[Cell]:
    return [(left, top, width, height) for left in lefts]


def _even(first: float, pitch: float, count: int) -> list[float]:
    return [first + pitch * place for place in range(count)]


_SEVEN = Form(440, 140, tuple(_row([15.5, 72.5, *_even(151.5, 57, 5)])), dot=(134.5, 70))
_ONE_AND_SIX = Form(440, 140, tuple(_row([15.5, *_even(94.5, 57, 6)])), dot=(77.5, 70))
_FOUR_AND_THREE = Form(
    440, 140, tuple(_row([*_even(15.5, 57, 4), *_even(265.5, 57, 3)])), dot=(248, 70)
)
_THREE_AND_FOUR = Form(
    440, 140, tuple(_row([*_even(15.5, 57, 3), *_even(208.5, 57, 4)])), dot=(191, 70)
)
_EIGHT = Form(480, 140, tuple(_row([15.5, *_even(69.5, 52, 1), *_even(161.5, 52, 6)], width=43)))
_ARMED = Form(
    440, 140,
    (*_row([12, 63]), (131, 43, 36, 72), *_row(_even(179, 51, 5), width=43)),
)  # fmt: skip
_EMERGENCY = (
    Form(
        440, 140,
        (*_row([15.5, 72.5, *_even(148, 57, 4)]), (381, 20, 44, 48), (381, 73, 44, 48)),
        dot=(133, 70),
    ),
    Form(480, 140, tuple(_row([15.5, 69.5, *_even(142, 54, 6)], width=43))),
)  # fmt: skip


def _double(width: float, height: float, upper: int, *, dot: bool = True) -> Form:
    """Two rows in the proportions of the 440 x 220 plate: `upper` signs above, five below."""
    x, y = width / 440, height / 220
    above = {2: [(110.0, 80.0), (250.0, 80.0)], 3: [(75.0, 70.0), (185.0, 70.0), (295.0, 70.0)]}
    cells = [(left * x, 15 * y, wide * x, 60 * y) for left, wide in above[upper]]
    cells += [(left * x, 90 * y, 65 * x, 110 * y) for left in _even(27.5, 80, 5)]
    return Form(width, height, tuple(cells), rows=2, dot=(220 * x, 45 * y) if dot else None)


_LORRY = _double(440, 220, 2)
_MOTORCYCLE = _double(220, 140, 2)
_TRACTOR = _double(300, 165, 3, dot=False)
_ARMED_2 = _double(440, 220, 3, dot=False)
_PAPER = (
    Form(220, 140, tuple(_row(_even(12, 25, 8), width=21, top=44, height=52))),
    Form(220, 90, tuple(_row(_even(12, 25, 8), width=21, top=20, height=50))),
)


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


def _ending(sign: str) -> Callable[[random.Random], str]:
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


_T, _C = PlateType, PlateColour
KINDS = (
    Kind("blue", _T.CIVIL, _C.BLUE, 24, _civil, (_SEVEN,)),
    Kind("government", _T.CIVIL, _C.BLUE, 2, _government, (_SEVEN,)),
    Kind("yellow", _T.CIVIL, _C.YELLOW, 8, _civil, (_SEVEN,)),
    Kind("yellow lorry", _T.CIVIL, _C.YELLOW, 9, _civil, (_LORRY,)),
    Kind("foreign black", _T.CIVIL, _C.BLACK, 2, _civil, (_SEVEN,)),
    Kind("motorcycle", _T.CIVIL, _C.YELLOW, 3, _civil, (_MOTORCYCLE,)),
    Kind("light motorcycle", _T.CIVIL, _C.BLUE, 1.5, _civil, (_MOTORCYCLE,)),
    Kind("new energy", _T.NEW_ENERGY, _C.GREEN, 13, _new_energy, (_EIGHT,)),
    Kind("large new energy", _T.NEW_ENERGY, _C.YELLOW_GREEN, 5, _large_new_energy, (_EIGHT,)),
    Kind("trailer", _T.TRAILER, _C.YELLOW, 4, _ending("挂"), (_LORRY,)),
    Kind("trailer line", _T.TRAILER, _C.YELLOW, 1.5, _ending("挂"), (_SEVEN,)),
    Kind("trainer", _T.TRAINER, _C.YELLOW, 3, _ending("学"), (_SEVEN,)),
    Kind("police", _T.POLICE, _C.WHITE, 5, _police, (_SEVEN, _ONE_AND_SIX), red=(6,)),
    Kind("police motorcycle", _T.POLICE, _C.WHITE, 0.7, _police, (_MOTORCYCLE,), red=(6,)),
    Kind("military", _T.MILITARY, _C.WHITE, 3, _army, (_SEVEN,), red=(0, 1)),
    Kind("military lorry", _T.MILITARY, _C.WHITE, 2, _army, (_LORRY,), red=(0, 1)),
    Kind("old military", _T.MILITARY, _C.WHITE, 1.5, _old_army, (_SEVEN,), red=(0, 1)),
    Kind("armed police", _T.ARMED_POLICE, _C.WHITE, 3, _armed_police, (_ARMED,), red=(0, 1, 2)),
    Kind("armed staff", _T.ARMED_POLICE, _C.WHITE, 0.7, _armed_staff, (_SEVEN,), red=(0, 1)),
    Kind("armed lorry", _T.ARMED_POLICE, _C.WHITE, 1.5, _armed_police, (_ARMED_2,), red=(0, 1, 2)),
    Kind("embassy", _T.EMBASSY, _C.BLACK, 1.5, _embassy, (_FOUR_AND_THREE, _SEVEN), red=(0,)),
    Kind("new embassy", _T.EMBASSY, _C.BLACK, 1.5, _new_embassy, (_THREE_AND_FOUR,), red=(6,)),
    Kind("consulate", _T.CONSULATE, _C.BLACK, 2.5, _ending("领"), (_SEVEN,), red=(6,)),
    Kind("border", _T.HK_MACAU, _C.BLACK, 4, _border, (_SEVEN,)),
    Kind("airport", _T.AIRPORT, _C.GREEN, 2.5, _airport, (_SEVEN,)),
    Kind("emergency", _T.EMERGENCY, _C.WHITE, 2.5, _emergency, _EMERGENCY, red=(6, 7)),
    Kind("temporary", _T.TEMPORARY, _C.BLUE, 1, _temporary, _PAPER),
    Kind("temporary across", _T.TEMPORARY, _C.YELLOW, 1, _temporary, _PAPER),
    Kind("farm", _T.FARM, _C.GREEN, 3, _tractor, (_TRACTOR,)),
)  # fmt: skip

KIND_OF = {kind.name: kind for kind in KINDS}


def any_kind(dice: random.Random) -> Kind:
    return dice.choices(KINDS, [kind.share for kind in KINDS])[0]
