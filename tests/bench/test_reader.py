"""What counts as read right or wrong, on which pictures, and how it is told."""

import csv
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from bench.peers.client import Answer
from bench.peers.environment import NoPeers
from bench.reader import calibrate, contest, drawn, report
from bench.reader.samples import Sample, load, some
from bench.reader.scores import Share, as_read, line, lines, outcome, quantile
from gateway.lane.plates import Gate, kind_of
from gateway.lane.types import PlateCandidate, PlateColour
from models.training.data import fold_of
from models.training.kinds import KIND_OF

ROOT = Path(__file__).resolve().parents[2]
CORNERS = ((0.0, 0.0), (140.0, 0.0), (140.0, 45.0), (0.0, 45.0))
HEAD = ("file", "kind", "label", "plate_type", "boxes", "width", "origin")


def sample(label="京A12345", group="scenes", *, crop=False, type_="blue", others=()):
    return Sample(Path("x.jpg"), group, "", type_, label, frozenset(others), crop=crop)


def read(one, *texts, ms=1.0):
    return outcome(one, Answer(ms, {"a reader": texts}), "a reader")


# --- right and wrong -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "same"),
    [("京A·12345", "京A12345"), (" 京 A 12345 ", "京A12345"), ("京AI2345", "京A12345"),
     ("京AO2345", "京A02345"), ("浙OI2345", "浙O12345"), ("京Ａ１２３４５", "京A12345"),
     ("京a12345", "京A12345"), ("京A•12-345", "京A12345")],
)  # fmt: skip
def test_one_spelling_for_all_readers(text, same):
    assert as_read(text) == same


def test_any_text_that_is_the_label_is_right():
    assert read(sample(), "出口", "京A·12345").right
    assert not read(sample(), "京A1234", "京A123456").right
    assert not read(sample()).right


def test_wrong_is_what_could_be_a_plate_and_is_not_this_one():
    assert read(sample(), "京A12346").wrong
    assert not read(sample(), "京A12345").wrong
    assert not read(sample(), "减速慢行", "B 95 GSV", "京A123").wrong


def test_right_and_wrong_can_both_be_in_one_picture():
    found = read(sample(), "京A12345", "沪B67890")

    assert (found.right, found.wrong) == (True, True)


def test_another_plate_of_the_picture_is_not_wrong():
    assert not read(sample(others={"沪B67890"}), "沪B67890").wrong


def test_without_a_plate_nothing_is_right_and_every_plate_is_wrong():
    found = read(sample(label=""), "京A12345")

    assert (found.right, found.wrong) == (False, True)


def test_what_a_reader_raised_counts_as_nothing_read():
    found = outcome(sample(), Answer(3.0, failed="IndexError: x"), "a reader")

    assert (found.right, found.wrong, found.failed) == (False, False, True)


# --- shares and times ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(0, 10, 0.0, 27.75), (10, 10, 72.25, 100.0), (5, 10, 23.66, 76.34), (98, 100, 93.0, 99.45)],
)
def test_intervals_are_those_of_wilson(count, total, low, high):
    """Newcombe 1998 has the method; the figures were worked out by hand from its formula."""
    assert Share(count, total).interval() == pytest.approx((low, high), abs=0.01)


def test_of_no_pictures_nothing_is_known():
    assert Share(0, 0).interval() == (0.0, 100.0)


def test_a_share_of_nothing_has_no_percentage_in_json():
    assert report.share_json(Share(0, 0)) == {"count": 0, "of": 0}


def test_a_line_counts_labelled_pictures_for_right_and_all_for_wrong():
    found = line("x", [read(sample(), "京A12345"), read(sample(label=""), "京A12345", ms=9.0)])

    assert (found.right, found.wrong, found.pictures) == (Share(1, 1), Share(1, 2), 2)


def test_median_and_the_time_that_95_of_100_keep():
    assert quantile(range(1, 101), 0.5) == 50
    assert quantile(range(1, 101), 0.95) == 95
    assert quantile([], 0.5) == 0.0


def test_lines_keep_the_order_of_the_pictures():
    outcomes = [read(sample(type_=name)) for name in ("blue", "green", "blue")]

    found = lines(outcomes, lambda one: one.type)

    assert [(one.name, one.pictures) for one in found] == [("blue", 2), ("green", 1)]


# --- pictures ------------------------------------------------------------------------------


def folder_of(place, *rows):
    with (place / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, HEAD)
        writer.writeheader()
        for row in rows:
            path = place / row["file"]
            path.parent.mkdir(exist_ok=True)
            cv2.imencode(".png", np.full((60, 160, 3), 90, np.uint8))[1].tofile(path)
            writer.writerow(dict.fromkeys(HEAD, "") | {"width": "640"} | row)
    return place


def row(kind, number=1, **more):
    return {"file": f"{kind}/{number}.png", "kind": kind} | more


