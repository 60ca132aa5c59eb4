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
_PROFILE, _GLANCE = 8, 48


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

    A glance at the whole plate says where its eight characters stand; then each slot looks there,
    and learns to look elsewhere. A slot without a character says "none here". No sequence
    decoding: eight answers in one pass.
    """

    def __init__(self, channels: tuple[int, int, int, int] = _CHANNELS) -> None:
        super().__init__()
        a, b, c, d = channels
        self.trunk = nn.Sequential(
            _conv(3, a, 2), _conv(a, b),
            _conv(b, c, 2), Residual(c),
            _conv(c, d, (2, 1)), Residual(d),
        )  # fmt: skip
        self.layout = _Layout(d, HEIGHT // 8, WIDTH // 4)
        self.look = nn.Conv2d(d, SLOTS, 1)
        self.drop = nn.Dropout(0.1)
        self.sign = nn.Conv1d(SLOTS * d, SLOTS * len(ALPHABET), 1, groups=SLOTS)
        self.colour = nn.Linear(d, len(COLOURS))
        self.kind = nn.Linear(2 * d, len(TYPES))

    def forward(self, plates: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features = self.trunk((plates - 127.5) / 85)
        mean, most = features.mean((2, 3)), features.amax((2, 3))
        weights = (self.look(features) + self.layout(features)).flatten(2).softmax(-1)
        seen = torch.bmm(weights, features.flatten(2).transpose(1, 2))
        signs = self.sign(self.drop(seen).flatten(1).unsqueeze(-1))
        text = signs.view(-1, SLOTS, len(ALPHABET))
        return text, self.colour(mean), self.kind(torch.cat([mean, most], 1))


class _Layout(nn.Module):
    """Features [n, d, rows, columns] -> [n, 8, rows, columns]: a hill where each character is."""

    def __init__(self, channels: int, rows: int, columns: int) -> None:
        super().__init__()
        self.profile = nn.Conv2d(channels, _PROFILE, 1)
        self.glance = nn.Linear(_PROFILE * columns, _GLANCE)
        self.centres = nn.Linear(_GLANCE, 2 * SLOTS)
        nn.init.normal_(self.centres.weight, std=0.01)
        evenly = (torch.arange(SLOTS) + 0.5) / SLOTS
        with torch.no_grad():
            self.centres.bias.copy_(torch.cat([evenly, torch.full((SLOTS,), 0.5)]))
        self.steep = nn.Parameter(torch.tensor([0.5 / 0.05**2, 0.5 / 0.3**2]).log())
        self.register_buffer("across", (torch.arange(columns) + 0.5) / columns, persistent=False)
        self.register_buffer("down", (torch.arange(rows) + 0.5) / rows, persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        profile = functional.relu(self.profile(features)).mean(2).flatten(1)
        centres = self.centres(functional.relu(self.glance(profile)))
        x, y = centres[:, :SLOTS, None], centres[:, SLOTS:, None]
        steep = self.steep.exp()
        across, down = (self.across - x) ** 2 * steep[0], (self.down - y) ** 2 * steep[1]
        return -(across[:, :, None, :] + down[:, :, :, None])


def encode(text: str) -> list[int]:
    """Raises `ValueError` for a sign that is not in the alphabet."""
    return [ALPHABET.index(sign) for sign in text] + [0] * (SLOTS - len(text))


def decode(signs: list[int]) -> str:
    return "".join(ALPHABET[sign] for sign in signs if sign)
