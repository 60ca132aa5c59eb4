"""Several files make one configuration: lanes.d/ and profiles."""

import pytest

from tests.config.box import GOOD, LANE


def test_a_missing_file_is_one_problem(box):
    assert box.told() == [
        (
            "lanegate.yaml:1:1: this file cannot be read: No such file or directory;"
            " check its name and its rights"
        )
    ]


def test_each_file_of_lanes_d_is_one_more_lane_in_the_order_of_names(box):
    box.write(GOOD)
    box.write(LANE.replace("exit-1", "exit-b"), "lanes.d/2.yaml")
    box.write(LANE.replace("exit-1", "exit-a").replace("slave: 2", "slave: 3"), "lanes.d/1.yaml")
    box.write("not: a lane", "lanes.d/.hidden.yaml")
    box.write("not: a lane", "lanes.d/2.yaml~")
    assert [lane.name for lane in box.load().lanes] == ["entry-1", "exit-a", "exit-b"]


def test_lanes_may_all_be_in_lanes_d(box):
    box.write(GOOD.split("lanes:")[0])
    box.write(LANE, "lanes.d/exit.yaml")
    assert [lane.name for lane in box.load().lanes] == ["exit-1"]


def test_a_problem_of_a_lane_file_is_told_in_that_file(box):
    box.write(GOOD)
    box.write(LANE.replace("slave: 2", "slave: 0"), "lanes.d/exit.yaml")
    box.write("name: [", "lanes.d/open.yaml")
    box.write("", "lanes.d/void.yaml")
    box.write(LANE, "lanes.d/wrong.yml")
    told = box.told()
    assert told[0] == (
        "lanes.d/exit.yaml:3:46: barrier.slave: '0' is out of range; allowed: 1 to 247"
    )
    assert [line.split(": ")[0] for line in told[1:]] == [
        "lanes.d/open.yaml:1:8",
        "lanes.d/void.yaml:1:1",
        "lanes.d/wrong.yml:1:1",
    ]


def test_a_broken_lane_file_does_not_make_it_look_as_if_there_were_no_lane(box):
    box.write(GOOD.split("lanes:")[0])
    box.write("name: [", "lanes.d/exit.yaml")
    assert len(box.told()) == 1


def test_a_profile_gives_what_the_device_does_not_say_itself(box):
    box.write("driver: relay\nslave: 9\nopen_output: 3\n", "profiles/barrier/acme.yaml")
    box.write(
        GOOD.replace("driver: relay", "profile: barrier/acme").replace("      open_output: 0\n", "")
    )
    barrier = box.load().lanes[0].barrier.model_dump()
    assert (barrier["slave"], barrier["open_output"]) == (1, 3)


def test_problems_of_a_profile_are_told_in_its_own_file_and_once(box):
    profile = "driver: relay\nslave: 9\nopen_output: 8\npuls: 3\nslave: 10\nprofile: barrier/b\n"
    box.write(profile, "profiles/barrier/acme.yaml")
    barrier = "barrier: {profile: barrier/acme, bus: line-1}"
    both = [LANE.replace(LANE.splitlines()[2], barrier).replace("exit-1", f"l{n}") for n in (1, 2)]
    box.write(GOOD)
    box.write(both[0], "lanes.d/1.yaml")
    box.write(both[1], "lanes.d/2.yaml")
    assert box.told() == [
        "profiles/barrier/acme.yaml:3:14: open_output: '8' is out of range; allowed: 0 to 7",
        "profiles/barrier/acme.yaml:4:1: puls: unknown key 'puls'; did you mean pulse_s?",
        "profiles/barrier/acme.yaml:5:1: slave: 'slave' is given twice; line 2 has it too",
        (
            "profiles/barrier/acme.yaml:6:1: profile: a profile cannot build on a profile;"
            " write the settings out here"
        ),
    ]


def test_what_a_device_says_itself_hides_what_its_profile_says_there(box):
    box.write("closing_loop: {input: 3}\n", "profiles/inputs/acme.yaml")
    box.write("driver: relay\nslave: *x\n", "profiles/barrier/acme.yaml")
    lane = GOOD.replace("driver: relay", "profile: barrier/acme").replace("slave: 1", "slave: 0")
    inputs = "inputs: {driver: board, profile: inputs/acme, closing_loop: {bus: line-1}}"
    box.write(lane.replace("inputs: {driver: board}", inputs))
    box.write(LANE.replace("inputs: {driver: board}", inputs), "lanes.d/exit.yaml")
    assert [line[:60] for line in box.told()] == [
        "lanegate.yaml:12:14: lanes.0.barrier.slave: '0' is out of ra",
        "lanes.d/exit.yaml:4:61: inputs.closing_loop.input: lane exit",
        "profiles/barrier/acme.yaml:2:8: slave: aliases are not read ",
    ]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (
            "barrier/acne",
            "there is no profile 'barrier/acne' in profiles; did you mean barrier/acme?",
        ),
        ("barrier/x", "there is no profile 'barrier/x' in profiles; known: barrier/acme"),
        (
            "inputs/acme",
            (
                "profile inputs/acme is of kind inputs, this device is of kind barrier;"
                " known: barrier/acme"
            ),
        ),
        ("acme", "a profile is given as kind/name; known: barrier/acme"),
        ("../barrier/acme", "a profile is given as kind/name; known: barrier/acme"),
        ("barrier/../acme", "a profile is given as kind/name; known: barrier/acme"),
        ("", "a profile is given as kind/name; known: barrier/acme"),
    ],
)
def test_a_profile_that_cannot_be_used_is_the_only_problem_of_its_device(box, name, line):
    box.write("driver: relay\n", "profiles/barrier/acme.yaml")
    box.write("driver: board\n", "profiles/inputs/acme.yaml")
    box.write(GOOD.replace("driver: relay", f"profile: {name}"))
    assert box.told() == [f"lanegate.yaml:10:{16 if name else 15}: lanes.0.barrier.profile: {line}"]


@pytest.mark.parametrize("text", ["", "- a\n", "a: [\n"])
def test_an_unusable_profile_file_is_told_in_that_file(box, text):
    box.write(text, "profiles/barrier/acme.yaml")
    box.write(GOOD.replace("driver: relay", "profile: barrier/acme"))
    told = box.told()
    assert len(told) == 1
    assert told[0].startswith("profiles/barrier/acme.yaml:")


def test_what_follows_from_a_broken_value_in_a_profile_is_not_told(box):
    box.write("driver: relay\nopen_output: *x\n", "profiles/barrier/acme.yaml")
    lane = GOOD.replace("driver: relay", "profile: barrier/acme")
    box.write(lane.replace("      open_output: 0\n", ""))
    assert box.told() == [
        (
            "profiles/barrier/acme.yaml:2:14: open_output: aliases are not read (*x);"
            " write the value itself here"
        )
    ]
