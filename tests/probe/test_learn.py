"""One car through a simulated lane teaches its wiring; the YAML is one that `check` accepts."""

import json
import os
import threading

import pytest
from click.testing import CliRunner

from drivers.twins.scene import TwinClient
from drivers.twins.spec import TwinSpec
from gateway.commands.probe import probe
from gateway.config import load
from gateway.probe.lanefile import write
from gateway.probe.lessons import LessonError, Seen, Wire, limits_of, loops_of, restless
from tests.probe.lines import started, twin

WIRING = {
    "open_relay": 4, "close_relay": 2, "up_limit": 6, "down_limit": 0, "arming_loop": 5,
    "closing_loop": 1, "open_button": 7,
}  # fmt: skip


def box(tmp_path):
    lane = {"name": "entry-1", "slave": 3, "boom_travel_s": 0.6, "wiring": WIRING,
            "traffic": {"max_cars": 0}}  # fmt: skip
    paths = {"socket": tmp_path / "twin.sock", "port": tmp_path / "port"}
    return TwinSpec.model_validate({"baud": 38400, "lanes": [lane], **paths})


def words(tmp_path, *more):
    line = ("--port", tmp_path / "port", "--baud", "38400", "--slave", "3")
    outputs = ("--open-output", "5", "--close-output", "3", "--direction", "entry", "--yes")
    return ["learn", "entry-1", *line, "--profile", "waveshare-relay-d-8ch", *outputs, *more]


def learnt(tmp_path, *more):
    """The command in its own process; the car is sent when it asks for one."""
    told = []
    with twin(box(tmp_path), tmp_path), started(*words(tmp_path, *more)) as process:
        for sentence in process.stderr:
            told.append(sentence)
            if "drive ONE car" in sentence:
                with TwinClient(tmp_path / "twin.sock") as client:
                    client.send_car("entry-1", "京A12345")
        out = process.stdout.read()
        process.wait(30)
        with TwinClient(tmp_path / "twin.sock") as client:
            scene, truth = client.scene("entry-1"), client.truth()
    return process.returncode, out, "".join(told), scene, truth


def test_one_car_teaches_loops_limits_and_polarity_and_check_accepts_the_file(tmp_path):
    (tmp_path / "lanes.d").mkdir()
    file = tmp_path / "lanes.d" / "entry-1.yaml"
    file.write_text("name: older\n")
    code, out, told, scene, truth = learnt(tmp_path, "--write", file, "--force")
    assert (code, out) == (0, ""), told
    assert (truth["passed"], truth["violations"]) == (1, 0)
    assert scene.boom_deg < 2
    (tmp_path / "lanegate.yaml").write_text(
        f"gateway: lot-7\nbuses:\n  line-1: {{driver: modbus_rtu, port: {tmp_path}/port, "
        "baud: 38400}\n"
    )
    (lane,) = load(tmp_path / "lanegate.yaml").lanes
    wired = {name: (one.channel, one.active) for name, one in lane.inputs.wired().items()}
    assert wired == {
        "up_limit": (7, "closed"),
        "down_limit": (1, "closed"),
        "arming_loop": (6, "closed"),
        "closing_loop": (2, "open"),
    }
    assert (lane.barrier.slave, lane.barrier.open_output, lane.barrier.close_output) == (3, 5, 3)
    assert 0.4 < lane.timing.travel_s < 8
    assert (tmp_path / "lanes.d" / "entry-1.yaml.bak").read_text() == "name: older\n"
    assert "driver: modbus_rtu" in told


def test_a_file_that_is_there_is_not_replaced_without_force(tmp_path):
    file = tmp_path / "entry-1.yaml"
    file.write_text("name: older\n")
    done = CliRunner().invoke(probe, [str(word) for word in words(tmp_path, "--write", file)])
    assert done.exit_code == 2
    assert "give --force" in done.stderr
    assert file.read_text() == "name: older\n"


def test_no_copy_is_ever_overwritten(tmp_path):
    file = tmp_path / "a.yaml"
    assert write(file, "one") is None
    assert write(file, "two").name == "a.yaml.bak"
    assert write(file, "three").name == "a.yaml.bak2"
    assert sorted(path.read_text() for path in tmp_path.iterdir()) == ["one", "three", "two"]


def test_a_name_that_no_configuration_takes_is_refused_before_anything_moves(tmp_path):
    command = [str(word) for word in words(tmp_path)]
    command[1] = "Entry 1"
    done = CliRunner().invoke(probe, command)
    assert done.exit_code == 2
    assert "lane: String should match pattern" in done.stderr


# --- what a trace teaches ----------------------------------------------------------------


def trace(*readings):
    """From texts such as `01.1`: a digit an input, 1 closed; a tenth of a second apart."""
    return tuple(
        Seen(at / 10, tuple(digit == "1" for digit in text)) for at, text in enumerate(readings)
    )