def test_labels_make_crops_and_scenes_and_folders_without_plates_have_none(tmp_path):
    folder_of(
        tmp_path,
        row("crops", label="京AO2345", plate_type="blue", origin="CCPD photos"),
        row("lane_crops", label="沪B12345"),
        row("lane_crops", 2),
        row("scenes", label="皖C12345", plate_type="yellow", origin="toll lane camera"),
        row("not_plates"),
        row("no_plate_scenes"),
        row("backgrounds", plate_type="foreign plates visible"),
        row("backgrounds", 2, plate_type="Chinese plates visible, not boxed", label="皖C12345"),
        row("special", label="粤ZP560港", plate_type="black HK", width="136"),
        row("special", 2, label="京A09885", plate_type="yellow", width="433"),
    )

    found = [
        (one.source, one.label, one.type, one.crop) for one in load(tmp_path, validation=False)
    ]

    assert found == [
        ("crops: CCPD photos", "京A02345", "blue", True),
        ("lane_crops", "沪B12345", "colour not given", True),
        ("scenes: toll lane", "皖C12345", "yellow", False),
        ("not_plates", "", "no plate", True),
        ("no_plate_scenes", "", "no plate", False),
        ("foreign", "", "no plate", False),
        ("special", "粤ZP560港", "black HK", True),
        ("special", "京A09885", "yellow", False),
    ]


def test_other_plates_of_a_scene_are_known(tmp_path):
    boxes = json.dumps([{"text": "京A12345"}, {"text": "沪BO7890"}, {"text": None}])
    folder_of(tmp_path, row("scenes", label="京A12345", boxes=boxes))

    (one,) = load(tmp_path, validation=False)

    assert one.others == {"沪B07890"}


def test_validation_is_the_fold_that_the_training_keeps_apart(tmp_path):
    labels = [f"京A{number:05}" for number in range(200)]
    folder_of(tmp_path, *(row("crops", n, label=label) for n, label in enumerate(labels)))

    found = {one.label for one in load(tmp_path, validation=True)}

    assert found == {label for label in labels if fold_of(label) == 0}
    md5 = {n: hashlib.md5(n.encode(), usedforsecurity=False).hexdigest() for n in labels}
    assert found == {label for label in labels if int(md5[label], 16) % 10 == 0}
    assert found


def test_a_limit_takes_as_many_of_each_source_and_the_same_each_time(tmp_path):
    rows = [row(kind, n, label=f"京A{n:05}") for kind in ("crops", "lane_crops") for n in range(9)]
    samples = load(folder_of(tmp_path, *rows), validation=False)

    few = some(samples, 3)

    assert [one.group for one in few] == ["crops"] * 3 + ["lane_crops"] * 3
    assert few == some(list(reversed(samples)), 3)[3:] + some(list(reversed(samples)), 3)[:3]
    assert some(samples, None) == samples


# --- drawn plates --------------------------------------------------------------------------

KINDS = tuple(KIND_OF[name] for name in ("blue", "yellow lorry", "new energy"))


def test_drawn_plates_are_the_same_each_time_and_possible_ones(tmp_path):
    first, second = tmp_path / "1", tmp_path / "2"
    first.mkdir()
    second.mkdir()

    once = list(drawn.samples(first, 2, [], KINDS))
    again = list(drawn.samples(second, 2, [], KINDS))

    assert [one.label for one in once] == [one.label for one in again]
    assert [a.path.read_bytes() for a in once] == [b.path.read_bytes() for b in again]
    assert all(kind_of(one.label) for one in once)
    assert [one.crop for one in once] == [True, False] * 6


def test_a_drawn_plate_of_two_rows_keeps_its_shape(tmp_path):
    pictures = [cv2.imread(str(one.path)) for one in drawn.samples(tmp_path, 2, [], KINDS)]

    shapes = [picture.shape[1] / picture.shape[0] for picture in pictures[::2]]
    assert all(2.7 < shape < 3.8 for shape in shapes[:2] + shapes[4:])
    assert all(1.7 < shape < 2.4 for shape in shapes[2:4])
    assert {picture.shape for picture in pictures[1::2]} == {(720, 1280, 3)}


# --- the contest ---------------------------------------------------------------------------

ODD = {"odd": ("tests.bench.odd_peer", Path(sys.executable))}


@pytest.fixture
def pictures(tmp_path):
    def of_widths(*widths):
        for number, width in enumerate(widths):
            path = tmp_path / f"{number}.png"
            cv2.imencode(".png", np.zeros((30, width, 3), np.uint8))[1].tofile(path)
            yield Sample(path, "crops", "", "blue", "京A12345")

    return of_widths


def test_a_reader_that_dies_is_left_with_what_it_did(pictures):
    result = contest.hold(list(pictures(30, 40, 50, 30)), contest.Readers(ODD))

    (standing,) = result.standings
    assert [one.failed for one in standing.outcomes["odd"]] == [False, True]
    assert standing.lost == "odd: its process ended: out of memory"


