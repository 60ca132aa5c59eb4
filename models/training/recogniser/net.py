"""The recogniser: one upright plate in, its text, colour and type out, all at once."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from gateway.lane.types import PlateColour, PlateType
from models.training.kinds import DIGITS, LETTERS, PROVINCES

WIDTH, HEIGHT = 144, 40
SLOTS = 8
NONE_HERE = "-"
ALPHABET = (
    NONE_HERE + PROVINCES + LETTERS + DIGITS + "O学警港澳挂使领应急民航临试超军空海北沈兰济南广成"
)
COLOURS = tuple(colour.value for colour in PlateColour)
NO_PLATE = "none"
TYPES = (NO_PLATE, *(type_.value for type_ in PlateType))

_CHANNELS = (24, 32, 64, 112)
_USUAL_PLACES = (0.07, 0.20, 0.37, 0.50, 0.63, 0.76, 0.88, 0.95)


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

    Each slot looks where its character usually stands, and learns to look elsewhere. A slot
    without a character says "none here". No sequence decoding: eight answers in one pass.
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
        self.place = nn.Parameter(_usual_places(HEIGHT // 8, WIDTH // 4))
        self.drop = nn.Dropout(0.1)
        self.sign = nn.Conv1d(SLOTS * d, SLOTS * len(ALPHABET), 1, groups=SLOTS)
        self.colour = nn.Linear(d, len(COLOURS))
        self.kind = nn.Linear(2 * d, len(TYPES))

    def forward(self, plates: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features = self.trunk((plates - 127.5) / 85)
        weights = (self.look(features) + self.place).flatten(2).softmax(-1)
        seen = torch.bmm(weights, features.flatten(2).transpose(1, 2))
        signs = self.sign(self.drop(seen).flatten(1).unsqueeze(-1))
        mean, most = features.mean((2, 3)), features.amax((2, 3))
        text = signs.view(-1, SLOTS, len(ALPHABET))
        return text, self.colour(mean), self.kind(torch.cat([mean, most], 1))


def _usual_places(rows: int, columns: int) -> Tensor:
    """[slots, rows, columns]: a hill for each slot, as logits."""
    y = (torch.arange(rows) + 0.5) / rows
    x = (torch.arange(columns) + 0.5) / columns
    across = -((x[None] - torch.tensor(_USUAL_PLACES)[:, None]) ** 2) / (2 * 0.05**2)
    down = -((y - 0.5) ** 2) / (2 * 0.3**2)
    return across[:, None] + down[None, :, None]


def encode(text: str) -> list[int]:
    """Raises `ValueError` for a sign that is not in the alphabet."""
    return [ALPHABET.index(sign) for sign in text] + [0] * (SLOTS - len(text))


def decode(signs: list[int]) -> str:
    return "".join(ALPHABET[sign] for sign in signs if sign)
