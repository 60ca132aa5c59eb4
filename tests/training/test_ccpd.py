"""CCPD's names of files, as its README gives them."""

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2")

from models.training import data
from models.training.ccpd import named, write_manifest
from models.training.data import NoData

NAME = "025-95_113-154&383_386&473-386&473_177&454_154&383_363&402-0_0_22_27_27_33_16-37-15"


def test_the_example_of_its_readme_is_understood():
    text, corners = named(NAME)

    assert text == "皖AY339S"
    assert corners == [[154, 383], [363, 402], [386, 473], [177, 454]]


@pytest.mark.parametrize(
    "stem", ["", "plate", "1-2-3-4-5-6-7", NAME.replace("0_0_22", "99_0_22"), NAME[:-3] + "-1-2"]
)
def test_another_sort_of_name_is_left_out(stem):
    assert named(stem) is None


def test_the_manifest_is_what_the_training_reads(tmp_path, monkeypatch):
    photos = tmp_path / "ccpd_base"
    photos.mkdir()
    cv2.imwrite(str(photos / f"{NAME}.jpg"), np.zeros((600, 500, 3), np.uint8))
    (photos / "readme.jpg").write_bytes(b"no plate")

    assert write_manifest(photos, tmp_path / "manifest.csv") == 1

    monkeypatch.setenv(data.VARIABLE, str(tmp_path))
    data.samples.cache_clear()
    (sample,) = data.samples()
    data.samples.cache_clear()
    assert (sample.kind, sample.label) == ("scenes", "皖AY339S")
    assert sample.picture().shape == (600, 500, 3)
    assert sample.plates[0].corners.tolist()[0] == [154, 383]


def test_a_folder_without_its_photos_is_told(tmp_path):
    with pytest.raises(NoData, match="holds no photo with a name as CCPD gives them"):
        write_manifest(tmp_path, tmp_path / "manifest.csv")
