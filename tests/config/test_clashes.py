"""What only shows between settings: buses, outputs, ports, names and plates."""

from gateway.lane.types import Verdict
from tests.config.box import GOOD, LANE


def test_cameras_may_share_a_port_number(box):
    box.write(GOOD + "    camera: {driver: eye, url: x}\n")
    box.write(LANE + "camera: {driver: eye, url: y}\n", "lanes.d/exit.yaml")
    assert len(box.load().lanes) == 2


def test_a_bus_that_is_not_there_is_told_where_it_is_named(box):
    box.write(GOOD.replace("bus: line-1", "bus: line1"))
    assert box.told() == [
        "lanegate.yaml:11:12: lanes.0.barrier.bus: there is no bus 'line1'; did you mean line-1?"
    ]


def test_a_bus_named_in_a_list_is_looked_up_too(box):
    inputs = "inputs: {driver: board, spare: [line-1, line-2]}"
    box.write(GOOD.replace("inputs: {driver: board}", inputs))
    assert [line.split(":")[3:5] for line in box.told()] == [
        [" lanes.0.inputs.spare.1", " there is no bus 'line-2'; did you mean line-1?"]
    ]


def test_a_bad_bus_is_still_there_for_the_devices_on_it(box):
    box.write(GOOD.replace("port: /dev/ttyS0", "prt: /dev/ttyS0"))
    assert all("there is no bus" not in line for line in box.told())


def test_two_lanes_on_one_output_are_told_with_both_names(box):
    box.write(GOOD)
    box.write(LANE.replace("slave: 2", "slave: 1"), "lanes.d/exit.yaml")
    assert box.told() == [
        (
            "lanes.d/exit.yaml:3:62: barrier.open_output: lane exit-1 uses output 0 of slave 1 on"
            " line-1, which open_output of entry-1's barrier already uses; give each its own, as"
            " the wires go"
        )
    ]


def test_two_lanes_of_one_name_are_told_across_files(box):
    box.write(GOOD)
    box.write(LANE.replace("exit-1", "entry-1"), "lanes.d/exit.yaml")
    assert box.told() == [
        f"lanes.d/exit.yaml:1:7: name: lane 'entry-1' is there already: {box.file}:7:11;"
        " give each lane its own name".replace(f"{box.folder}/", "")
    ]


def test_two_buses_on_one_serial_port_are_told(box):
    line = "  line-1: {driver: line, port: /dev/ttyS0}\n"
    box.write(
        GOOD.replace(line, line + line.replace("line-1", "line-2").replace("/dev/", "/dev//"))
    )
    assert box.told() == [
        (
            "lanegate.yaml:4:32: buses.line-2.port: bus line-2 opens '/dev//ttyS0', which bus"
            " line-1 already opens; let its devices use bus line-1, or give it its own port"
        )
    ]


def test_plates_are_kept_as_readers_spell_them(box):
    box.write(GOOD.replace("[京A12345]", "[京a·12345, '粤B-D1234 5']"))
    assert box.load().access.allow == {"京A12345", "粤BD12345"}


def test_a_lane_may_differ_in_what_it_does_with_unknown_plates(box):
    box.write(GOOD + "    unknown_plates: allow\n")
    box.write(LANE, "lanes.d/exit.yaml")
    config = box.load()
    entry, out = (config.access_list(lane) for lane in config.lanes)
    assert (entry.unknown, out.unknown) == (Verdict.ALLOW, Verdict.DENY)
    assert entry.allow == out.allow == {"京A12345"}


def test_a_reload_shows_which_lanes_changed(box):
    box.write(GOOD)
    box.write(LANE, "lanes.d/exit.yaml")
    before = box.load()
    box.write(LANE.replace("slave: 2", "slave: 3"), "lanes.d/exit.yaml")
    after = box.load()
    assert [one == two for one, two in zip(before.lanes, after.lanes, strict=True)] == [True, False]
