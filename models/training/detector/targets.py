"""What the network should say of a picture, and how wrong it was."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from models.training.detector.net import STRIDE
from models.training.detector.quads import Mark, box_of, shown

CORNER_UNIT = 16.0
_CUT_AWAY, _CUT = 0.2, 0.7
_NARROWEST = 8.0
_LEAST_SIGMA = 4.5
_SIGMA_ACROSS, _SIGMA_DOWN = 0.14, 0.22
_FAINTEST, _SEES_IT = 0.05, 0.3
_SCORE, _CORNERS, _HULL, _ROWS = 4.0, 2.5, 1.0, 0.2
_SOFTEST_HEIGHT = 3.0


def targets(marks: Sequence[Mark], width: int, height: int) -> dict[str, np.ndarray]:
    """Of one picture: `score`, `care`, `weight` and `rows` [h/8, w/8], `corners` [8, h/8, w/8].

    `score` falls off from a plate's middle; `corners` hold, in 16 px, where `weight` is above 0.
    """
    places = _places(width, height)
    shape = places.shape[1:]
    flat = {name: np.zeros(shape, np.float32) for name in ("score", "weight", "rows")}
    flat["care"], flat["corners"] = np.ones(shape, np.float32), np.zeros((8, *shape), np.float32)
    for mark in marks:
        share = shown(mark.quad, width, height)
        if share < _CUT_AWAY:
            continue
        if not mark.known or share < _CUT or np.ptp(mark.quad[:, 0]) < _NARROWEST:
            _ignore(flat["care"], places, mark)
        else:
            _teach(flat, places, mark)
    flat["care"] = np.maximum(flat["care"], (flat["score"] > 0).astype(np.float32))
    return flat


def _places(width: int, height: int) -> np.ndarray:
    """float32 [2, h/8, w/8]: x and y of every place's centre, as the decoder has them."""
    columns = np.arange(width // STRIDE, dtype=np.float32) * STRIDE + STRIDE // 2
    rows = np.arange(height // STRIDE, dtype=np.float32) * STRIDE + STRIDE // 2
    return np.stack(np.meshgrid(columns, rows))


def _ignore(care: np.ndarray, places: np.ndarray, mark: Mark) -> None:
    x1, y1, x2, y2 = box_of(mark.quad) + np.array([-1, -1, 1, 1]) * STRIDE / 2
    x, y = places
    care[(x > x1) & (x < x2) & (y > y1) & (y < y2)] = 0


def _teach(flat: dict[str, np.ndarray], places: np.ndarray, mark: Mark) -> None:
    bump = _bump(places, mark.quad)
    mine = bump > flat["score"]
    flat["score"] = np.maximum(flat["score"], bump)
    mine &= bump > _SEES_IT
    offsets = (mark.quad.reshape(4, 2, 1, 1) - places[None]) / CORNER_UNIT
    flat["corners"][:, mine] = offsets.reshape(8, *bump.shape)[:, mine]
    flat["weight"][mine] = bump[mine] * mark.trust
    flat["rows"][mine] = float(mark.two_rows)


def _bump(places: np.ndarray, quad: np.ndarray) -> np.ndarray:
    """1 at the place nearest to the plate's middle, falling off with the plate's own size."""
    across, down = np.ptp(quad, 0)
    sigma = np.maximum([across * _SIGMA_ACROSS, down * _SIGMA_DOWN], _LEAST_SIGMA)
    distance = (places - quad.mean(0)[:, None, None]) / sigma[:, None, None]
    bump: np.ndarray = np.exp(-0.5 * (distance**2).sum(0))
    if bump.max() > _SEES_IT:
        bump /= bump.max()
    bump[bump < _FAINTEST] = 0
    return bump.astype(np.float32)


def loss(answer: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
    """Of `[n, 10, h/8, w/8]`. Corners count in plate heights: a small plate needs them as much."""
    answer = answer.float()
    taught = batch["weight"] > 0
    weight = batch["weight"][taught]
    count = taught.sum() + 1
    said = answer[:, 1:9].permute(0, 2, 3, 1)[taught]
    right = batch["corners"].permute(0, 2, 3, 1)[taught]
    rows = functional.binary_cross_entropy_with_logits(
        answer[:, 9][taught], batch["rows"][taught], reduction="sum"
    )
    return (
        _SCORE * _score_loss(answer[:, 0], batch)
        + _CORNERS * (_corner_loss(said, right) * weight).sum() / count
        + _HULL * (_hull_loss(said, right) * weight).sum() / count
        + _ROWS * rows / count
    )


def _score_loss(logit: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
    """Cross-entropy that counts most where it is most wrong, a plate being worth one."""
    score = batch["score"]
    wrong = (logit.sigmoid() - score).abs() ** 2
    entropy = functional.binary_cross_entropy_with_logits(logit, score, reduction="none")
    return (wrong * entropy * batch["care"]).sum() / (score.sum() + 1)


def _corner_loss(said: Tensor, right: Tensor) -> Tensor:
    """Mean distance of a place's corners along x and y, in plate heights."""
    corners = right.reshape(-1, 4, 2)
    sides = torch.stack([corners[:, 3] - corners[:, 0], corners[:, 2] - corners[:, 1]])
    height = sides.norm(dim=2).mean(0) + _SOFTEST_HEIGHT / CORNER_UNIT
    distance: Tensor = (said - right).abs().mean(1) / height
    return distance


def _hull_loss(said: Tensor, right: Tensor) -> Tensor:
    """1 - GIoU of the upright boxes around both."""
    ours, theirs = _hull(said), _hull(right)
    inner = torch.cat(
        [torch.maximum(ours[:, :2], theirs[:, :2]), torch.minimum(ours[:, 2:], theirs[:, 2:])], 1
    )
    outer = torch.cat(
        [torch.minimum(ours[:, :2], theirs[:, :2]), torch.maximum(ours[:, 2:], theirs[:, 2:])], 1
    )
    shared, around = _area(inner), _area(outer)
    union = _area(ours) + _area(theirs) - shared
    return 1 - shared / union.clamp(min=1e-6) + (around - union) / around.clamp(min=1e-6)


def _hull(corners: Tensor) -> Tensor:
    quads = corners.reshape(-1, 4, 2)
    return torch.cat([quads.amin(1), quads.amax(1)], 1)


def _area(boxes: Tensor) -> Tensor:
    area: Tensor = (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(1)
    return area
