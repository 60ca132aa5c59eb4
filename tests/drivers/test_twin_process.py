"""The twin's process, over its real socket and its real line."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest
from pydantic import ValidationError

from drivers.bus import simulated
from drivers.twins.scene import TwinClient
from gateway.ports import DeviceError

UP, DOWN, ARMING = 0, 1, 2
QUIET = {"max_cars": 0}
TWO_LANES = [
    {"name": "entry-1", "slave": 1, "boom_travel_s": 0.5, "traffic": QUIET},
    {"name": "exit-1", "slave": 2, "boom_travel_s": 0.5, "traffic": QUIET},
]


def settings(tmp_path, **more):
    paths = {"socket": tmp_path / "twin.sock", "port": tmp_path / "port"}
    asked = {"driver": "simulated", "lanes": TWO_LANES, **paths, **more}
    return simulated.Settings.model_validate(asked)


async def eventually(holds, within_s=15.0):
    """On a busy machine a question may get no answer in time: the next one does."""
    end = time.monotonic() + within_s
    while True:
        with suppress(DeviceError):
            if await holds():
                return
        assert time.monotonic() < end, "it never came"
        await asyncio.sleep(0.02)


def test_a_pulse_on_the_real_line_moves_one_lanes_boom_and_not_the_others(tmp_path):
    async def story():
        async with simulated.connect(settings(tmp_path)) as bus:
            await bus.write_coil(2, 0x0200, 5)

            async def up():
                return (await bus.read_discrete_inputs(2, 0, 8))[UP]

            await eventually(up)
            assert (await bus.read_discrete_inputs(1, 0, 8))[DOWN]
            with TwinClient(tmp_path / "twin.sock") as client:
                assert client.scene("exit-1").boom_deg > 88
                assert client.truth("exit-1")["boom_moves"] == 1
                assert client.truth("entry-1")["boom_moves"] == 0
                assert client.ask(get="wire", since=0)["bytes"]
        assert not (tmp_path / "twin.sock").exists()
        assert not (tmp_path / "port").is_symlink()

    asyncio.run(story())


def test_a_car_sent_by_hand_is_seen_by_the_loop_and_in_the_scene(tmp_path):
    async def story():
        async with simulated.connect(settings(tmp_path)) as bus:
            with TwinClient(tmp_path / "twin.sock") as client:
                number = client.send_car("entry-1", "京A12345")
                (car,) = client.scene("entry-1").cars
                assert (car.number, car.plate, car.colour) == (number, "京A12345", "blue")

                async def on_loop():
                    return (await bus.read_discrete_inputs(1, 0, 8))[ARMING]

                await eventually(on_loop)
                assert client.truth()["in_lane"] == 1

    asyncio.run(story())


def test_what_the_twin_cannot_do_it_says_in_a_sentence(tmp_path):
    async def story():
        async with simulated.connect(settings(tmp_path)):
            with TwinClient(tmp_path / "twin.sock") as client:
                with pytest.raises(ValueError, match="the lanes are entry-1, exit-1"):
                    client.press("entry-9")
                with pytest.raises(ValueError, match="it knows get scene"):
                    client.ask(do="dance")
                client.press("entry-1")

    asyncio.run(story())


def test_two_simulations_of_one_name_do_not_disturb_each_other(tmp_path):
    async def story():
        async with simulated.connect(settings(tmp_path)) as bus:
            with pytest.raises(DeviceError, match="a simulation of this name is running"):
                async with simulated.connect(settings(tmp_path)):
                    pass
            assert (await bus.read_discrete_inputs(1, 0, 8))[DOWN]

    asyncio.run(story())


def test_the_twin_goes_when_its_parent_is_killed(tmp_path):
    asked = settings(tmp_path).model_dump_json()
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, asked], stdout=subprocess.PIPE, text=True
    )
    with parent, TwinClient(tmp_path / "twin.sock") as client:
        assert parent.stdout.readline() == "connected\n"
        client.truth()
        parent.send_signal(signal.SIGKILL)
        end = time.monotonic() + 10
        while (tmp_path / "twin.sock").exists():
            assert time.monotonic() < end, "the twin outlived its parent"
            time.sleep(0.02)


PARENT = """
import asyncio, sys
from drivers.bus import simulated
async def main():
    async with simulated.connect(simulated.Settings.model_validate_json(sys.argv[1])):
        print("connected", flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


def test_a_twin_started_on_its_own_lives_until_it_is_told_to_quit(tmp_path):
    spec = tmp_path / "spec.json"
    spec.write_text(settings(tmp_path).twin.model_dump_json())
    command = [sys.executable, "-m", "drivers.twins", "--spec", str(spec)]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as twin:
        try:
            assert json.loads(twin.stdout.readline())["ready"]
            with TwinClient(tmp_path / "twin.sock") as client:
                assert client.truth()["arrived"] == 0
                client.quit()
            assert twin.wait(10) == 0
        finally:
            twin.kill()
    assert [path.name for path in tmp_path.iterdir()] == ["spec.json"]


def test_two_lanes_may_not_share_a_slave_address():
    lanes = [{"name": "entry-1"}, {"name": "exit-1"}]
    with pytest.raises(ValidationError, match="two lanes have the slave 1"):
        simulated.Settings.model_validate({"driver": "simulated", "lanes": lanes})
