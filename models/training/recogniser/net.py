"""The recogniser: one upright plate in, its text, colour and type out, all at once."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from drivers.plates.rectify import READ_CUT, Cut
from drivers.plates.rows import LOWER, UPPER, UPPER_SHARE
from drivers.twins.plateforms import LIVERIES, Form
from gateway.lane.types import PlateColour, PlateType
from models.training.kinds import DIGITS, LETTERS, PROVINCES

WIDTH, HEIGHT = 144, 40
SLOTS = 8
_BELOW = 5
NONE_HERE = "-"
ALPHABET = (
    NONE_HERE + PROVINCES + LETTERS + DIGITS + "O学警港澳挂使领应急民航临试超军空海北沈兰济南广成"
)
COLOURS = tuple(colour.value for colour in PlateColour)
NO_PLATE = "none"
TYPES = (NO_PLATE, *(type_.value for type_ in PlateType))

_CHANNELS = (24, 32, 64, 112)
_EMPTY_SLOT = 0.95


def _conv(inputs: int, outputs: int, stride: int | tuple[int, int] = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _conv(channels, channels)
        self.second = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.norm(self.second(self.first(x))))


class Recogniser(nn.Module):
    """float32 [n, 3, 40, 144] BGR 0..255 -> text [n, 8, 91], colour [n, 7], type [n, 15] logits.

    Each slot looks where its character stands on a plate of the form that this seems to be, and
    learns to look elsewhere. A slot without a character says "none here". No sequence decoding:
    eight answers in one pass.
    """

    def __init__(self, channels: tuple[int, int, int, int] = _CHANNELS) -> None:
        super().__init__()
        a, b, c, d = channels
        self.trunk = nn.Sequential(
            _conv(3, a, 2), _conv(a, b),
            _conv(b, c, 2), Residual(c),
            _conv(c, d, (2, 1)), Residual(d),
        )  # fmt: skip
        self.look = nn.Conv2d(d, SLOTS, 1)
        self.places = nn.Parameter(_places(HEIGHT // 8, WIDTH // 4))
        self.form = nn.Linear(2 * d, len(self.places))
        self.drop = nn.Dropout(0.1)
        self.sign = nn.Conv1d(SLOTS * d, SLOTS * len(ALPHABET), 1, groups=SLOTS)
        self.colour = nn.Linear(d, len(COLOURS))
        self.kind = nn.Linear(2 * d, len(TYPES))

    def forward(self, plates: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features = self.trunk((plates - 127.5) / 85)
        mean, most = features.mean((2, 3)), features.amax((2, 3))
        whole = torch.cat([mean, most], 1)
        places = self.form(whole).softmax(-1) @ self.places.flatten(1)
        weights = (self.look(features).flatten(1) + places).unflatten(1, (SLOTS, -1)).softmax(-1)
        seen = torch.bmm(weights, features.flatten(2).transpose(1, 2))
        signs = self.sign(self.drop(seen).flatten(1).unsqueeze(-1))
        text = signs.view(-1, SLOTS, len(ALPHABET))
        return text, self.colour(mean), self.kind(whole)


def _places(rows: int, columns: int) -> Tensor:
    """[forms, slots, rows, columns]: a hill for each slot of each form, as logits."""
    centres = torch.tensor(_centres())
    x, y = (torch.arange(columns) + 0.5) / columns, (torch.arange(rows) + 0.5) / rows
    across = -((x - centres[..., None]) ** 2) / (2 * 0.05**2)
    down = -((y - 0.5) ** 2) / (2 * 0.3**2)
    return across[:, :, None] + down[:, None]


def _centres() -> list[list[float]]:
    """Where the characters stand in a view, 0..1 of its width, for each form of plate."""
    found = [_in_view(form) for livery in LIVERIES for form in livery.forms]
    return [list(centres) for centres in dict.fromkeys(found)]


def _in_view(form: Form) -> tuple[float, ...]:
    middles = [(left + wide / 2) / form.width for left, _, wide, _ in form.cells]
    if form.rows == 1:
        seen = [_within(middle, READ_CUT) for middle in middles]
    else:
        upper = [UPPER_SHARE * _within(middle, UPPER) for middle in middles[:-_BELOW]]
        lower = [_within(middle, LOWER) for middle in middles[-_BELOW:]]
        seen = upper + [UPPER_SHARE + (1 - UPPER_SHARE) * middle for middle in lower]
    return tuple(round(middle, 2) for middle in [*seen, *[_EMPTY_SLOT] * SLOTS][:SLOTS])


def _within(middle: float, cut: Cut) -> float:
    return (middle - cut.left) / (cut.right - cut.left)


def encode(text: str) -> list[int]:
    """Raises `ValueError` for a sign that is not in the alphabet."""
    return [ALPHABET.index(sign) for sign in text] + [0] * (SLOTS - len(text))


def decode(signs: list[int]) -> str:
    return "".join(ALPHABET[sign] for sign in signs if sign)
