"""Readers in processes of their own, and the environment of the others."""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from bench.peers import environment
from bench.peers.client import Client, PeerLost
from bench.peers.pp_ocr import joined

HERE = Path(sys.executable)


@pytest.fixture
def odd():
    with Client("odd", "tests.bench.odd_peer", HERE) as client:
        yield client


@pytest.fixture
def picture(tmp_path):
    def of_width(width):
        path = tmp_path / f"皖 {width}.png"
        cv2.imencode(".png", np.zeros((30, width, 3), np.uint8))[1].tofile(path)
        return path

    return of_width


def test_a_reader_says_who_it_is_and_what_its_models_weigh(odd):
    assert odd.rows == ["odd"]
    size = round((Path(__file__).with_name("odd_peer.py")).stat().st_size / 1e6, 2)
    assert odd.about == {
        "rows": ["odd"], "version": "1", "licence": "MIT", "how": "all it says", "models_mb": size,
    }  # fmt: skip


def test_scenes_and_crops_are_asked_apart_and_timed(odd, picture):
    scene = odd.ask(picture(100), crop=False)
    crop = odd.ask(picture(100), crop=True)

    assert (scene.texts, crop.texts) == ({"odd": ["scene of 100"]}, {"odd": ["crop of 100 皖"]})
    assert 0 < scene.ms < 60_000


def test_what_a_reader_raises_is_its_result_and_it_goes_on(odd, picture):
    failed = odd.ask(picture(40), crop=False)

    assert failed.failed == "IndexError: list index out of range"
    assert odd.ask(picture(41), crop=False).texts == {"odd": ["scene of 41"]}


def test_what_a_library_prints_is_no_answer(odd, picture):
    assert odd.ask(picture(60), crop=False).texts == {"odd": ["scene of 60"]}


def test_a_reader_that_dies_is_told_with_its_last_words(odd, picture):
    with pytest.raises(PeerLost, match="odd: its process ended: out of memory"):
        odd.ask(picture(50), crop=False)


def test_peak_memory_is_its_own_and_not_the_askers(picture):
    ballast = np.ones(400 << 20, np.uint8)
    with Client("odd", "tests.bench.odd_peer", HERE) as client:
        client.ask(picture(100), crop=False)

    assert 10 < client.memory_mb < ballast.nbytes / 1e6


def test_a_reader_that_cannot_start_is_told():
    with pytest.raises(PeerLost, match=r"No module named 'tests.bench.nobody'"):
        Client("nobody", "tests.bench.nobody", HERE)


def test_one_thread_on_one_processor_for_every_reader():
    with Client("limits", "tests.bench.limits_peer", HERE) as client:
        told = json.loads(client.about["how"])

    assert told["processors"] == 1
    assert set(told["threads"].values()) == {"1"}
    assert (told["cv2"], told["onnxruntime"]) == (1, 1)


# --- lines of texts ------------------------------------------------------------------------


def box(left, top, width=100, height=30):
    right, bottom = left + width, top + height
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def test_texts_of_one_line_are_joined_from_left_to_right():
    assert joined([(box(120, 3), "12345"), (box(0, 0), "皖A")]) == ["12345", "皖A", "皖A12345"]


def test_two_lines_one_above_the_other_are_joined_for_plates_of_two_rows():
    found = [(box(0, 0), "京A"), (box(0, 40), "12345"), (box(0, 200), "出口")]

    assert "京A12345" in joined(found)
    assert "京A出口" not in joined(found)


def test_nothing_found_is_no_text():
    assert joined([]) == []


# --- the environment -----------------------------------------------------------------------


def test_where_the_others_cannot_be_installed_the_reason_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")

    with pytest.raises(environment.NoPeers, match=r"pip install .* failed: ERROR: No matching"):
        environment.python(tmp_path / "peers")
    assert not (tmp_path / "peers" / environment.MADE).exists()


def test_an_environment_that_is_there_is_used_again_until_the_versions_change(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    program = tmp_path / "bin" / "python"
    program.parent.mkdir()
    program.symlink_to(sys.executable)
    wanted = environment.wanted()
    (tmp_path / environment.MADE).write_text(wanted)

    assert environment.python(tmp_path) == program

    (tmp_path / environment.MADE).write_text(wanted[::-1])
    with pytest.raises(environment.NoPeers):
        environment.python(tmp_path)


def test_every_version_of_the_others_is_named_exactly():
    lines = environment.REQUIREMENTS.read_text("utf-8").splitlines()
    names = [line for line in lines if line and not line.startswith("#")]

    assert names
    assert all(name.count("==") == 1 for name in names)
