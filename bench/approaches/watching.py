"""One car at the lane, in simulated time: what the reader, the gate and the vote make of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from bench.approaches.sample import FRAME_STEPS, Approach
from drivers.twins.boom import Boom
from drivers.twins.cars import ARMING_LOOP
from drivers.twins.journal import Journal
from drivers.twins.picture import ScenePainter
from drivers.twins.scene import Scene
from drivers.twins.traffic import Traffic, TrafficSettings
from drivers.twins.world import LaneWorld
from gateway.config.figures import TimingConfig
from gateway.lane.plates import Gate, judge
from gateway.lane.types import PlateReading
from gateway.lane.voting import Ballot
from gateway.ports import Reader

STEP_S = 0.01
LOOK_S = 6.0
_NEVER_S = 30.0

Look = Callable[[Any], tuple[PlateReading | None, float]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`text`: what the vote settled on, empty for nothing. `wait_s`: from loop A on."""

    approach: Approach
    text: str
    wait_s: float
    reads_ms: tuple[float, ...]
    last: Any

    @property
    def right(self) -> bool:
        return self.text == self.approach.arrival.plate

    @property
    def wrong(self) -> bool:
        return bool(self.text) and not self.right

    def without_picture(self) -> "Outcome":
        return replace(self, last=None)


def watched(approach: Approach, painter: ScenePainter, look: Look) -> Outcome:
    """One car from its entrance until the vote is settled, or `LOOK_S` after it came to loop A."""
    timing, world = TimingConfig(), _world()
    car = world.add(approach.arrival)
    ballot, reads_ms, last = Ballot(), [], None
    on_loop_s, armed_s = _NEVER_S, 0.0
    for step in range(round((_NEVER_S + LOOK_S) / STEP_S)):
        world.step(STEP_S, (False, False))
        if car.covers(*ARMING_LOOP):
            on_loop_s = min(on_loop_s, world.now_s)
        armed_s = armed_s + STEP_S if world.arming.occupied else 0.0
        if world.now_s - on_loop_s > LOOK_S:
            break
        if step % FRAME_STEPS != approach.first_frame or armed_s < timing.arm_s:
            continue
        last = _frame(approach, painter, world)
        reading, ms = look(last)
        reads_ms.append(ms)
        ballot = ballot.cast(reading) if reading else ballot
        if winner := ballot.winner(timing.agree_frames, timing.agree_char):
            wait_s = world.now_s - on_loop_s + ms / 1000
            return Outcome(approach, winner.text, wait_s, tuple(reads_ms), last)
    return Outcome(approach, "", LOOK_S, tuple(reads_ms), last)


def _world() -> LaneWorld:
    return LaneWorld(
        name="lane",
        boom=Boom(travel_s=3.0),
        traffic=Traffic(TrafficSettings(max_cars=0), "lane"),
        journal=Journal(None),
    )


def _frame(approach: Approach, painter: ScenePainter, world: LaneWorld) -> np.ndarray:
    """uint8 [720, 1280, 3] BGR, as it comes out of the camera's coder."""
    scene = Scene.of(world.scene())
    cars = tuple(replace(car, number=approach.number) for car in scene.cars)
    picture = painter.paint(replace(scene, cars=cars, light=approach.light))
    coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, approach.jpeg])[1]
    decoded = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    assert decoded is not None  # noqa: S101 -- it was just encoded
    return decoded


def looking(reader: Reader) -> Look:
    """As a camera's child does it: the widest plate that passes the gate, and milliseconds.

    They are the processor's: what else runs on this machine does not slow the simulated lane.
    """

    def look(image: Any) -> tuple[PlateReading | None, float]:
        started = time.thread_time()
        judged = [judge(candidate, Gate()) for candidate in reader.read(image)]
        good = [one for one in judged if isinstance(one, PlateReading)]
        best = max(good, key=_width, default=None)
        return best, (time.thread_time() - started) * 1000

    return look


def _width(reading: PlateReading) -> float:
    xs = [x for x, _ in reading.corners]
    return max(xs) - min(xs)
