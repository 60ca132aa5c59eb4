"""The plate detector: plain ReLU convolutions, three scales joined at 8 x 8 pixels a place.

Most of the time goes into the first layers, where the picture is still large: they are narrow.
What must see far (is this a plate, or a sign, or a grille?) sits at strides 16 and 32.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

STRIDE = 8
MULTIPLE = 32
CHANNELS = 10
_RARE = -4.0


@dataclass(frozen=True, slots=True)
class Shape:
    """Channels at strides 2, 4, 8, 16 and 32, of the joined scales and of the head."""

    stages: tuple[int, int, int, int, int] = (16, 24, 48, 96, 128)
    depths: tuple[int, int, int, int] = (1, 2, 3, 2)
    joined: int = 64
    head: int = 56


class PlateFinder(nn.Module):
    """From pictures `[n, 3, h, w]`, BGR 0..1, sides multiples of 32, to `[n, 10, h / 8, w / 8]`.

    The ten: score logit, four corners (x, y) from the place's centre in 16 px, two-row logit.
    """

    def __init__(self, shape: Shape | None = None) -> None:
        super().__init__()
        shape = shape or Shape()
        half, quarter, eighth, coarse, coarsest = shape.stages
        at4, at8, at16, at32 = shape.depths
        self.fine = nn.Sequential(
            _layer(3, half, step=2), _layer(half, quarter, step=2), *_blocks(quarter, at4)
        )
        self.stride8 = nn.Sequential(_layer(quarter, eighth, step=2), *_blocks(eighth, at8))
        self.stride16 = nn.Sequential(_layer(eighth, coarse, step=2), *_blocks(coarse, at16))
        wide = [_Wide(coarsest) for _ in range(at32)]
        self.stride32 = nn.Sequential(_layer(coarse, coarsest, step=2), *wide)
        self.from32 = _layer(coarsest, shape.joined, size=1)
        self.from16 = _layer(coarse, shape.joined, size=1)
        self.from8 = _layer(eighth, shape.head, size=1)
        self.join = _layer(shape.joined, shape.head)
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.head = nn.Sequential(_layer(shape.head, shape.head), _Block(shape.head))
        self.out = _last(shape.head)

    def forward(self, pictures: Tensor) -> Tensor:
        near = self.stride8(self.fine(pictures))
        middle = self.stride16(near)
        far = self.from16(middle) + self.up(self.from32(self.stride32(middle)))
        both = self.from8(near) + self.up(self.join(far))
        answer: Tensor = self.out(self.head(both))
        return answer


class _Block(nn.Module):
    """Residual: a narrow 1 x 1, then 3 x 3."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.narrow = _layer(channels, channels // 2, size=1)
        self.widen = nn.Sequential(
            nn.Conv2d(channels // 2, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        )
        self.relu = nn.ReLU(inplace=True)

    def forward(self, values: Tensor) -> Tensor:
        answer: Tensor = self.relu(values + self.widen(self.narrow(values)))
        return answer


class _Wide(nn.Module):
    """Residual with a 5 x 5 look per channel: at stride 32 it sees 160 pixels around."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.look = nn.Sequential(
            nn.Conv2d(channels, channels, 5, padding=2, groups=channels, bias=False),
            nn.BatchNorm2d(channels),
            _layer(channels, channels, size=1),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )
        self.relu = nn.ReLU(inplace=True)

    def forward(self, values: Tensor) -> Tensor:
        answer: Tensor = self.relu(values + self.look(values))
        return answer


def _layer(before: int, after: int, *, size: int = 3, step: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, size, step, size // 2, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
    )


def _blocks(channels: int, count: int) -> list[nn.Module]:
    return [_Block(channels) for _ in range(count)]


def _last(channels: int) -> nn.Conv2d:
    """Plates are rare: without this the first steps only learn that most places have none."""
    layer = nn.Conv2d(channels, CHANNELS, 1)
    nn.init.normal_(layer.weight, std=0.01)
    start = torch.zeros(CHANNELS)
    start[0] = _RARE
    layer.bias = nn.Parameter(start)
    return layer
