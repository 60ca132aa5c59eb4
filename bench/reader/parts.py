"""How long each part of a reading takes, on one core."""

# ruff: noqa: SLF001 -- the parts of a reading have no public names

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from bench.reader.samples import load, picture
from bench.reader.scores import quantile

SIZES = ((1280, 720), (1920, 1080))
FRAMES, ROUNDS = 60, 3
STEPS = ("resize", "detect", "decode", "rectify", "read one plate", "all in")
NOTE = (
    "`all in` reads a whole frame with every plate in it and its second look where one is "
    "taken; the parts above it are one plate at the first look."
)


def main(plates: Path, *, as_json: bool) -> int:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    frames = _scenes(plates)
    result = [_at(size, frames) for size in SIZES]
    if as_json:
        print(json.dumps({"note": NOTE, "sizes": result}))
        return 0
    table = Table("size", "part", "median ms", "p95 ms", title="one core", box=None)
    for one in result:
        for part, times in one["parts"].items():
            table.add_row(one["size"], part, f"{times['median_ms']:.2f}", f"{times['p95_ms']:.2f}")
    Console().print(table)
    Console().print(NOTE, soft_wrap=True)
    return 0


def _scenes(folder: Path) -> list[Any]:
    if not (folder / "manifest.csv").is_file():
        return [np.full((720, 1280, 3), 114, np.uint8)]
    scenes = [one for one in load(folder, validation=False) if one.group == "scenes"][:FRAMES]
    return [picture(one.path) for one in scenes]


def _at(size: tuple[int, int], frames: Sequence[Any]) -> dict[str, Any]:
    times: dict[str, list[float]] = {step: [] for step in STEPS}
    bench = _Parts()
    for _ in range(ROUNDS):
        for frame in frames:
            shown = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
            for step, ms in bench.timed(shown):
                times[step].append(ms)
    parts = {
        step: {
            "median_ms": round(quantile(found, 0.5), 3),
            "p95_ms": round(quantile(found, 0.95), 3),
        }
        for step, found in times.items()
    }
    return {"size": f"{size[0]}x{size[1]}", "frames": len(times["all in"]), "parts": parts}


class _Parts:
    """The reader's own functions, called one after the other as it calls them."""

    def __init__(self) -> None:
        from drivers.plates.reader import PlateReader
        from drivers.reader.onnx_plates import released_models

        self._reader = PlateReader.load(released_models())
        self._reader.warm_up()
        self._detector, self._recogniser = self._reader._detector, self._reader._recogniser

    def timed(self, frame: Any) -> Iterator[tuple[str, float]]:
        """(step, milliseconds); the steps after `decode` only where there is a plate."""
        from drivers.plates import detector, reader, rectify

        (small, _), ms = _clocked(detector._scaled, frame, self._detector._pixels)
        yield "resize", ms
        answer, ms = _clocked(self._detector._look, small)
        yield "detect", ms
        _, ms = _clocked(detector._decode, answer, reader.LEAST_BOX)
        yield "decode", ms
        size = self._recogniser.width, self._recogniser.height
        for box in self._detector.find(frame, reader.LEAST_BOX)[:1]:
            plate, ms = _clocked(rectify.rectify, frame, box.corners, rectify.READ_CUT, *size)
            yield "rectify", ms
            _, ms = _clocked(self._recogniser.read, [plate])
            yield "read one plate", ms
        _, ms = _clocked(self._reader.read, frame)
        yield "all in", ms


def _clocked(step: Callable[..., Any], *given: Any) -> tuple[Any, float]:
    started = time.perf_counter()
    result = step(*given)
    return result, (time.perf_counter() - started) * 1000