def test_a_reader_that_does_not_start_is_missing_and_the_others_go_on(pictures):
    readers = contest.Readers(ODD | {"ghost": ("tests.bench.ghost", Path(sys.executable))})

    result = contest.hold(list(pictures(30)), readers)

    assert [one.name for one in result.standings] == ["odd"]
    assert "No module named 'tests.bench.ghost'" in result.missing["ghost"]


def test_without_the_environment_of_the_others_ours_runs_alone():
    def nowhere():
        raise NoPeers("no way to the packages")

    readers = contest.ours_and_others(nowhere)

    assert list(readers.programs) == ["ours"]
    assert set(readers.missing.values()) == {"no way to the packages"}


def test_the_progress_counts_every_picture_once(pictures):
    told = []

    contest.hold(list(pictures(*[30] * 90)), contest.Readers(ODD), tick=told.append)

    assert told == [40, 40, 10]


def test_the_json_has_every_reader_with_shares_and_intervals(pictures):
    result = contest.hold(list(pictures(30, 40)), contest.Readers(ODD, {"x": "why"}))

    told = json.loads(json.dumps(report.as_json(result, "all", ["a note"])))

    assert (told["split"], told["notes"], told["missing"]) == ("all", ["a note"], {"x": "why"})
    (reader,) = told["readers"]
    assert (reader["reader"], reader["licence"], reader["how"]) == ("odd", "MIT", "all it says")
    assert reader["memory_mb"] > 0
    (one,) = reader["by source"]
    assert one["right"] == {"count": 0, "of": 2, "percent": 0.0, "low": 0.0, "high": 65.76}
    assert one["failed"] == 1


# --- the gate ------------------------------------------------------------------------------


def candidate(text="京A12345", least=0.99):
    sure = (0.999,) * (len(text) - 1) + (least,)
    return PlateCandidate(text, PlateColour.UNKNOWN, sure, 0.95, CORNERS)


def seen(label, *candidates, crop=True):
    return calibrate.Read(sample(label, crop=crop), candidates)


def test_a_stricter_gate_keeps_less_and_lets_less_through():
    reads = [
        seen("京A12345", candidate(least=0.7)),
        seen("", candidate(least=0.6)),
        seen(""),
        seen("京A12345", candidate("沪A12345", 0.65), crop=False),
    ]

    loose = calibrate.point(Gate(min_char=0.5), reads)
    strict = calibrate.point(Gate(min_char=0.68), reads)

    assert (loose.crops, loose.false_crops, loose.wrong) == (Share(1, 1), Share(1, 2), Share(1, 2))
    assert (strict.crops, strict.false_crops, strict.wrong) == (
        Share(1, 1), Share(0, 2), Share(0, 2),
    )  # fmt: skip
    assert (loose.good_enough, strict.good_enough) == (False, True)


def test_the_sweep_has_the_defaults_and_each_gate_once():
    gates = [one.gate for one in calibrate.sweep([seen("京A12345", candidate())])]

    assert Gate() in gates
    assert len(gates) == len(set(gates))


# --- the command ---------------------------------------------------------------------------


def bench(*words):
    command = [sys.executable, "-m", "bench.reader", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture
def plates(tmp_path):
    return folder_of(
        tmp_path,
        row("crops", label="京A12345", plate_type="blue", origin="CCPD photos"),
        row("scenes", label="皖C12345", plate_type="yellow", origin="toll lane camera"),
        row("not_plates"),
    )


def test_the_command_prints_one_json_object(plates):
    done = bench("--json", "--plates", str(plates))

    told = json.loads(done.stdout)
    assert [one["reader"] for one in told["readers"]] == ["ours", "ours, no gate"]
    names = [one["name"] for one in told["readers"][0]["by source"]]
    assert names == ["crops: CCPD photos", "scenes: toll lane", "not_plates"]
    assert "trained on" in told["notes"][0]


def test_the_command_prints_tables_for_people(plates):
    done = bench("--plates", str(plates))

    assert "by source" in done.stdout
    assert "scenes: toll lane" in done.stdout
    assert done.stdout.rstrip().endswith("that our models were trained on.")


def test_the_parts_of_a_reading_are_timed_at_two_sizes(plates):
    told = json.loads(bench("--parts", "--json", "--plates", str(plates)).stdout)

    assert [one["size"] for one in told["sizes"]] == ["1280x720", "1920x1080"]
    parts = told["sizes"][0]["parts"]
    assert parts["all in"]["median_ms"] > parts["resize"]["median_ms"] > 0


def test_the_gate_is_calibrated_from_the_command(plates):
    told = json.loads(bench("--calibrate", "--json", "--plates", str(plates)).stdout)

    assert told["points"][0]["false_crops"]["of"] == 1
    assert any(one["gate"] == told["default"] for one in told["points"])
