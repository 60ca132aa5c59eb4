"""What the recogniser is given to learn, and what it is exported as."""

import random

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `training`")
pytest.importorskip("PIL", reason="needs the extra `demo`: fonts for what is drawn")

from models.training import data
from models.training.data import Split
from models.training.export import INTERFACES, NotTheSame, export
from models.training.glyphs import Glyphs
from models.training.kinds import KINDS
from models.training.plates import draw_plate
from models.training.recogniser.feed import Feed, Mixture
from models.training.recogniser.net import ALPHABET, SLOTS, TYPES, Recogniser, decode, encode
from models.training.recogniser.real import RealPlate, with_another_province
from models.training.recogniser.views import cut_out, shot_of


@pytest.fixture(scope="module", autouse=True)
def no_photos(tmp_path_factory):
    """All plates are drawn: the photos take their time to load."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(data.VARIABLE, str(tmp_path_factory.mktemp("none")))
        data.samples.cache_clear()
        yield
    data.samples.cache_clear()


@pytest.fixture(scope="module")
def feed():
    return Feed(1, 12, Mixture(), Split(), pool=20)


def test_a_batch_depends_on_its_number_alone(feed):
    later = feed.batch(3)
    again = Feed(1, 12, Mixture(), Split(), pool=20).batch(3)

    assert all(np.array_equal(later[key], again[key]) for key in later)
    assert not np.array_equal(later["plates"], feed.batch(4)["plates"])


def test_a_batch_is_what_the_network_takes(feed):
    batch = feed.batch(0)

    assert batch["plates"].shape == (12, 3, 40, 144)
    assert batch["plates"].dtype == np.float32
    assert 0 <= batch["plates"].min() <= batch["plates"].max() <= 255
    assert batch["text"].shape == (12, SLOTS)


def test_what_is_refused_has_no_text_and_is_no_plate():
    batch = Feed(1, 12, Mixture(real=0, refused=1), Split(), pool=20).batch(0)

    assert not batch["text"].any()
    assert not batch["type"].any()


def test_every_sign_that_is_drawn_can_be_said():
    dice = random.Random(1)
    for kind in KINDS:
        for _ in range(40):
            text = kind.text(dice)
            assert decode(encode(text)) == text
    assert len(set(ALPHABET)) == len(ALPHABET)


@pytest.mark.parametrize("rows", [1, 2])
def test_a_plate_with_true_corners_fills_its_view(rows):
    """Without errors of the corners the view is the plate, and little of its surroundings."""
    dice = random.Random(4)
    kind = next(kind for kind in KINDS if kind.forms[0].rows == rows and kind.name != "blue")
    foreign = []
    for _ in range(20):
        shot = shot_of(
            dice, draw_plate(dice, kind).image, np.full((8, 8, 3), (255, 0, 255), np.uint8)
        )
        view = cut_out(dice, shot, rows, error=0.0).astype(int)
        foreign.append((view[..., 0] + view[..., 2] - 2 * view[..., 1] > 300).mean())

    assert 0 < np.mean(foreign) < 0.25


def test_another_province_changes_the_sign_and_nothing_behind_it():
    plate = draw_plate(random.Random(1), KINDS[0], "京A12345")
    real = RealPlate(plate.image, plate.text, "crops")

    changed = with_another_province(random.Random(2), real, Glyphs(None))

    before = np.asarray(real.image).mean()
    assert changed.text[1:] == "A12345"
    assert changed.text[0] != "京"
    assert changed.image.shape == (52, 176, 3)
    assert abs(changed.image[:, 30:].mean() - before) < 20


def test_the_exported_network_answers_as_the_trained_one(tmp_path):
    torch.manual_seed(1)
    net = Recogniser((4, 4, 8, 8))

    digest = export(net, INTERFACES["recogniser"], tmp_path / "rec.onnx")

    assert len(digest) == 64
    assert (tmp_path / "rec.onnx").stat().st_size < 200_000
    assert TYPES[0] == "none"


def test_a_network_that_cannot_be_exported_truly_is_not_written(tmp_path):
    class Moody(Recogniser):
        def forward(self, plates):
            text, colour, kind = super().forward(plates)
            return text + (5.0 if torch.onnx.is_in_onnx_export() else 0.0), colour, kind

    with pytest.raises(NotTheSame, match="text: ONNX Runtime differs"):
        export(Moody((4, 4, 8, 8)), INTERFACES["recogniser"], tmp_path / "rec.onnx")
    assert not (tmp_path / "rec.onnx").exists()
