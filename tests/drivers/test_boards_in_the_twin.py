"""A simulated lane may stand on any board that has relays and inputs."""

import asyncio

import pytest
from pydantic import ValidationError

from drivers.bus import modbus_rtu
from drivers.twins.boards.models import WIRED_MODELS
from drivers.twins.control import Twin
from drivers.twins.spec import LaneSpec, TwinSpec
from gateway.catalog import Catalog
from gateway.lane.types import Boom
from tests.drivers import boards

WIRING = {"open_button": 3, "arming_loop": 2, "closing_loop": 3, "up_limit": 0, "down_limit": 1}
SENSORS = {
    "up_limit": {"channel": "1", "active": "closed"},
    "down_limit": {"channel": "2", "active": "closed"},
    "arming_loop": {"channel": "3", "active": "closed"},
    "closing_loop": {"channel": "4", "active": "open"},
}


def spec(name, folder):
    lane = {"name": "entry-1", "slave": boards.SLAVE, "board": name, "boom_travel_s": 0.5}
    paths = {"port": folder / "port", "socket": folder / "s", "journal": folder / "journal"}
    return TwinSpec(lanes=(LaneSpec(**lane, wiring=WIRING),), baud=115200, **paths)


async def raise_the_boom(name, twin, port):
    rtu = modbus_rtu.Settings(driver="modbus_rtu", port=str(port), baud=115200, timeout_ms=400)
    relay, inputs = boards.relay_settings(name), boards.settings("inputs", name, **SENSORS)
    running = asyncio.create_task(twin.run())
    async with modbus_rtu.connect(rtu) as bus:
        on = {"line-1": bus}
        connect = Catalog().connector
        async with (
            connect("barrier", relay.driver)(relay, on) as barrier,
            connect("inputs", inputs.driver)(inputs, on) as reader,
        ):
            before = (await reader.read()).boom
            await barrier.open()
            async with asyncio.timeout(20):
                while (await reader.read()).boom is not Boom.UP:
                    await asyncio.sleep(0.05)
    running.cancel()
    return before


@pytest.mark.parametrize("name", ["juying-dam-0404", "eletechsup-n4d8b08", "zlan-6042"])
def test_the_boom_of_a_lane_on_this_board_goes_up(name, tmp_path):
    with Twin(spec(name, tmp_path)) as twin:
        twin.answer({"do": "hold_traffic", "held": True})
        before = asyncio.run(raise_the_boom(name, twin, tmp_path / "port"))
    assert before is Boom.DOWN


def test_every_board_with_relays_and_inputs_can_stand_at_a_lane():
    wired = set(boards.names("inputs")) & set(boards.names("barrier")) - {"came-gard-ptx"}
    assert wired == WIRED_MODELS


@pytest.mark.parametrize(
    ("lane", "complaint"),
    [
        ({"board": "moxa-iologik-e1214"}, "open_button 6: moxa-iologik-e1214 has 0 to 5"),
        ({"wiring": {"close_relay": 8}}, "close_relay 8: waveshare-relay-d-8ch has 0 to 7"),
        ({"board": "waveshare-relay-16ch"}, "no board 'waveshare-relay-16ch' is simulated with"),
        ({"board": "toaster"}, "no board 'toaster' is simulated with inputs; choose one of adv"),
    ],
)
def test_a_lane_that_is_not_wired_to_its_board_is_refused(lane, complaint):
    with pytest.raises(ValidationError) as caught:
        LaneSpec(name="entry-1", **lane)
    assert complaint in str(caught.value)
