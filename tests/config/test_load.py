"""A whole configuration: files put together, typed, and every problem told in words."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.config import Config, LaneConfig, TimingConfig
from gateway.config.problems import ConfigError
from gateway.lane.plates import Gate
from gateway.lane.sensors import Timing
from gateway.lane.types import Direction
from tests.config.box import GOOD

MANY = """\
gateway: lot 7
evidence_mb: lots
dta: /srv
cloud:
  host: mqtt.example.com
  password: hunter2
  port: 99999
  protocol: 4
buses:
  line-1: {driver: line, port: /dev/ttyS0, stop_bits: 3}
  line 2: {driver: lines, port: /dev/ttyS1}
access:
  unknown: maybe
  allow: [粤B12345, 京A1234567]
  block: [粤b·12345]
lanes:
  - name: entry-1
    direction: entri
    timing: {read_s: 22:30, arm_s: &arm 0.3, clear_s: 0}
    travel_s: 4
    barrier:
      driver: relay
      bus: line-9
      slave: 300
      swap: si
    inputs: {driver: board, closing_loop: {bus: line-l}}
    reader: {driver: glass}
    poll_ms: 2.5
  - direction: exit
    direction: exit
    barrier: [relay]
    inputs:
    camera: {driver: eye, url: "rtsp://me:hunter2@cam/1", password: *arm, token: hunter2}
    reader: {}
