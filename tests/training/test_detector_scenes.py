"""Training pictures: exact where plates are, free of what must not be learnt, repeatable."""

import csv
import json
from random import Random

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is the extra `training`")

from models.training import data
from models.training.detector.photos import Photo, photos, without_frame
from models.training.detector.quads import Look, Mark, mirrored, moved, paste
from models.training.detector.scenes import Sources, scene
from models.training.detector.task import DetectorTask
from models.training.detector.views import ZOOM, Framing, view

PLAIN = Look(gain=1.0, lift=0.0, shadow=None)
KEPT, HELD = "浙A00001", "浙A00002"
FIELDS = ["file", "kind", "label", "plate_type", "boxes", "origin"]


def tiny(**changes):
    return DetectorTask(**{"size": 2, "drawn_plates": 24, "exam_pictures": 4, **changes})


def dice_of(seed):
    return Random(seed)


def level(x, y, width, height):
    corners = [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]
    return np.array(corners, np.float32)


def grey(width=400, height=300, tone=90):
    return np.full((height, width, 3), tone, np.uint8)


@pytest.fixture
def no_data(tmp_path, monkeypatch):
    yield from looking_at(tmp_path / "nothing", monkeypatch)


@pytest.fixture
def small_data(tmp_path, monkeypatch):
    """Photos of every kind, each with a plate of pure green where the manifest says."""
    write_data(tmp_path)
    yield from looking_at(tmp_path, monkeypatch)


def looking_at(folder, monkeypatch):
    monkeypatch.setenv(data.VARIABLE, str(folder))
    data.samples.cache_clear()
    yield folder
    data.samples.cache_clear()


def write_data(folder):
    corners, box = level(150, 140, 100, 32), [150, 140, 250, 172]
    boxed = [{"text": "", "box": box}]
    rows = [scene_row(text, corners) for text in (KEPT, HELD, *(f"苏B{n:05}" for n in range(12)))]
    rows += [
        {"file": "f.png", "kind": "backgrounds", "plate_type": "foreign plates visible",
         "boxes": json.dumps(boxed)},
        {"file": "u.png", "kind": "backgrounds", "plate_type": "foreign plates visible"},
        {"file": "c.png", "kind": "backgrounds",
         "plate_type": "Chinese plates visible, not boxed"},
        {"file": "e.png", "kind": "backgrounds"},
        {"file": "n.png", "kind": "not_plates", "plate_type": "no plate"},
        {"file": "p.png", "kind": "crops", "label": KEPT, "plate_type": "blue"},
    ]  # fmt: skip
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, restval="")
        writer.writeheader()
        writer.writerows(rows)
    for row in rows:
        image = grey()
        if row["kind"] in ("scenes", "backgrounds"):
            cv2.rectangle(image, (150, 140), (249, 171), (0, 255, 0), -1)
        cv2.imencode(".png", image)[1].tofile(folder / row["file"])


def scene_row(text, corners):
    boxes = [{"text": text, "box": [150, 140, 250, 172], "corners": corners.tolist()}]
    return {
        "file": f"{text[2:]}{ord(text[0])}.png",
        "kind": "scenes",
        "label": text,
        "plate_type": "blue",
        "boxes": json.dumps(boxes),
        "origin": "somewhere",
    }


def test_a_batch_is_the_same_whenever_and_wherever_it_is_made(no_data):
    one, other = tiny(), tiny()
    one.batch(1)
    for name, values in one.batch(7).items():
        assert np.array_equal(values, other.batch(7)[name]), name
    assert not np.array_equal(one.batch(8)["pictures"], one.batch(7)["pictures"])
    assert not np.array_equal(tiny(seed=2).batch(7)["score"], one.batch(7)["score"])


