"""The kinds of plate: how large they are, where their characters stand, and in which colours.

Sizes and places follow GA 36-2018 (motor vehicles), GA 36-2007 and its forerunners where old
plates are still seen, and NY 345.1 (tractors); lengths in millimetres.
"""

from dataclasses import dataclass

from gateway.lane.types import PlateColour, PlateType

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
class Livery:
    """What every plate of a kind has in common; `red` says which places are printed in red."""

    name: str
    type: PlateType
    colour: PlateColour
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

_T, _C = PlateType, PlateColour
LIVERIES = (
    Livery("blue", _T.CIVIL, _C.BLUE, (_SEVEN,)),
    Livery("government", _T.CIVIL, _C.BLUE, (_SEVEN,)),
    Livery("yellow", _T.CIVIL, _C.YELLOW, (_SEVEN,)),
    Livery("yellow lorry", _T.CIVIL, _C.YELLOW, (_LORRY,)),
    Livery("foreign black", _T.CIVIL, _C.BLACK, (_SEVEN,)),
    Livery("motorcycle", _T.CIVIL, _C.YELLOW, (_MOTORCYCLE,)),
    Livery("light motorcycle", _T.CIVIL, _C.BLUE, (_MOTORCYCLE,)),
    Livery("new energy", _T.NEW_ENERGY, _C.GREEN, (_EIGHT,)),
    Livery("large new energy", _T.NEW_ENERGY, _C.YELLOW_GREEN, (_EIGHT,)),
    Livery("trailer", _T.TRAILER, _C.YELLOW, (_LORRY,)),
    Livery("trailer line", _T.TRAILER, _C.YELLOW, (_SEVEN,)),
    Livery("trainer", _T.TRAINER, _C.YELLOW, (_SEVEN,)),
    Livery("police", _T.POLICE, _C.WHITE, (_SEVEN, _ONE_AND_SIX), red=(6,)),
    Livery("police motorcycle", _T.POLICE, _C.WHITE, (_MOTORCYCLE,), red=(6,)),
    Livery("military", _T.MILITARY, _C.WHITE, (_SEVEN,), red=(0, 1)),
    Livery("military lorry", _T.MILITARY, _C.WHITE, (_LORRY,), red=(0, 1)),
    Livery("old military", _T.MILITARY, _C.WHITE, (_SEVEN,), red=(0, 1)),
    Livery("armed police", _T.ARMED_POLICE, _C.WHITE, (_ARMED,), red=(0, 1, 2)),
    Livery("armed staff", _T.ARMED_POLICE, _C.WHITE, (_SEVEN,), red=(0, 1)),
    Livery("armed lorry", _T.ARMED_POLICE, _C.WHITE, (_ARMED_2,), red=(0, 1, 2)),
    Livery("embassy", _T.EMBASSY, _C.BLACK, (_FOUR_AND_THREE, _SEVEN), red=(0,)),
    Livery("new embassy", _T.EMBASSY, _C.BLACK, (_THREE_AND_FOUR,), red=(6,)),
    Livery("consulate", _T.CONSULATE, _C.BLACK, (_SEVEN,), red=(6,)),
    Livery("border", _T.HK_MACAU, _C.BLACK, (_SEVEN,)),
    Livery("airport", _T.AIRPORT, _C.GREEN, (_SEVEN,)),
    Livery("emergency", _T.EMERGENCY, _C.WHITE, _EMERGENCY, red=(6, 7)),
    Livery("temporary", _T.TEMPORARY, _C.BLUE, _PAPER),
    Livery("temporary across", _T.TEMPORARY, _C.YELLOW, _PAPER),
    Livery("farm", _T.FARM, _C.GREEN, (_TRACTOR,)),
)

LIVERY_OF = {livery.name: livery for livery in LIVERIES}
_PLAINEST = {
    PlateColour.GREEN: "new energy",
    PlateColour.YELLOW_GREEN: "large new energy",
    PlateColour.WHITE: "police",
    PlateColour.BLACK: "foreign black",
}


def livery_named(name: str) -> Livery | None:
    """By the name of a kind, or of a colour: then the plainest kind of this colour."""
    plainest = {colour.value: kind for colour, kind in _PLAINEST.items()}
    return LIVERY_OF.get(plainest.get(name, name))
