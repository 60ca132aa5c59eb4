"""Every profile as a technician uses it: named in a configuration file, and checked with it."""

import pytest

from gateway.config import ConfigError, load
from tests.drivers import boards

LANE = """\
gateway: lot-7
buses:
  line-1: {{driver: modbus_rtu, port: /dev/ttyS0}}
lanes:
  - name: entry-1
    direction: entry
    barrier: {{{barrier}}}
    inputs: {{{inputs}}}
"""
ON_LINE = "bus: line-1, slave: 1"
BARRIER = f"profile: barrier/waveshare-relay-d-8ch, {ON_LINE}, open_output: 1, close_output: 2"
LOOPS = (
    "arming_loop: {channel: 3, active: closed}, closing_loop: {channel: 4, active: open}, "
    "fire: {channel: 1, active: open}"
)
INPUTS = f"profile: inputs/waveshare-relay-d-8ch, {ON_LINE}, {LOOPS}"
MORE = {
    "barrier/came-gard-ptx": "open_address: 1, close_address: 2",
    "inputs/came-gard-ptx": "first_input: 0, inputs: 8, status_bus: line-1, status_slave: 2",
}
PROFILES = [f"{kind}/{name}" for kind in ("barrier", "inputs") for name in boards.names(kind)]


def checked(tmp_path, *, barrier=BARRIER, inputs=INPUTS):
    path = tmp_path / "lanegate.yaml"
    path.write_text(LANE.format(barrier=barrier, inputs=inputs), encoding="utf-8")
    return load(path)


def complaint(tmp_path, **devices):
    with pytest.raises(ConfigError) as caught:
        checked(tmp_path, **devices)
    (problem,) = caught.value.problems
    return str(problem).replace(f"{tmp_path}/", "")


def device(profile, *more):
    kind, _, name = profile.partition("/")
    relays = ("modbus_relay", "register_relay", "switched_relay")
    outputs = "open_output: 1, close_output: 2"
    if kind == "inputs":
        own = LOOPS
    else:
        own = outputs if boards.facts(kind, name)["driver"] in relays else ""
    return ", ".join(
        filter(None, (f"profile: {profile}", ON_LINE, own, MORE.get(profile, ""), *more))
    )


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_needs_only_what_the_technician_wires(profile, tmp_path):
    config = checked(tmp_path, **{profile.partition("/")[0]: device(profile)})
    assert len(config.lanes) == 1


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_says_its_source_and_what_nobody_has_verified(profile):
    text = (boards.PROFILES / f"{profile}.yaml").read_text(encoding="utf-8")
    assert "# Source: " in text
    assert "not verified" in text.lower()


@pytest.mark.parametrize(
    "name", [name for name in boards.names("inputs") if name != "came-gard-ptx"]
)
def test_a_board_with_inputs_is_the_same_board_in_both_profiles(name):
    barrier, inputs = boards.facts("barrier", name), boards.facts("inputs", name)
    assert barrier.get("slave") == inputs.get("slave")


def test_both_profiles_of_came_have_the_same_map():
    barrier, inputs = (boards.facts(kind, "came-gard-ptx") for kind in ("barrier", "inputs"))
    shared = set(barrier) & set(inputs) - {"driver"}
    assert shared >= {"status_register", "states", "position_register"}
    assert {key: barrier[key] for key in shared} == {key: inputs[key] for key in shared}


@pytest.mark.parametrize(
    ("profile", "own", "told"),
    [
        (
            "waveshare-relay-8ch",
            "pulse_ms: 50",
            "pulse_ms: the board cannot time 50 ms, only steps of 100 ms; write 100",
        ),
        (
            "eletechsup-r4d8b08",
            "pulse_ms: 500",
            "pulse_ms: the board cannot time 500 ms, only steps of 1000 ms; write 1000, or",
        ),
        ("juying-dam-0808", "slave: 0xFE", "slave: 0xFE is no board's own address"),
        (
            "juying-dam-0808",
            "slave: 254",
            "slave: 254 is no board's own address: every board of its kind on the line answers to",
        ),
        (
            "juying-dam-0404",
            "close_output: 5",
            "close_output: the board has no output 5; it has 1 to 4",
        ),
        ("moxa-iologik-e1214", "open_output: 7", "the board has no output 7; it has 1 to 6"),
        (
            "moxa-iologik-e1214",
            "driver: modbus_relay, timed_pulse_base: 16, quantum_ms: 1500, pulse_ms: 500",
            "the board cannot time 500 ms, only steps of 1500 ms; write 1500, or take another",
        ),
    ],
)
def test_what_a_board_cannot_do_is_told_with_its_place_and_reason(profile, own, told, tmp_path):
    keys = {key for key, _, _ in (part.partition(":") for part in own.split(", "))}
    usual = {"slave": "1", "open_output": "1", "close_output": "2"}
    rest = ", ".join(f"{key}: {value}" for key, value in usual.items() if key not in keys)
    barrier = f"profile: barrier/{profile}, bus: line-1, {rest}, {own}"
    with pytest.raises(ConfigError) as caught:
        checked(tmp_path, barrier=barrier)
    assert any(told in str(problem) for problem in caught.value.problems), str(caught.value)


def test_a_barrier_whose_orders_are_not_known_is_told_with_the_manual(tmp_path):
    barrier = f"profile: barrier/came-gard-ptx, {ON_LINE}"
    assert complaint(tmp_path, barrier=barrier) == (
        "lanegate.yaml:7:14: lanes.0.barrier: it is not known where this barrier takes its orders; "
        "write open_address and close_address as in CAME's document FA01323M4A, table of the "
        "commands"
    )


def test_a_barriers_bus_that_is_not_there_is_told(tmp_path):
    inputs = device("inputs/came-gard-ptx").replace("status_bus: line-1", "status_bus: line-2")
    assert "status_bus: there is no bus 'line-2'" in complaint(tmp_path, inputs=inputs)


def test_two_lanes_may_not_share_an_output_of_different_drivers(tmp_path):
    other = (
        "  - name: exit-1\n    direction: exit\n"
        f"    barrier: {{{device('barrier/zlan-6844')}}}\n"
        f"    inputs: {{{INPUTS.replace('slave: 1', 'slave: 2')}}}\n"
    )
    path = tmp_path / "lanegate.yaml"
    path.write_text(LANE.format(barrier=BARRIER, inputs=INPUTS) + other, encoding="utf-8")
    with pytest.raises(ConfigError, match="lane exit-1 uses slave 1 output 1 on line-1"):
        load(path)