def test_a_batch_is_of_one_size_and_its_targets_fit_its_pictures(no_data):
    task, sizes = tiny(), set()
    for number in range(12):
        batch = task.batch(number)
        count, height, width, _ = batch["pictures"].shape
        sizes.add((height, width))
        for name in ("score", "care", "weight", "rows"):
            assert batch[name].shape == (count, height // 8, width // 8)
        assert batch["corners"].shape == (count, 8, height // 8, width // 8)
        assert count * height * width <= 2 * 256 * 256
    assert len(sizes) >= 3
    assert (128, 256) in sizes


def test_a_pasted_plate_lies_exactly_where_its_corners_say():
    plate = np.full((70, 220, 3), 255, np.uint8)
    for shift in (0.0, 0.25, 0.5, 0.75):
        quad = level(40 + shift, 30 + shift, 88, 28)
        image = np.zeros((100, 200, 3), np.uint8)
        paste(image, plate, quad, PLAIN)
        ink = image[..., 0].astype(float) / 255
        assert ink.sum() == pytest.approx(88 * 28, rel=0.03)
        y, x = np.mgrid[:100, :200] + 0.5
        assert (ink * x).sum() / ink.sum() == pytest.approx(84 + shift, abs=0.15)
        assert (ink * y).sum() / ink.sum() == pytest.approx(44 + shift, abs=0.15)


def test_a_pasted_plate_is_not_turned_or_mirrored():
    plate = np.zeros((70, 220, 3), np.uint8)
    plate[:20, :60] = 255
    image = np.zeros((100, 200, 3), np.uint8)
    paste(image, plate, level(40, 30, 110, 35), PLAIN)
    assert image[33, 45].min() > 200
    for x, y in ((140, 33), (45, 60), (140, 60)):
        assert image[y, x].max() < 60


def test_a_pasted_plate_s_print_lies_where_it_does_on_the_plate():
    plate = np.zeros((70, 220, 3), np.uint8)
    plate[:, :110] = 255
    for size in (0.4, 1.0, 2.0):
        image = np.zeros((200, 500, 3), np.uint8)
        paste(image, plate, level(20, 30, 220 * size, 70 * size), PLAIN)
        row = image[30 + round(35 * size), :, 0].astype(float) / 255
        assert row.sum() == pytest.approx(110 * size, abs=0.15)


def test_a_plate_beyond_the_picture_s_edge_is_pasted_as_far_as_it_is_seen():
    image = np.zeros((100, 200, 3), np.uint8)
    paste(image, np.full((70, 220, 3), 255, np.uint8), level(-40, -10, 88, 28), PLAIN)
    assert image[5, 20].min() > 200
    paste(image, np.full((70, 220, 3), 255, np.uint8), level(900, 900, 88, 28), PLAIN)


@pytest.mark.parametrize("erased", [False, True])
def test_a_view_moves_corners_and_pixels_alike(erased):
    """A dark patch stands for what is left of a photo after erasing: it must be where it was."""
    image = grey(tone=200)
    patch = level(100, 40, 60, 30)
    image[40:70, 100:160] = 0
    photo = Photo("x", image, (Mark(level(150, 140, 100, 32)),))
    seen = 0
    for number in range(60):
        dice = dice_of(number)
        small, matrix = view(dice, photo, Framing(256, 256), erased=erased)
        quad = moved(patch, matrix)
        if quad.min() < 2 or quad.max() > 254 or np.ptp(quad[:, 0]) < 8:
            continue
        y, x = np.nonzero(small.max(2) < 60)
        assert len(x) == pytest.approx(np.ptp(quad[:, 0]) * np.ptp(quad[:, 1]), rel=0.35)
        assert np.allclose([np.mean(x) + 0.5, np.mean(y) + 0.5], quad.mean(0), atol=0.35)
        seen += 1
    assert seen > 5


def test_only_an_erased_photo_is_turned_left_to_right():
    photo = Photo("x", grey(), (Mark(level(150, 140, 100, 32)),))

    def turned(erased):
        views = [view(dice_of(n), photo, ZOOM, erased=erased)[1] for n in range(20)]
        return sum(np.linalg.det(matrix) < 0 for matrix in views)

    assert turned(erased=False) == 0
    assert 3 < turned(erased=True) < 17


def test_mirrored_corners_start_again_at_the_top_left():
    turn = np.array([[-1.0, 0, 256], [0, 1, 0], [0, 0, 1]])
    assert mirrored(moved(level(10, 20, 40, 12), turn)).tolist() == level(206, 20, 40, 12).tolist()


def test_a_turned_photo_s_plate_still_starts_at_its_own_top_left(no_data):
    """Pasted where the old plate was: its text must not stand on its head or run backwards."""
    old = Photo("x", grey(), (Mark(level(150, 140, 100, 32)),))
    sources = Sources([old], [], [], tiny().sources.pool)
    turned = 0
    for number in range(120):
        _, marks = scene(dice_of(number), sources, ZOOM)
        for mark in marks:
            across, down = mark.quad[1] - mark.quad[0], mark.quad[3] - mark.quad[0]
            assert across[0] * down[1] - across[1] * down[0] > 0
            turned += 1
    assert turned > 60


def test_the_second_look_s_size_is_learnt(no_data):
    widths = []
    sources = tiny().sources
    for number in range(40):
        image, marks = scene(dice_of(number), sources, ZOOM)
        assert image.shape == (128, 256, 3)
        widths += [np.linalg.norm(mark.quad[1] - mark.quad[0]) for mark in marks]
    assert 256 / 2.6 * 0.8 < np.median(widths) < 256 / 2.6 * 1.25


def test_a_red_frame_is_painted_out_and_a_red_lorry_stays():
    image = grey(tone=100)
    image[200:] = (40, 30, 180)
    quad = level(150, 140, 100, 32)
    cv2.rectangle(image, (130, 120), (270, 190), (0, 0, 255), 3)
    cv2.rectangle(image, (130, 105), (190, 120), (0, 0, 255), -1)
    cv2.rectangle(image, (150, 140), (250, 172), (200, 90, 20), -1)
    clean = without_frame(image, quad)
    blue, green, red = cv2.split(clean)
    assert not ((red > 200) & (green < 60) & (blue < 60)).any()
    assert (clean[210:] == image[210:]).all()
    assert (clean[145:168, 155:245] == image[145:168, 155:245]).all()


def test_only_photos_whose_plates_are_marked_or_absent_are_used(small_data):
    taken = {photo.key: photo for photo in photos(("scenes", "backgrounds"))}
    assert {"f", "e", KEPT, HELD} <= set(taken)
    assert not {"u", "c"} & set(taken)
    assert [mark.known for mark in taken["f"].marks[:1]] == [False]
    assert all(mark.known for mark in taken[KEPT].marks)


def test_an_erased_photo_shows_no_plate(small_data):
    photo = next(photo for photo in photos(("scenes",)) if photo.key == KEPT)
    for level_of in photo.erased:
        assert (level_of[..., 1].astype(int) - level_of[..., 2]).max() < 40
    assert photo.erased[0].shape == photo.image.shape


def test_held_out_plates_are_never_learnt_from_and_alone_are_examined(small_data):
    task = tiny(held_out=data.fold_of(HELD), exam_pictures=1)
    learnt = [photo.key for photo in task.sources.chinese]
    examined = [photo.key for photo in task.exam.photos if photo.key in (KEPT, HELD)]
    assert data.fold_of(KEPT) != data.fold_of(HELD)
    assert KEPT in learnt
    assert HELD not in learnt
    assert examined == [HELD]
    assert len(task.sources.pool.real) == 1
    assert len(tiny(held_out=data.fold_of(KEPT)).sources.pool.real) == 0
