"""Reads plates with two small ONNX networks: one finds them, one reads them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from pydantic import Field

from gateway.ports import DeviceError, DriverSettings, Reader

_BESIDE_THE_PACKAGES = Path(__file__).resolve().parents[2] / "models"
_INSTALLED = Path(sys.prefix) / "share" / "lanegate" / "models"


def released_models() -> Path:
    """The models that came with this software: beside the packages, or in its environment."""
    return _INSTALLED if _INSTALLED.is_dir() else _BESIDE_THE_PACKAGES


class Settings(DriverSettings):
    driver: Literal["onnx_plates"]
    models: Path = Field(
        default_factory=released_models,
        description="Folder with manifest.yaml and the models; those of the release if left out.",
    )


@contextmanager
def connect(settings: Settings) -> Iterator[Reader]:
    """Load, check and warm up the models: under a second.

    Raises `DeviceError` where the folder does not hold them; `read` and `read_crop` raise it
    for what is no picture.
    """
    try:
        from drivers.plates.reader import PlateReader
    except ImportError as error:
        raise DeviceError(
            f"reader onnx_plates: {error}; install numpy, opencv-python-headless and onnxruntime"
        ) from error
    reader = PlateReader.load(settings.models)
    reader.warm_up()
    yield reader
