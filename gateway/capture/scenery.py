"""Does the camera still look where it did? From the edges of the scene that stand still."""

import math
from typing import Any

import cv2
import numpy as np

from gateway.capture.look import Look

EVERY_S = 0.5
SURE_AFTER_S = 1.0
DOUBTFUL_AFTER_S = 10.0
RELEARN_AFTER_S = 600.0
LEARN_LOOKS = 5
_LEARNING = 0.02
_TILES = (5, 8)
_LEAST_TILES = 6
_PLAIN = 0.1
_TILE_FITS, _SCENE_FITS, _SHIFT_FITS = 0.4, 0.3, 0.5
_LEAST_SHIFT_PX = 1.5
_OTHER_LIGHT = 30.0


class Scenery:
    """Learns the scene while nothing moves; what is learnt is lost with the process.

    A car covers some of the scene, a moved camera shifts all of it. A scene that fits again
    when shifted is sure after a second; one that fits nowhere, after ten: a lorry may hide
    it. After another light (dusk at once, infrared) it is learnt anew instead. After ten
    minutes the new place counts as the right one.
    """

    def __init__(self) -> None:
        self._known: Any = None
        self._looks = 0
        self._light = 0.0
        self._seen_at = -math.inf
        self._misfit_at: float | None = None
        self._shifted_at: float | None = None
        self._moved = False

    @property
    def doubts(self) -> bool:
        return self._misfit_at is not None and not self._moved

    def moved(self, look: Look, *, still: bool, occupied: bool) -> bool:
        """`still`: nothing moves; `occupied`: a vehicle stands there, so that nothing is learnt."""
        if look.at - self._seen_at < EVERY_S or not still or occupied:
            return self._moved
        self._seen_at = look.at
        edges, light = _edges(look.grey), float(np.median(look.grey))
        if self._known is None or self._known.shape != edges.shape:
            self._begin(edges, light)
        elif self._looks < LEARN_LOOKS or _fit(self._known, edges) >= _SCENE_FITS:
            self._learn(edges, light)
        else:
            self._misfits(look.at, edges, light)
        return self._moved

    def _begin(self, edges: Any, light: float) -> None:
        self._known, self._looks, self._light = edges, 1, light
        self._misfit_at, self._shifted_at, self._moved = None, None, False

    def _learn(self, edges: Any, light: float) -> None:
        self._looks += 1
        self._known = self._known + max(1 / self._looks, _LEARNING) * (edges - self._known)
        self._light = light
        self._misfit_at, self._shifted_at, self._moved = None, None, False

    def _misfits(self, at: float, edges: Any, light: float) -> None:
        self._misfit_at = at if self._misfit_at is None else self._misfit_at
        if not _fits_shifted(self._known, edges):
            self._shifted_at = None
        elif self._shifted_at is None:
            self._shifted_at = at
        since_s = at - self._misfit_at
        sure = self._shifted_at is not None and at - self._shifted_at >= SURE_AFTER_S
        if since_s >= RELEARN_AFTER_S:
            self._begin(edges, light)
        elif sure:
            self._moved = True
        elif since_s >= DOUBTFUL_AFTER_S and not self._moved:
            if abs(light - self._light) > _OTHER_LIGHT:
                self._begin(edges, light)
            else:
                self._moved = True


def _edges(grey: Any) -> Any:
    """How strong the edges are beside their surroundings, so that light matters little."""
    calm = cv2.GaussianBlur(grey, (3, 3), 0).astype(np.float32)
    strength = np.hypot(cv2.Sobel(calm, cv2.CV_32F, 1, 0), cv2.Sobel(calm, cv2.CV_32F, 0, 1))
    around = cv2.blur(strength, (25, 25))
    return np.minimum(strength / (around + 12.0), 3.0)


def _fit(known: Any, edges: Any, unknown: float = 1.0) -> float:
    """The share of the tiles with something in them that look alike.

    `unknown`: the answer where too few have.
    """
    alike = [
        _alike(one, other)
        for one, other in zip(_tiles(known), _tiles(edges), strict=True)
        if one.std() > _PLAIN
    ]
    return float(np.mean(alike)) if len(alike) >= _LEAST_TILES else unknown


def _tiles(edges: Any) -> list[Any]:
    rows, columns = _TILES
    return [
        tile for row in np.array_split(edges, rows) for tile in np.array_split(row, columns, axis=1)
    ]


def _alike(one: Any, other: Any) -> bool:
    spread = one.std() * other.std()
    if spread == 0:
        return False
    return bool(((one - one.mean()) * (other - other.mean())).mean() / spread > _TILE_FITS)


def _fits_shifted(known: Any, edges: Any) -> bool:
    """The scene is all there, some pixels away."""
    height, width = known.shape
    window = cv2.createHanningWindow((width, height), cv2.CV_32F)
    # phaseCorrelate writes the window into what it is given.
    (right, down), _ = cv2.phaseCorrelate(known.copy(), edges.copy(), window)
    x, y = round(right), round(down)
    if math.hypot(right, down) < _LEAST_SHIFT_PX or abs(x) > width / 2 or abs(y) > height / 2:
        return False
    was = known[max(0, -y) : height - max(0, y), max(0, -x) : width - max(0, x)]
    now = edges[max(0, y) : height + min(0, y), max(0, x) : width + min(0, x)]
    return _fit(was, now, unknown=0.0) >= _SHIFT_FITS