def test_the_limit_that_changes_first_is_the_lower_one():
    limits = limits_of(trace("100", "000", "000", "010"), ())
    assert (limits.down, limits.up) == (Wire(1, "closed"), Wire(2, "closed"))
    assert limits.travel_s == pytest.approx(0.3)


def test_limits_with_normally_closed_contacts_are_open_when_reached():
    limits = limits_of(trace("01", "11", "10"), ())
    assert (limits.down, limits.up) == (Wire(1, "open"), Wire(2, "open"))


def test_a_limit_that_bounces_counts_by_its_first_change():
    assert limits_of(trace("10", "00", "01", "00", "01"), ()).travel_s == pytest.approx(0.2)


def test_one_limit_alone_is_not_guessed():
    limits = limits_of(trace("00", "01"), ())
    assert (limits.up, limits.down) == (None, None)
    assert "input 2 alone changed" in limits.notes[0]
    assert "no limit switch" in limits_of(trace("00", "00"), ()).notes[0]


def test_a_third_input_at_the_rise_is_an_error():
    with pytest.raises(LessonError, match="inputs 1, 2, 3 changed"):
        limits_of(trace("100", "001", "011"), ())


def test_the_loop_that_notices_the_car_first_is_the_arming_loop():
    loops = loops_of(trace("001", "101", "100", "000", "001"), ())
    assert (loops.arming, loops.closing) == (Wire(1, "closed"), Wire(3, "open"))
    assert loops.notes == ()


def test_inputs_that_teach_nothing_are_left_out():
    seen = trace("000", "010", "000", "010")
    assert restless(seen) == {2}
    driven = trace("000", "010", "110", "011", "001", "010", "000")
    assert (loops_of(driven, {2}).arming, loops_of(driven, {2}).closing) == (
        Wire(1, "closed"),
        Wire(3, "closed"),
    )


def test_a_closing_loop_that_reads_free_with_a_broken_wire_is_told():
    assert (
        "a broken wire then reads free"
        in loops_of(trace("00", "10", "11", "01", "00"), ()).notes[0]
    )


def test_a_third_input_may_be_a_beam():
    loops = loops_of(trace("010", "110", "101", "001", "010"), ())
    assert "input 3 noticed the car too" in loops.notes[0]


@pytest.mark.parametrize(
    ("readings", "sentence"),
    [
        (("00", "00"), "no input noticed the car"),
        (("00", "10", "00"), "only input 1 noticed"),
        (("00", "10", "11", "10", "00"), "turned back"),
        (("00", "10", "11", "01"), "input 2 did not fall back"),
    ],
)
def test_what_teaches_nothing_is_a_sentence(readings, sentence):
    with pytest.raises(LessonError, match=sentence):
        loops_of(trace(*readings), ())


# --- inputs and outputs ------------------------------------------------------------------


def test_inputs_are_shown_as_they_change(tmp_path):
    with twin(box(tmp_path), tmp_path):
        pressed = threading.Timer(1.5, press, [tmp_path])
        pressed.start()
        line = ("--port", tmp_path / "port", "--baud", "38400", "--slave", "3", "--seconds", "4")
        command = ["inputs", *map(str, line), "--json"]
        told = json.loads(CliRunner().invoke(probe, command).stdout)
        pressed.join()
    assert told["last"] == 8
    assert told["inputs"][7]["changes"] == 2
    assert [one["closed"] for one in told["inputs"]] == [at in (0, 1) for at in range(8)]


def press(tmp_path):
    with TwinClient(tmp_path / "twin.sock") as client:
        client.press("entry-1")


def test_one_output_is_pulsed_once_and_only_after_a_yes(tmp_path):
    words = ("--port", tmp_path / "port", "--baud", "38400", "--slave", "3")
    command = ["output", "5", *map(str, words), "--profile", "waveshare-relay-d-8ch"]
    with twin(box(tmp_path), tmp_path):
        assert CliRunner().invoke(probe, command).exit_code == 2
        assert typed(command, "no") == 1
        assert orders(tmp_path) == []
        assert typed(command, "yes") == 0
        assert orders(tmp_path) == [bytes([3, 5, 2, 4, 0, 5])]
        assert CliRunner().invoke(probe, [*command, "--yes"]).exit_code == 0
        assert len(orders(tmp_path)) == 2


def typed(command, word):
    """The command at a terminal, where somebody types a word."""
    master, slave = os.openpty()
    with started(*command, stdin=slave) as process:
        os.write(master, f"{word}\n".encode())
        process.communicate(timeout=30)
    os.close(master)
    os.close(slave)
    return process.returncode


def orders(tmp_path):
    """Every frame of function 5, without its check sum."""
    with TwinClient(tmp_path / "twin.sock") as client:
        said = client.ask(get="wire", since=0)["bytes"]
    sent = b"".join(bytes.fromhex(byte) for _, who, byte in said if who == "master")
    return [
        frame[:6] for frame in (sent[at : at + 8] for at in range(0, len(sent), 8)) if frame[1] == 5
    ]
