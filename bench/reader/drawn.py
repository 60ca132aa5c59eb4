"""Drawn plates of every kind as pictures to be read: in scenes, and cut out of them."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from bench.reader.samples import Sample, picture
from bench.reader.scores import could_be_a_plate
from models.training.kinds import KINDS, Kind
from models.training.plates import DrawnPlate, draw_plate

SIZE = (1280, 720)
PLATE_WIDTH = (100, 240)
_LEAN, _TURN = 0.12, 0.12
_SLACK = 0.04
_TRIES = 50


def samples(
    folder: Path, each: int, backgrounds: Sequence[Path], kinds: Sequence[Kind] = KINDS
) -> Iterator[Sample]:
    """Writes `each` scenes and crops of every kind into `folder`; the same ones each time."""
    for kind in kinds:
        for number in range(each):
            dice = random.Random(f"{kind.name}/{number}")  # noqa: S311 -- pictures, no secrets
            yield from _pair(dice, folder / f"{kind.name}-{number}", kind, backgrounds)


def _pair(
    dice: random.Random, stem: Path, kind: Kind, backgrounds: Sequence[Path]
) -> Iterator[Sample]:
    plate = draw_plate(dice, kind, _possible_text(dice, kind))
    quad = _place(dice, plate)
    scene = _taken(dice, _hung(plate, _street(dice, backgrounds), quad))
    crop = _cut(dice, scene, quad)
    for image, name in ((crop, "crops"), (scene, "scenes")):
        path = stem.with_name(f"{stem.name}-{name}.png")
        cv2.imencode(".png", image)[1].tofile(path)
        is_crop = name == "crops"
        yield Sample(path, f"drawn {name}", "", f"drawn: {kind.name}", plate.text, crop=is_crop)


def _possible_text(dice: random.Random, kind: Kind) -> str:
    """The training draws serials with more letters than are given out; no gate lets them pass."""
    texts = (kind.text(dice) for _ in range(_TRIES))
    return next((text for text in texts if could_be_a_plate(text)), kind.text(dice))


def _street(dice: random.Random, backgrounds: Sequence[Path]) -> np.ndarray:
    """uint8 [720, 1280, 3]: a photo without a Chinese plate, or plain grey with a darker road."""
    if backgrounds:
        photo = picture(dice.choice(backgrounds))
        return cv2.resize(photo, SIZE, interpolation=cv2.INTER_AREA)
    plain = np.full((SIZE[1], SIZE[0], 3), dice.randint(60, 190), np.uint8)
    plain[SIZE[1] // 2 :] //= 2
    return plain


def _place(dice: random.Random, plate: DrawnPlate) -> np.ndarray:
    """float32 [4, 2]: where the plate hangs, turned and seen from a side as in a lane."""
    high, wide = plate.image.shape[:2]
    width = dice.uniform(*PLATE_WIDTH)
    height = width * high / wide
    turn, lean, far = dice.uniform(-_TURN, _TURN), dice.uniform(-_LEAN, _LEAN), dice.uniform(0, 0.1)
    right = height * (1 - far)
    quad = np.array([[0, 0], [width, 0], [width, right], [0, height]], np.float32)
    quad[:, 1] += quad[:, 0] * turn + (0, far * height / 2, far * height / 2, 0)
    quad[:, 0] += quad[:, 1] * lean
    room = np.array(SIZE, np.float32) - quad.max(0) - 40
    origin = np.array([dice.uniform(40, room[0]), dice.uniform(max(40, room[1] / 2), room[1])])
    placed: np.ndarray = (quad + origin).astype(np.float32)
    return placed


def _hung(plate: DrawnPlate, street: np.ndarray, quad: np.ndarray) -> np.ndarray:
    """On a dark board, as a plate on a bumper; drawn three times larger, so that edges are soft."""
    middle = quad.mean(0)
    board = (middle + (quad - middle) * (1.5, 1.9)).astype(np.int32)
    shade = np.full(3, int(street.mean() / 3), np.uint8).tolist()
    cv2.fillPoly(street, [board], shade, cv2.LINE_AA)
    high, wide = plate.image.shape[:2]
    own = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    left, top = np.floor(quad.min(0) - 4).astype(int)
    right, bottom = np.ceil(quad.max(0) + 4).astype(int)
    part = cv2.resize(street[top:bottom, left:right], None, fx=3, fy=3)
    warp = cv2.getPerspectiveTransform(own, ((quad - (left, top)) * 3).astype(np.float32))
    size = (part.shape[1], part.shape[0])
    cv2.warpPerspective(plate.image, warp, size, dst=part, borderMode=cv2.BORDER_TRANSPARENT)
    near = (int(right - left), int(bottom - top))
    street[top:bottom, left:right] = cv2.resize(part, near, interpolation=cv2.INTER_AREA)
    return street


def _taken(dice: random.Random, scene: np.ndarray) -> np.ndarray:
    """As a lane's camera gives it: light, softness, noise, JPEG."""
    light = dice.uniform(0.45, 1.1)
    noise = np.random.default_rng(dice.getrandbits(32)).normal(0, dice.uniform(1, 7), scene.shape)
    soft = cv2.GaussianBlur(scene, (0, 0), dice.uniform(0.3, 1.0))
    seen = np.clip(soft * light + noise, 0, 255).astype(np.uint8)
    quality = [cv2.IMWRITE_JPEG_QUALITY, dice.randint(60, 92)]
    decoded = cv2.imdecode(cv2.imencode(".jpg", seen, quality)[1], cv2.IMREAD_COLOR)
    assert decoded is not None  # noqa: S101 -- it was just encoded
    return decoded


def _cut(dice: random.Random, scene: np.ndarray, quad: np.ndarray) -> np.ndarray:
    """Upright by corners that are a little off, as a detector gives them."""
    width = float(np.linalg.norm(quad[1] - quad[0]))
    height = float(np.linalg.norm(quad[3] - quad[0]))
    off = [[dice.uniform(-_SLACK, _SLACK) * height for _ in range(2)] for _ in range(4)]
    size = (round(width), round(height))
    corners = np.array([[0, 0], [size[0], 0], size, [0, size[1]]], np.float32)
    warp = cv2.getPerspectiveTransform((quad + np.array(off)).astype(np.float32), corners)
    return cv2.warpPerspective(scene, warp, size, borderMode=cv2.BORDER_REPLICATE)
