"""Which models there are: `manifest.yaml` beside them, and the proof that they are those."""

import hashlib
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from gateway.lane.types import PlateColour, PlateType
from gateway.ports import DeviceError

FILE = "manifest.yaml"
MOST_BYTES = 64 << 20
_NEXT = "install the models folder of the release again"


class _Model(BaseModel):
    """One network's entry. `file` is a name in the manifest's own folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str = Field(pattern=r"^[A-Za-z0-9_.-]+\.onnx$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    licence: str
    output: str


class DetectorEntry(_Model):
    input: str
    pixels: int = Field(ge=32_000, le=2_000_000, description="Pixels a picture is scaled to.")


class RecogniserEntry(_Model):
    input: str
    width: int = Field(ge=32, le=1024)
    height: int = Field(ge=8, le=256)
    alphabet: str = Field(min_length=2, description="The first character means `none here`.")
    colours: tuple[PlateColour, ...]
    types: tuple[PlateType, ...] = Field(description="After `no plate`, which is the first.")

    @field_validator("alphabet")
    @classmethod
    def _each_once(cls, alphabet: str) -> str:
        if len(set(alphabet)) != len(alphabet):
            raise ValueError("the alphabet has a character twice")
        return alphabet


class Manifest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    detector: DetectorEntry
    recogniser: RecogniserEntry


@dataclass(frozen=True, slots=True)
class Models:
    """The manifest and the very bytes that were checked against it."""

    manifest: Manifest
    detector: bytes
    recogniser: bytes


def load(folder: Path) -> Models:
    """Raises `DeviceError` where the manifest or a model is missing, broken or another."""
    manifest = _manifest(folder / FILE)
    return Models(
        manifest=manifest,
        detector=_verified(folder, manifest.detector),
        recogniser=_verified(folder, manifest.recogniser),
    )


def _manifest(path: Path) -> Manifest:
    try:
        return Manifest.model_validate(_yaml(path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DeviceError(f"{path}: {where}: {first['msg']}; {_NEXT}") from error


def _yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(_bytes(path))
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # as 2026-99-99, or [[[[ ...
        raise DeviceError(f"{path}: is not YAML ({_one_line(error)}); {_NEXT}") from error


def _verified(folder: Path, entry: _Model) -> bytes:
    path = folder / entry.file
    found = _bytes(path)
    digest = hashlib.sha256(found).hexdigest()
    if digest != entry.sha256:
        raise DeviceError(
            f"{path}: its SHA-256 is {digest[:12]}..., {FILE} says {entry.sha256[:12]}...: "
            f"the file is damaged or another model; {_NEXT}"
        )
    return found


def _bytes(path: Path) -> bytes:
    """Only of a plain file of a model's size: a pipe or a device would be read for ever."""
    try:
        if not stat.S_ISREG(path.stat().st_mode) or path.stat().st_size > MOST_BYTES:
            raise DeviceError(f"{path}: is no plain file of a model's size; {_NEXT}")
        return path.read_bytes()
    except OSError as error:
        raise DeviceError(f"{path}: cannot be read ({error.strerror}); {_NEXT}") from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
