"""The boom is timed by its limits, and never closed on anything."""

import asyncio
import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from gateway.commands.probe import probe
from gateway.lane.types import Inputs, Level
from gateway.ports import DeviceError
from gateway.probe import boom
from gateway.probe.boom import PresenceError, lowered, measured

UP = Inputs(Level.OFF, Level.OFF, Level.ON, Level.OFF)
DOWN = Inputs(Level.OFF, Level.OFF, Level.OFF, Level.ON)
BETWEEN = Inputs(Level.OFF, Level.OFF, Level.OFF, Level.OFF)


class Arm:
    """A barrier and its inputs; `script` is what is read, one after the other, then the last."""

    def __init__(self, *script):
        self.told = []
        self.script = list(script)

    async def open(self):
        self.told.append("open")

    async def close(self, *, not_after):
        assert not_after - asyncio.get_running_loop().time() < 1
        self.told.append("close")

    async def read(self):
        seen = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(seen, Exception):
            raise seen
        return seen


def test_a_clear_lane_is_closed_once():
    arm = Arm(UP, UP, UP, BETWEEN, DOWN)
    travel = asyncio.run(lowered(arm, arm))
    assert arm.told == ["close"]
    assert 0 < travel.left_s <= travel.arrived_s


@pytest.mark.parametrize(
    "seen",
    [
        replace(BETWEEN, closing_loop=Level.ON),
        replace(BETWEEN, closing_loop=Level.UNKNOWN),
        replace(BETWEEN, beam=Level.ON),
        replace(BETWEEN, beam=Level.UNKNOWN),
        replace(BETWEEN, fire=Level.ON),
    ],
)
def test_whatever_comes_under_the_closing_boom_opens_it_at_once(seen):
    arm = Arm(UP, UP, BETWEEN, seen, DOWN)
    with pytest.raises(PresenceError, match="broken off and the boom told to open"):
        asyncio.run(lowered(arm, arm))
    assert arm.told == ["close", "open"]
    assert arm.script == [DOWN]


def test_a_reading_that_fails_while_closing_opens():
    arm = Arm(UP, UP, BETWEEN, DeviceError("lost"))
    with pytest.raises(DeviceError, match="lost"):
        asyncio.run(lowered(arm, arm))
    assert arm.told == ["close", "open"]


def test_ctrl_c_while_closing_opens():
    async def story(arm):
        work = asyncio.create_task(lowered(arm, arm))
        while arm.told != ["close"]:
            await asyncio.sleep(0.01)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)

    arm = Arm(UP, UP, BETWEEN)
    asyncio.run(story(arm))
    assert arm.told == ["close", "open"]


def test_one_free_reading_among_occupied_ones_is_not_enough(monkeypatch):
    monkeypatch.setattr(boom, "WAIT_FREE_S", 0.3)
    busy = replace(UP, closing_loop=Level.ON)
    arm = Arm(*[UP, busy] * 3, busy)
    with pytest.raises(DeviceError, match="the closing loop reads on"):
        asyncio.run(lowered(arm, arm))
    assert arm.told == []


def test_a_boom_that_is_nowhere_is_not_moved():
    arm = Arm(BETWEEN)
    with pytest.raises(DeviceError, match="do not say whether the boom is up or down"):
        asyncio.run(measured(arm, arm, 1, lambda _: None))
    assert arm.told == []


CONFIG = """\
gateway: lot-7
data: {folder}/data
buses:
  line-1:
    driver: simulated
    name: probe-boom
    baud: 38400
    socket: {folder}/twin.sock
    port: {folder}/port
    lanes: [{{name: entry-1, slave: 1, boom_travel_s: 0.6, traffic: {{max_cars: 0}}}}]
lanes:
  - name: entry-1
    direction: entry
    barrier:
      profile: barrier/waveshare-relay-d-8ch
      bus: line-1
      slave: 1
      open_output: 1
      close_output: 2
    inputs:
      profile: inputs/waveshare-relay-d-8ch
      bus: line-1
      slave: 1
      up_limit: {{channel: 1, active: closed}}
      down_limit: {{channel: 2, active: closed}}
      arming_loop: {{channel: 3, active: closed}}
      closing_loop: {{channel: 4, active: open}}
"""


def run(tmp_path, *words):
    file = tmp_path / "lanegate.yaml"
    file.write_text(CONFIG.format(folder=tmp_path))
    return CliRunner().invoke(probe, ["boom", *words, "-c", str(file), "--json"])


def test_a_simulated_boom_is_measured_up_and_down(tmp_path):
    done = run(tmp_path, "entry-1", "--yes")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["lane"] == "entry-1"
    assert 0.4 < told["up_s"][0] < 8
    assert 0.4 < told["down_s"][0] < 8
    assert told["travel_s"] >= max(told["up_s"] + told["down_s"])


def test_without_a_yes_nothing_moves_and_an_unknown_lane_is_named(tmp_path):
    done = run(tmp_path, "entry-1")
    assert done.exit_code == 2
    assert "give --yes" in done.stderr
    assert "it has: entry-1" in run(tmp_path, "entry-9", "--yes").stderr
