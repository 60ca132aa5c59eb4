"""Broken model files: each is refused in a sentence, or gives no reading."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from bench.fuzz.networks import ABSURD, installed, outcome, released
from bench.fuzz.onnxfile import Value, detector, recogniser, with_external_weights, written
from bench.fuzz.parent import fuzz
from drivers.plates import manifest
from drivers.plates.network import Network
from gateway.ports import DeviceError

ROOT = Path(__file__).resolve().parents[2]
DAMAGED = 6
WORKS = {"as released", "finds nothing anywhere", "finds plates everywhere", "reads nothing",
         "finds and reads everywhere", "finds at wild places", "opset 1", "format 0",
         "output without shape", "output of unknown sizes"}  # fmt: skip


def picture():
    return np.zeros((1, 3, 64, 64), np.float32)


@pytest.mark.parametrize("name", ABSURD)
def test_a_model_with_one_thing_wrong_is_refused_or_reads_nothing(name):
    assert outcome(ABSURD[name]()) == ("nothing read" if name in WORKS else "refused")


def test_damaged_files_under_the_right_sum_are_refused_or_work_in_a_child():
    """From the released files: bits flipped, parts missing, ends cut off."""
    first = len(ABSURD)

    tally = fuzz("bench.fuzz.networks", 1, first, first + DAMAGED)

    assert (tally.done, tally.bad) == (DAMAGED, [])


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf"), 1e20])
def test_answers_that_make_no_sense_are_refused(number):
    network = Network(written(detector(number)), "plate_det.onnx")

    with pytest.raises(DeviceError, match=r"plate_det.onnx: gives numbers that make no sense"):
        network.run(picture())


def test_a_model_that_fails_at_its_work_is_refused_then():
    fixed = replace(detector(), inputs=(Value("x", (1, 3, 8, 8)),))
    network = Network(written(fixed), "plate_det.onnx")

    with pytest.raises(DeviceError, match=r"plate_det.onnx: cannot run \(.+\); install"):
        network.run(picture())


def test_the_number_of_answers_is_the_wanted_one():
    three = written(recogniser(0.0, ((8, 5), (2,), (2,))))

    assert len(Network(three, "plate_rec.onnx", outputs=3).output_shapes) == 3
    with pytest.raises(DeviceError, match=r"must have 1 input and 1 output\(s\)"):
        Network(three, "plate_rec.onnx")


@pytest.mark.parametrize("place", ["weights.bin", "../{}/weights.bin", "./weights.bin"])
def test_weights_outside_of_the_checked_file_are_never_read(tmp_path, monkeypatch, place):
    """They would have no sum: whoever can write into the working folder would choose them."""
    (tmp_path / "weights.bin").write_bytes(bytes(10 * 3 * 8 * 8 * 4))
    monkeypatch.chdir(tmp_path)
    model = with_external_weights(detector(), place.format(tmp_path.name))

    with pytest.raises(DeviceError, match="cannot load it"):
        Network(written(model), "plate_det.onnx")


# --- the sum comes first -------------------------------------------------------------------


def wrong_sum(folder, part):
    path = folder / manifest.FILE
    entries = yaml.safe_load(path.read_text("utf-8"))
    entries[part]["sha256"] = hashlib.sha256(b"another").hexdigest()
    path.write_text(yaml.safe_dump(entries, allow_unicode=True), encoding="utf-8")


def test_no_file_is_parsed_before_both_sums_are_right(tmp_path):
    """The detector's sum is right and it is no network: that is not even noticed."""
    installed(tmp_path, (b"no network", released().recogniser))
    wrong_sum(tmp_path, "recogniser")
    program = (
        "import sys; from pathlib import Path; from drivers.plates import manifest\n"
        "from gateway.ports import DeviceError\n"
        f"try: manifest.load(Path({str(tmp_path)!r}))\n"
        "except DeviceError as error: print(error)\n"
        "print('onnxruntime' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    said, loaded = done.stdout.splitlines()
    assert said.startswith(f"{tmp_path / 'plate_rec.onnx'}: its SHA-256 is ")
    assert loaded == "False"


def refusal(folder) -> str:
    with pytest.raises(DeviceError) as refused:
        manifest.load(folder)
    return str(refused.value)


@pytest.mark.parametrize(
    "text",
    ["[" * 5000, "detector: 2026-99-99", "a: " + "1" * 5000, b"\xff\xfe",
     "&a [*a]", "? [1]\n: 2", "!!python/object:os.system {}", "detector: {pixels: .inf}"],
)  # fmt: skip
def test_a_hostile_manifest_is_refused_in_a_sentence(tmp_path, text):
    data = text if isinstance(text, bytes) else text.encode()
    (tmp_path / manifest.FILE).write_bytes(data)

    assert refusal(tmp_path).startswith(f"{tmp_path / manifest.FILE}: ")


def test_a_model_that_never_ends_is_refused(tmp_path):
    """A device file has no size of its own, and no end."""
    installed(tmp_path, (b"", b""))
    (tmp_path / "plate_det.onnx").unlink()
    (tmp_path / "plate_det.onnx").symlink_to("/dev/zero")

    assert "is no plain file of a model's size" in refusal(tmp_path)
