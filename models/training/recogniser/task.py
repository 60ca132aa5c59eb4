"""What the recogniser learns, and how it is judged while it does."""

import random
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from drivers.plates.rectify import READ_CUT, rectify
from gateway.lane.plates import kind_of
from models.training.data import Split
from models.training.fit import Batch
from models.training.kinds import KINDS
from models.training.recogniser.feed import Feed, Mixture, as_batch, drawn_of_kind
from models.training.recogniser.net import HEIGHT, WIDTH, Recogniser, decode
from models.training.recogniser.real import real_plates
from models.training.recogniser.refuse import not_plates

_COLOUR_WEIGHT, _TYPE_WEIGHT, _SMOOTHING = 0.15, 0.25, 0.02
_SURE = 0.6
_TOGETHER = 128


class RecogniserTask:
    """`drawn_each`: how many drawn plates of each kind are looked at in a validation."""

    name = "recogniser"

    def __init__(
        self,
        seed: int = 1,
        *,
        split: Split = Split(),  # noqa: B008 frozen
        mixture: Mixture = Mixture(),  # noqa: B008 frozen
        size: int = 128,
        pool: int = 2500,
        drawn_each: int = 16,
    ) -> None:
        self._feed = Feed(seed, size, mixture, split, pool)
        self._split = split
        self._drawn_each = drawn_each

    def net(self) -> nn.Module:
        return Recogniser()

    def batch(self, number: int) -> dict[str, np.ndarray]:
        return self._feed.batch(number)

    def loss(self, net: nn.Module, batch: Batch) -> Tensor:
        text, colour, type_ = net(batch["plates"].contiguous(memory_format=torch.channels_last))
        signs = functional.cross_entropy(
            text.float().flatten(0, 1), batch["text"].flatten(), label_smoothing=_SMOOTHING
        )
        colours = functional.cross_entropy(colour.float(), batch["colour"])
        types = functional.cross_entropy(type_.float(), batch["type"])
        return signs + _COLOUR_WEIGHT * colours.nan_to_num() + _TYPE_WEIGHT * types

    def validate(self, net: nn.Module) -> dict[str, float]:
        """Shares in percent; `false` is what would be read of things that are no plates."""
        figures = {}
        if self._real:
            views, texts = self._real
            figures["real"] = _right(net, views, texts)
        views, texts = self._drawn
        figures["drawn"] = _right(net, views, texts)
        if len(self._nothing):
            figures["false"] = _false(net, self._nothing)
        return figures

    @cached_property
    def _real(self) -> tuple[np.ndarray, list[str]] | None:
        plates = [
            plate for plate in real_plates(self._split, held_out=True) if plate.source != "scenes"
        ]
        views = [upright(plate.image) for plate in plates]
        return (_stacked(views), [plate.text for plate in plates]) if plates else None

    @cached_property
    def _drawn(self) -> tuple[np.ndarray, list[str]]:
        dice = random.Random("validation")
        around = np.full((4, 4, 3), 90, np.uint8)
        examples = [
            drawn_of_kind(dice, kind, around) for kind in KINDS for _ in range(self._drawn_each)
        ]
        batch = as_batch(examples, np.random.default_rng(0))
        return batch["plates"], [decode(text) for text in batch["text"].tolist()]

    @cached_property
    def _nothing(self) -> np.ndarray:
        views = [upright(crop) for crop in not_plates(self._split, held_out=True)]
        return _stacked(views) if views else np.empty((0, 3, HEIGHT, WIDTH), np.float32)


def upright(crop: np.ndarray) -> np.ndarray:
    """A cut-out plate as the reader would take it: uint8 [40, 144, 3]."""
    high, wide = crop.shape[:2]
    corners = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    return rectify(crop, corners, READ_CUT, WIDTH, HEIGHT)


def _stacked(views: Sequence[np.ndarray]) -> np.ndarray:
    return np.ascontiguousarray(np.stack(views).transpose(0, 3, 1, 2), np.float32)


@torch.no_grad()
def probabilities(net: nn.Module, plates: np.ndarray) -> tuple[Tensor, Tensor]:
    """Of the texts [n, 8, signs] and of the types [n, types]."""
    device = next(net.parameters()).device
    parts = [
        net(torch.from_numpy(plates[start : start + _TOGETHER]).to(device))
        for start in range(0, len(plates), _TOGETHER)
    ]
    texts, types = torch.cat([part[0] for part in parts]), torch.cat([part[2] for part in parts])
    return texts.softmax(-1).cpu(), types.softmax(-1).cpu()


def _right(net: nn.Module, plates: np.ndarray, texts: Sequence[str]) -> float:
    found, _ = probabilities(net, plates)
    said = [decode(signs) for signs in found.argmax(-1).tolist()]
    return 100 * float(np.mean([a == b for a, b in zip(said, texts, strict=True)]))


def _false(net: nn.Module, plates: np.ndarray) -> float:
    """In percent: possible plates whose least sure place reaches the usual gate."""
    found, _ = probabilities(net, plates)
    sure = found.amax(-1).amin(-1) >= _SURE
    said = [decode(signs) for signs in found.argmax(-1).tolist()]
    passed = [bool(s) and kind_of(text) is not None for s, text in zip(sure, said, strict=True)]
    return 100 * float(np.mean(passed))
