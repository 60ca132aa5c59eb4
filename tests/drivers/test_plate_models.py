"""Which models the plate reader agrees to load."""

import hashlib
import shutil
import subprocess
import sys

import pytest
import yaml

from drivers.reader.onnx_plates import Settings, connect, released_models
from gateway.ports import DeviceError


@pytest.fixture
def models(tmp_path):
    folder = tmp_path / "models"
    shutil.copytree(released_models(), folder)
    return folder


def refusal(folder) -> str:
    with (
        pytest.raises(DeviceError) as refused,
        connect(Settings(driver="onnx_plates", models=folder)),
    ):
        pass
    return str(refused.value)


def change(folder, model, **values):
    path = folder / "manifest.yaml"
    manifest = yaml.safe_load(path.read_text(encoding="utf-8"))
    manifest[model].update(values)
    path.write_text(yaml.safe_dump(manifest, allow_unicode=True), encoding="utf-8")


def test_a_damaged_model_is_refused(models):
    path = models / "plate_rec.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"x")

    said = refusal(models)

    assert said.startswith(f"{path}: its SHA-256 is ")
    assert said.endswith("install the models folder of the release again")


def test_a_missing_model_is_refused(models):
    (models / "plate_det.onnx").unlink()

    assert refusal(models).startswith(f"{models / 'plate_det.onnx'}: cannot be read")


def test_a_folder_without_a_manifest_is_refused(tmp_path):
    assert refusal(tmp_path).startswith(f"{tmp_path / 'manifest.yaml'}: cannot be read")


@pytest.mark.parametrize("text", ["", "[", "- 1", "detector: 1", "\x00"])
def test_a_manifest_that_is_none_is_refused(models, text):
    (models / "manifest.yaml").write_text(text, encoding="utf-8")

    assert refusal(models).startswith(f"{models / 'manifest.yaml'}: ")


def test_a_manifest_cannot_name_a_file_elsewhere(models):
    change(models, "detector", file="../plate_det.onnx")

    assert "detector.file" in refusal(models)


def test_an_alphabet_of_another_model_is_refused(models):
    change(models, "recogniser", alphabet="-京A0")

    assert "signs, colours and types, the manifest has (4, " in refusal(models)


def test_a_checked_file_that_is_no_network_is_refused(models):
    (models / "plate_det.onnx").write_bytes(b"no network")
    change(models, "detector", sha256=hashlib.sha256(b"no network").hexdigest())

    assert "plate_det.onnx: onnxruntime cannot load it" in refusal(models)


def test_reading_leaves_no_identity_behind_and_calls_nobody(tmp_path):
    program = (
        "import numpy; from drivers.reader.onnx_plates import *;"
        "reader = connect(Settings(driver='onnx_plates'));"
        "reader.__enter__().read(numpy.zeros((90, 160, 3), 'uint8'))"
    )
    home = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-c", program], env=home, check=True)
    assert list(tmp_path.rglob("*")) == []