"""

MANY_TOLD = """\
1:10: gateway: 'lot 7' is not written as it must be; names this box to the cloud
2:14: evidence_mb: 'lots' is not a whole number; give 10 to 10000000 megabytes
3:1: dta: unknown key 'dta'; did you mean data?
6:13: cloud.password: a secret may not stand in this file; a secret is given as file:/path or
7:9: cloud.port: '99999' is out of range; allowed: 1 to 65535
8:13: cloud.protocol: '4' is not known here; one of: auto, 5, 3.1.1
10:55: buses.line-1.stop_bits: '3' is not known here; one of: 1, 2
11:3: buses.line 2: 'line 2' is not written as it must be; lines that devices share
11:20: buses.line 2.driver: there is no bus driver 'lines'; did you mean line? known: line
13:12: access.unknown: 'maybe' is not known here; one of: allow, deny
14:20: access.allow.1: '京A1234567' can be no plate; write all of its characters
15:11: access.block.0: '粤b·12345' is on the allow list too, and the block list wins; take it off
18:16: lanes.0.direction: 'entri' is not known here; did you mean entry?
19:22: lanes.0.timing.read_s: '22:30' is not a number; give 0.1 to 30 seconds
19:36: lanes.0.timing.arm_s: anchors are not read (&arm); remove it
19:55: lanes.0.timing.clear_s: '0' is out of range; allowed: 0.2 to 30 seconds
20:5: lanes.0.travel_s: unknown key 'travel_s'; it belongs under timing:
21:5: lanes.0.barrier.open_output: open_output is missing; add `open_output: ...` under barrier:
23:12: lanes.0.barrier.bus: there is no bus 'line-9'; did you mean line-1?
24:14: lanes.0.barrier.slave: '300' is out of range; allowed: 1 to 247
25:13: lanes.0.barrier.swap: 'si' is neither true nor false; write true or false
26:49: lanes.0.inputs.closing_loop.bus: there is no bus 'line-l'; did you mean line-1?
28:14: lanes.0.poll_ms: '2.5' is not a whole number; give 10 to 2000 milliseconds
29:5: lanes.1.name: name is missing; add `name: ...` to this entry (names the lane in topics
30:5: lanes.1.direction: 'direction' is given twice; line 29 has it too
31:14: lanes.1.barrier: a list stands where a mapping of `key: value` lines with a `driver:` is
32:12: lanes.1.inputs: nothing stands where a mapping of `key: value` lines with a `driver:` is
33:32: lanes.1.camera.url: the address holds a password; use `password: file:/path`
33:69: lanes.1.camera.password: aliases are not read (*arm); write the value itself here
33:75: lanes.1.camera.token: unknown key 'token'; a secret is given as file:/path or credential:na
34:5: lanes.1.reader.driver: driver is missing; known: glass; or name a `profile:`
"""


def test_a_right_file_is_typed_by_the_models(box):
    box.write(GOOD)
    config = box.load()
    lane = config.lanes[0]
    assert (config.gateway, config.data, config.cloud) == ("lot-7", Path("/var/lib/lanegate"), None)
    assert (lane.name, lane.direction, lane.camera) == ("entry-1", Direction.ENTRY, None)
    assert lane.barrier.model_dump() == {
        "driver": "relay",
        "bus": "line-1",
        "slave": 1,
        "open_output": 0,
        "pulse_s": 0.5,
        "swap": False,
    }


def test_a_number_may_be_one_of_few(box):
    box.write(GOOD.replace("port: /dev/ttyS0", "port: /dev/ttyS0, stop_bits: 2"))
    assert box.load().buses["line-1"].model_dump()["stop_bits"] == 2


def test_a_configuration_never_changes_under_its_users(box):
    box.write(GOOD)
    config = box.load()
    with pytest.raises(ValidationError):
        config.lanes[0].poll_ms = 10


def test_every_problem_of_a_bad_file_is_told_at_once_with_its_place(box):
    box.write(MANY)
    told, expected = box.told(), MANY_TOLD.splitlines()
    for line, beginning in zip(told, expected, strict=False):
        assert line.startswith(f"lanegate.yaml:{beginning}")
    assert len(told) == len(expected)


def test_no_secret_is_ever_repeated_in_a_problem(box):
    box.write(MANY)
    assert "hunter2" not in "\n".join(box.told())


@pytest.mark.parametrize("setting", ["api_key: hunter2", "port: [], api_key: 'a:hunter2@b'"])
def test_a_secret_in_the_wrong_place_is_not_quoted_either(box, setting):
    box.write(GOOD + f"    camera: {{driver: eye, url: x, {setting}}}\n")
    assert box.told()[-1].endswith(
        "lanes.0.camera.api_key: this is not a whole number; give digits only"
    )


def test_an_address_with_a_password_where_a_number_belongs_is_not_quoted(box):
    box.write(GOOD + "    poll_ms: rtsp://me:hunter2@cam\n")
    assert "hunter2" not in box.told()[0]


def test_a_driver_that_repeats_an_address_with_a_password_is_not_quoted(box):
    box.write(GOOD + "    camera: {driver: eye, url: 'rtsp://me:hunter2@[cam'}\n")
    assert "hunter2" not in box.told()[0]
    assert box.told()[0].endswith("lanes.0.camera.url: (hidden) is no address")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "lanegate.yaml:1:1: this file is empty; gateway:, buses: and lanes: stand at"),
        ("- a\n- b\n", "lanegate.yaml:1:1: this file is no mapping of `key: value` lines; gat"),
        ("words\n", "lanegate.yaml:1:1: this file is no mapping of `key: value` lines; gat"),
        (
            "gateway: lot-7\n",
            "lanegate.yaml:1:1: lanes: lanes is missing; add `lanes: ...` at the left",
        ),
        ("gateway: lot-7\nlanes: []\n", "lanegate.yaml:2:8: lanes: there is nothing here, and a"),
        ("gateway: lot-7\nlanes: 3\n", "lanegate.yaml:2:8: lanes: text stands where a list"),
    ],
)
def test_a_file_that_says_nothing_useful_gets_one_sentence(box, text, line):
    box.write(text)
    told = box.told()
    assert len(told) == 1
    assert told[0].startswith(line)


def test_inputs_polled_slower_than_they_stay_fresh_are_refused(box):
    box.write(GOOD + "    poll_ms: 200\n")
    assert len(box.told()) == 1
    assert "every input would count as unknown" in box.told()[0]
    box.write(GOOD + "    poll_ms: 199\n")
    assert box.load().lanes[0].poll_ms == 199


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e999"])
def test_a_number_without_end_is_no_time(box, number):
    box.write(GOOD + f"    timing: {{read_s: {number}}}\n")
    assert len(box.told()) == 1


def test_defaults_are_those_of_the_lane_itself():
    timing = TimingConfig()
    assert Timing(**timing.model_dump()) == Timing()
    assert set(timing.model_dump()) == set(Timing.__dataclass_fields__)
    gate = LaneConfig.model_fields["gate"].default
    assert Gate(**gate.model_dump()) == Gate()


def test_only_so_many_problems_are_told(box):
    box.write(GOOD + "".join(f"unknown-{n}: 1\n" for n in range(300)))
    told = box.told()
    assert len(told) == 201
    assert "100 more problems are not shown" in told[0]


def test_a_name_in_a_file_cannot_forge_a_line_of_the_report(box):
    box.write(GOOD + '"x\\nlanegate.yaml:1:1: \\u202e": 1\n')
    assert len("\n".join(box.told()).splitlines()) == 1
    assert "\u202e" not in box.told()[0]


def test_devices_may_be_given_as_settings_already(box):
    box.write(GOOD)
    config = box.load()
    assert Config.model_validate(dict(config)) == config


words = [
    *GOOD.split(),
    *["profile:", "barrier/x", "&a", "*a", "<<:", "|", "~", "[", "]", "{", "}", "- ", "!!str"],
]
pieces = st.lists(
    st.sampled_from(words)
    | st.sampled_from(["\n", "\n  ", "\n    ", "\t", ": "])
    | st.text(max_size=3)
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150
)
@given(text=st.text() | pieces.map(" ".join), cut=st.integers(0, len(GOOD)))
def test_whatever_stands_in_the_file_loading_it_raises_nothing_but_config_error(box, text, cut):
    for whole in (text, GOOD[:cut] + text + GOOD[cut:]):
        box.write(whole.encode("utf-8", "surrogatepass"))
        with suppress(ConfigError):
            box.load()
