"""A network camera for tests: a real RTSP server in its own process, and clips for it."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from drivers.twins.clip import write_clip

SYSTEM_PYTHON = "/usr/bin/python3"
SERVER = Path(__file__).with_name("rtsp_server.py")
PROBE = (
    "import gi; gi.require_version('GstRtspServer', '1.0'); "
    "from gi.repository import Gst, GstRtspServer; Gst.init(None); "
    "assert Gst.ElementFactory.find('x264enc')"
)


@cache
def has_server() -> bool:
    return bool(shutil.which(SYSTEM_PYTHON)) and not (
        subprocess.run([SYSTEM_PYTHON, "-c", PROBE], capture_output=True, check=False).returncode
    )


def needs_server() -> None:
    if not has_server():
        pytest.skip("no gst-rtsp-server for /usr/bin/python3: see rtsp_server.py")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(port: int, *words: object) -> Iterator[subprocess.Popen[str]]:
    command = [SYSTEM_PYTHON, str(SERVER), str(port), *map(str, words)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def yard(width: int = 320, height: int = 180, *, seed: int = 3) -> np.ndarray:
    """A scene with edges everywhere, as a car park has them."""
    dice = np.random.default_rng(seed)
    scene = np.full((height, width, 3), 110, np.uint8)
    for _ in range(60):
        x, y = int(dice.integers(0, width)), int(dice.integers(0, height))
        wide, high = int(dice.integers(8, width // 5)), int(dice.integers(8, height // 4))
        shade = tuple(int(part) for part in dice.integers(20, 235, 3))
        cv2.rectangle(scene, (x, y), (x + wide, y + high), shade, -1)
    return scene


def noisy(scene: np.ndarray, turn: int, sigma: float = 2.5) -> np.ndarray:
    """With a sensor's grain, another one at each turn; a stored one, shifted, to be quick."""
    height, width = scene.shape[:2]
    top, left = (turn * 37) % 61, (turn * 17) % 59
    brighter, darker = (
        field[top : top + height, left : left + width] for field in _grain(width, height, sigma)
    )
    return cv2.subtract(cv2.add(scene, brighter), darker)


@cache
def _grain(width: int, height: int, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    grain = np.random.default_rng(1).normal(0, sigma, (height + 61, width + 59, 3))
    return np.maximum(grain, 0).astype(np.uint8), np.maximum(-grain, 0).astype(np.uint8)


def with_car(scene: np.ndarray, share: float) -> np.ndarray:
    """A dark box with a bright stripe; `share`: how far it has come, from left to right."""
    height, width = scene.shape[:2]
    picture, left = scene.copy(), int(share * width * 0.7)
    box = (left, height // 3), (left + width // 4, height - height // 6)
    cv2.rectangle(picture, *box, (25, 20, 60), -1)
    middle = height // 2
    cv2.rectangle(picture, (left + 8, middle), (left + width // 6, middle + 8), (240, 240, 240), -1)
    return picture


def a_clip(path: Path, **more) -> Path:
    """Two seconds of a yard with a sensor's noise."""
    return write_clip(path, (noisy(yard(), turn) for turn in range(30)), **more)


def a_still_clip(path: Path) -> Path:
    """The same picture again and again, to the last bit."""
    return write_clip(path, [yard()])
