"""The detector's network keeps to its interface, learns, and is judged rightly."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is the extra `training`")

from models.training.detector.net import PlateFinder
from models.training.detector.photos import Photo
from models.training.detector.quads import Mark
from models.training.detector.targets import targets
from models.training.detector.task import DetectorTask
from models.training.detector.validate import Exam, examine

QUAD = np.array([[80, 60], [180, 64], [180, 98], [80, 94]], np.float32)
MOST_BYTES = 2_200_000


class Answering(torch.nn.Module):
    """Gives `answer` for pictures with something in them, and sees nothing in blank ones."""

    def __init__(self, answer, calm):
        super().__init__()
        self.place = torch.nn.Parameter(torch.zeros(1))
        self.answer, self.calm = answer, calm

    def forward(self, pictures):
        return self.answer if float(pictures.max()) > 0.9 else self.calm


def answer(quad, *, two_rows=False, size=(256, 128)):
    marks = [Mark(quad, two_rows)] if quad is not None else []
    wanted = targets(marks, *size)
    score = np.clip(wanted["score"], 1e-4, 1 - 1e-4)
    said = [np.log(score / (1 - score))[None], wanted["corners"], wanted["rows"][None] * 20 - 10]
    return torch.from_numpy(np.concatenate(said).astype(np.float32))[None]


def marked(*, known=True, size=(256, 128)):
    image = np.full((size[1], size[0], 3), 255, np.uint8)
    return image, [Mark(QUAD, known=known)]


def judged(net, pictures):
    return examine(net, Exam(photos=[], made=pictures))


@pytest.mark.parametrize(("height", "width"), [(256, 448), (128, 256), (32, 32), (512, 96)])
def test_the_network_answers_for_every_eight_pixels(height, width):
    places = PlateFinder().eval()(torch.zeros(1, 3, height, width))
    assert places.shape == (1, 10, height // 8, width // 8)
    assert places.dtype == torch.float32


def test_an_untrained_network_sees_no_plates():
    assert PlateFinder().eval()(torch.rand(1, 3, 128, 256))[0, 0].sigmoid().max() < 0.2


def test_the_network_is_small_enough_to_ship():
    values = sum(tensor.numel() for tensor in PlateFinder().parameters())
    assert values * 4 < MOST_BYTES


@pytest.mark.timeout(600)
def test_the_network_learns_a_batch_by_heart(tmp_path, monkeypatch):
    monkeypatch.setenv("LANEGATE_PLATES", str(tmp_path))
    torch.manual_seed(1)
    task = DetectorTask(size=1, drawn_plates=12)
    net = task.net()
    batch = {name: torch.from_numpy(values) for name, values in task.batch(2).items()}
    optimiser = torch.optim.AdamW(net.parameters(), 2e-3)
    losses = []
    for _ in range(16):
        optimiser.zero_grad()
        lost = task.loss(net, batch)
        lost.backward()
        optimiser.step()
        losses.append(float(lost.detach()))
    assert losses[-1] < losses[0] * 0.7


def test_a_perfect_detector_gets_full_marks():
    net = Answering(answer(QUAD), answer(None))
    figures = judged(net, [marked()])
    assert figures["made_found"] == 1
    assert figures["made_extra"] == 0
    assert figures["made_error"] < 0.001
    assert figures["made_rows"] == 1


def test_a_detector_that_sees_nothing_finds_nothing():
    figures = judged(Answering(answer(None), answer(None)), [marked()])
    assert figures["made_found"] == 0
    assert figures["made_extra"] == 0
    assert figures["made_error"] == 1


def test_a_box_where_no_plate_is_counts_as_an_extra_one_and_lowers_the_mark():
    image, _ = marked()
    net = Answering(answer(QUAD), answer(None))
    figures = judged(net, [(image, []), marked()])
    assert figures["made_extra"] == 0.5
    assert figures["good"] < judged(net, [marked()])["good"]


def test_a_box_on_a_plate_that_is_not_known_counts_neither_way():
    figures = judged(Answering(answer(QUAD), answer(None)), [marked(known=False)])
    assert figures["made_extra"] == 0
    assert figures["made_found"] == 0


def test_corners_that_are_off_by_a_quarter_of_the_height_are_measured_so():
    height = 34
    moved = QUAD + np.array([0, height / 4], np.float32)
    figures = judged(Answering(answer(moved), answer(None)), [marked()])
    assert figures["made_error"] == pytest.approx(0.25, abs=0.01)


def test_a_wrong_row_count_is_told():
    figures = judged(Answering(answer(QUAD, two_rows=True), answer(None)), [marked()])
    assert figures["made_found"] == 1
    assert figures["made_rows"] == 0


def test_a_box_that_stays_after_the_plate_was_erased_is_an_extra_one():
    size = (480, 256)  # what the decoder looks at without scaling
    image, marks = marked(size=size)
    net = Answering(answer(QUAD, size=size), answer(QUAD, size=size))
    figures = examine(net, Exam(photos=[Photo("x", image, tuple(marks))], made=[]))
    assert figures["real_found"] == 1
    assert figures["real_extra"] == 0.5
