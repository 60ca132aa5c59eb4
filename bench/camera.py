"""What a network camera costs its child, and whether opening it again and again leaks.

    python -m bench.camera [--json] [--seconds N] [--cycles N]

A real RTSP server (gst-rtsp-server, see tests/drivers/rtsp_server.py) plays H.264 of 1280x720,
15 pictures and 2 Mbit a second, a key picture every 2 s, rendered and with noise.
One core is 100 %.

    idle            nothing moves, the loops are free
    idle_no_loops   nothing moves, the lane has said nothing of its loops
    busy            a car passes and a loop is occupied: every picture is decoded and read
    wake_ms         from the loop's word to the first reading of a fresh picture, all in

`--cycles N`: sessions opened, one picture decoded, closed; resident memory at the start, after
each quarter and at the end.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.idle import cpu_s, memory_mb
from drivers.twins.clip import write_clip
from drivers.twins.scene import Scene, SeenCar
from gateway import pipe
from gateway.watcher import CHILD_ENVIRONMENT

SERVER = Path(__file__).parents[1] / "tests" / "drivers" / "rtsp_server.py"
WIDTH, HEIGHT, FPS, CLIP_S = 1280, 720, 15, 8
SETTLE_S = 4.0
WAKES = 12
GATE = {"min_char": 0.5, "box_score": 0.3}


def scene_clip(path: Path, *, car: bool) -> Path:
    """A lane by day; with a car, it drives up to the camera again and again."""
    from drivers.twins.picture import ScenePainter

    painter = ScenePainter(width=WIDTH, height=HEIGHT, seed=1)
    pictures = (
        painter.paint(Scene("bench", 0.0, 0.8, _cars(turn / FPS) if car else ()))
        for turn in range(CLIP_S * FPS)
    )
    return write_clip(path, pictures)


def _cars(at_s: float) -> tuple[SeenCar, ...]:
    return (SeenCar(1, "京A12345", "blue", -12 + 1.5 * at_s, 0.0, 4.5, 1.5),)


def tiny_clip(path: Path) -> Path:
    """Key pictures only, so that a session has one at once."""
    import numpy as np

    dice = np.random.default_rng(1)
    pictures = (dice.integers(0, 255, (90, 160, 3), np.uint8) for _ in range(8))
    return write_clip(path, pictures, key_every=1)


@contextmanager
def server(clip: Path, fps: int = FPS) -> Iterator[str]:
    """The address of a clip's stream."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["/usr/bin/python3", str(SERVER), str(port), "--clip", str(clip), "--fps", str(fps)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            if process.stdout is None or process.stdout.readline() != b"ready\n":
                sys.exit("no RTSP server: see the head of tests/drivers/rtsp_server.py")
            yield f"rtsp://127.0.0.1:{port}/lane"
        finally:
            process.kill()


class Child:
    """A camera's child at work; its messages are counted as they come."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid
        self.readings = 0
        self.news = asyncio.Condition()

    async def listen(self) -> None:
        stdout = self._process.stdout
        while stdout is not None:
            message = await pipe.read(stdout)
            if message.error:
                sys.exit(message.error)
            async with self.news:
                self.readings += message.read
                self.news.notify_all()

    async def another_reading(self) -> None:
        before = self.readings
        async with self.news:
            await self.news.wait_for(lambda: self.readings > before)

    def tell(self, *, occupied: bool) -> None:
        if self._process.stdin is not None:
            self._process.stdin.write(pipe.Word(awake=occupied).to_line())


@asynccontextmanager
async def child(url: str) -> AsyncIterator[Child]:
    order = pipe.Order({"driver": "rtsp", "url": url}, {"driver": "onnx_plates"}, GATE)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway.eyes", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        limit=pipe.PICTURE_LIMIT, env=os.environ | CHILD_ENVIRONMENT,
    )  # fmt: skip
    one = Child(process)
    if process.stdin is not None:
        process.stdin.write(order.to_line())
    ears = asyncio.create_task(one.listen())
    try:
        async with one.news:
            await one.news.wait_for(lambda: one.readings or ears.done())
        yield one
    finally:
        ears.cancel()
        process.kill()
        with contextlib.suppress(asyncio.CancelledError, asyncio.IncompleteReadError):
            await ears
        await process.wait()


async def cost(url: str, seconds: float, *, occupied: bool | None) -> dict[str, float]:
    async with child(url) as one:
        if occupied is not None:
            one.tell(occupied=occupied)
        await asyncio.sleep(SETTLE_S)
        before, read = cpu_s(one.pid), one.readings
        await asyncio.sleep(seconds)
        return {
            "cpu_percent": round((cpu_s(one.pid) - before) / seconds * 100, 2),
            "mb": round(memory_mb(one.pid), 1),
            "read_per_s": round((one.readings - read) / seconds, 2),
        }


async def wakes(url: str) -> dict[str, float]:
    taken = []
    async with child(url) as one:
        for _ in range(WAKES):
            one.tell(occupied=False)
            await asyncio.sleep(random.uniform(2.2, 3.2))  # noqa: S311 -- any moment
            started = time.monotonic()
            one.tell(occupied=True)
            await one.another_reading()
            taken.append((time.monotonic() - started) * 1000)
    return {"median": round(statistics.median(taken), 1), "longest": round(max(taken), 1)}


def cycled(url: str, cycles: int) -> dict[str, list[float]]:
    """Resident memory of this process, which opens and closes sessions."""
    marks = [10, *(max(10, cycles * part // 4) for part in (1, 2, 3)), cycles]
    memory = []
    for turn in range(1, cycles + 1):
        one_session(url)
        memory += [round(memory_mb(os.getpid()), 1)] * marks.count(turn)
    return {"after": [float(mark) for mark in marks], "mb": memory}


def one_session(url: str) -> None:
    from drivers.camera import rtsp

    settings = rtsp.Settings.model_validate({"driver": "rtsp", "url": url})
    with rtsp.connect(settings) as camera, contextlib.closing(camera.frames()) as frames:  # type: ignore[type-var]
        assert next(frames).image is not None  # noqa: S101


def measured(seconds: float, cycles: int) -> dict[str, Any]:
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="lanegate-bench-") as name:
        folder = Path(name)
        if seconds > 0:
            with server(scene_clip(folder / "idle", car=False)) as url:
                result["idle"] = asyncio.run(cost(url, seconds, occupied=False))
                result["idle_no_loops"] = asyncio.run(cost(url, seconds, occupied=None))
                result["wake_ms"] = asyncio.run(wakes(url))
            with server(scene_clip(folder / "car", car=True)) as url:
                result["busy"] = asyncio.run(cost(url, seconds, occupied=True))
        if cycles:
            with server(tiny_clip(folder / "tiny"), fps=60) as url:
                result["cycles"] = cycled(url, cycles)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--cycles", type=int, default=0)
    arguments = parser.parse_args()
    result = measured(arguments.seconds, arguments.cycles)
    if arguments.json:
        print(json.dumps(result))
        return
    table = Table("figure", "value", title="a network camera")
    for part, figures in result.items():
        for key, value in figures.items():
            table.add_row(f"{part} {key}", str(value))
    Console().print(table)


if __name__ == "__main__":
    main()
