"""The whole box, judged by what holds on paper and by what only a wire can show."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.simulator import judge
from tests.simulator.properties.on_the_wire import (
    b07_no_close_is_sent_late,
    b09_each_pulse_ends,
    b11_no_order_is_sent_twice,
    b12_each_answer_is_of_its_question,
    b13_open_and_close_never_together,
    b20_two_lanes_share_nothing,
)
from tests.simulator.truth import History
from tests.simulator.weather import Weather, weather_of
from tests.simulator.whole.box import WholeBox
from tests.simulator.whole.parts import REAL_PARTS, Parts
from tests.storyteller.virtual_time import run

EPISODE_S = 60.0
# A file there outlives a crash of the box, and costs no disk.
MEMORY = Path("/dev/shm")

ON_THE_WIRE: tuple[judge.Property, ...] = (
    b07_no_close_is_sent_late,
    b09_each_pulse_ends,
    b11_no_order_is_sent_twice,
    b12_each_answer_is_of_its_question,
    b13_open_and_close_never_together,
    b20_two_lanes_share_nothing,
)
WHOLE = (*judge.ON_PAPER, *ON_THE_WIRE)


def played(
    seed: int,
    parts: Parts = REAL_PARTS,
    seconds: float = EPISODE_S,
    weather: Weather | None = None,
) -> list[History]:
    """One history for each of the box's two lanes."""
    home = str(MEMORY) if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=home) as folder, _quiet():
        box = WholeBox.play(Path(folder), seed, parts, weather or weather_of(seed), seconds)
        return run(box)


def judged(seed: int, seconds: float = EPISODE_S) -> tuple[int, list[judge.Found]]:
    histories = played(seed, seconds=seconds)
    steps = sum(history.steps for history in histories)
    return steps, [found for one in histories for found in judge.judged(one, WHOLE)]


@contextmanager
def _quiet() -> Iterator[None]:
    """What the gateway logs of all these troubles is no news."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
