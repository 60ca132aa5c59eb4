"""`lanegate probe scan` on real lines: what is there, what is wrong, and nothing is written."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest
import serial
from click.testing import CliRunner

from drivers.twins.board import Board
from drivers.twins.line import Faults, PtyLine, with_crc
from drivers.twins.scene import TwinClient
from drivers.twins.spec import TwinSpec
from gateway.commands.probe import probe
from gateway.ports import DeviceError
from gateway.probe.plan import REGISTERS, Effort, network_steps, serial_steps
from gateway.probe.rig import profile_names
from gateway.probe.scan import Scanner
from gateway.probe.words import ANY_SLAVE, Framing, Setting
from tests.probe.lines import (
    FAST_BAUD,
    Alias,
    AsciiBoard,
    Babble,
    Collision,
    Server,
    Silent,
    quick,
    scanned,
    started,
    twin,
)

QUIET = {"max_cars": 0}
FEW = (1, 2, 3, ANY_SLAVE)


@pytest.fixture
def line():
    with PtyLine(FAST_BAUD) as line:
        yield line


def run(*words):
    return CliRunner().invoke(probe, [str(word) for word in words])


def slaves(scanner):
    return [device.slave for device in scanner.devices]


# --- the command on a simulated lane box -------------------------------------------------


def test_a_lane_box_is_found_named_and_not_touched(tmp_path):
    lanes = [{"name": "entry-1", "slave": 1, "traffic": QUIET}, {"name": "exit-1", "slave": 5,
             "traffic": QUIET}]  # fmt: skip
    paths = {"socket": tmp_path / "twin.sock", "port": tmp_path / "port"}
    spec = TwinSpec.model_validate({"baud": 9600, "lanes": lanes, **paths})
    with twin(spec, tmp_path):
        done = run("scan", "--port", tmp_path / "port", "--fast", "--json")
        with TwinClient(tmp_path / "twin.sock") as client:
            said = client.ask(get="wire", since=0)["bytes"]
    told = json.loads(done.stdout)
    assert (done.exit_code, told["ended"]) == (0, "")
    assert [device["slave"] for device in told["devices"]] == [1, 5]
    assert told["devices"][0]["bus"] == {
        "driver": "modbus_rtu", "port": str(tmp_path / "port"), "baud": 9600, "parity": "none",
    }  # fmt: skip
    look = told["devices"][0]["looks_like"][0]
    assert look["like"] == "Waveshare Modbus relay board, 8 relays and 8 inputs"
    assert "0x8000 reads 200" in look["why"]
    assert "barrier/waveshare-relay-d-8ch" in look["profiles"]
    assert {frame[1] for frame in questions(said)} <= {1, 2, 3, 4}


def questions(said):
    """What the master sent: frames of eight bytes, each with its check sum."""
    bytes_sent = b"".join(bytes.fromhex(byte) for _, who, byte in said if who == "master")
    frames = [bytes_sent[at : at + 8] for at in range(0, len(bytes_sent), 8)]
    assert len(frames) > 30
    assert all(with_crc(frame[:-2]) == frame for frame in frames)
    return frames


def test_on_an_empty_line_nothing_is_found(line):
    scanner = scanned(line.port, [quick(FEW), quick(FEW)], Effort.NORMAL)
    assert (scanner.devices, scanner.notes, scanner.asked) == ([], [], 16)


def test_nothing_found_is_a_sentence_and_exits_with_1():
    done = run("scan", "--tcp", "127.0.0.1:9", "--fast")
    assert done.exit_code == 1
    assert "nothing answered to 0 questions" in done.stdout


def test_ctrl_c_shows_what_was_found_so_far():
    with PtyLine(FAST_BAUD) as line:
        line.attach(Board(3))
        with started("scan", "--port", line.port, "--full") as process:
            wait_for(lambda: any(frame[0] == 9 for frame in line.frames("master")))
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out.startswith("address 3 at Modbus RTU, 9600 8N1")
    assert "interrupted" in err


def wait_for(holds, within_s=90.0):
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def test_a_port_that_another_program_holds_is_left_alone(line):
    line.attach(Board(1))
    command = ["scan", "--port", line.port, "--fast"]
    with holding(line.port):
        done = run(*command)
    assert done.exit_code == 1
    assert "is held by python" in done.stderr
    assert line.frames("master") == []
    assert run(*command).exit_code == 0


def test_no_output_moves_while_another_program_holds_the_port(line):
    line.attach(Board(1))
    with holding(line.port):
        done = run("output", 1, "--port", line.port, "--profile", "waveshare-relay-d-8ch", "--yes")
    assert done.exit_code == 1
    assert "systemctl stop lanegate" in done.stderr
    assert line.frames("master") == []


def holding(port):
    """Another process that has the port open, locked as our own daemon locks it."""
    program = (
        "import serial, sys, time\n"
        f"held = serial.Serial({port!r}, exclusive=True)\n"
        "print('held', flush=True); time.sleep(60)"
    )
    return Holder(program)


class Holder:
    def __init__(self, program):
        self.process = subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout.readline() == "held\n"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def test_a_port_that_is_not_there_is_a_sentence(tmp_path):
    done = run("scan", "--port", tmp_path / "none")
    assert done.exit_code == 1
    assert "is the adapter plugged in?" in done.stderr


# --- what may be wrong with a line -------------------------------------------------------


def test_a_port_that_goes_in_mid_scan_ends_it_and_keeps_what_was_found(line):
    line.attach(Board(1))
    scanner = Scanner(line.port, (), lambda *_: None)
    puller = threading.Timer(1.5, line.unplug)
    puller.start()
    with pytest.raises(DeviceError, match="lost its device"):
        asyncio.run(scanner.run([quick(range(1, 200), wait_s=0.1)], Effort.FULL))
    puller.join()
    assert slaves(scanner) == [1]


def test_a_noisy_line_is_named_and_its_board_still_found(line):
    line.attach(Board(2))
    line.faults = Faults(stray=0.6, corrupt=0.15)
    scanner = scanned(line.port, [quick(FEW)], Effort.FAST)
    assert slaves(scanner) == [2]


def test_bytes_without_end_are_named_as_noise():
    with Babble(b"\x5a\xa5\x33", 0.01) as babble:
        scanner = scanned(babble.port, [quick(range(1, 8), questions=(REGISTERS,))], Effort.FAST)
    assert slaves(scanner) == []
    assert "nobody asked: noise" in scanner.notes[0]
    assert "damaged bytes after most questions" in scanner.notes[1]


def test_a_line_with_another_master_is_not_disturbed():
    answer = with_crc(bytes([4, 2, 1, 0x0A]))
    with (
        Babble(answer, 0.02) as babble,
        pytest.raises(DeviceError, match="somebody else asks on this line already"),
    ):
        scanned(babble.port, [quick(FEW)], Effort.FAST)


def test_two_boards_on_one_address_that_answer_in_turn_are_named(line):
    line.attach(Board(2))
    line.attach(Board(2))
    (device,) = scanned(line.port, [quick(FEW)], Effort.FAST).devices
    assert "two devices are set to address 2" in device.notes[0]


def test_two_boards_on_one_address_that_talk_at_once_are_named(line):
    line.attach(Board(1))
    line.attach(Collision(2))
    good, bad = sorted(
        scanned(line.port, [quick(FEW)], Effort.FAST).devices, key=lambda one: one.slave
    )
    assert (good.slave, good.notes) == (1, ())
    assert (bad.slave, len(bad.notes)) == (2, 1)
    assert "talk at the same time" in bad.notes[0]


def test_a_board_that_answers_at_254_alone_is_named_and_one_that_also_does_is_not(line):
    line.attach(Board(ANY_SLAVE))
    (device,) = scanned(line.port, [quick(FEW)], Effort.FULL).devices
    assert device.slave == ANY_SLAVE
    assert device.notes[0].startswith("answers only at address 254 (0xFE)")
    with PtyLine(FAST_BAUD) as other:
        other.attach(Alias(Board(3), ANY_SLAVE))
        (device,) = scanned(other.port, [quick(FEW)], Effort.FULL).devices
    assert (device.slave, device.notes) == (3, ())
    assert "0xFE" in " ".join(look.why for look in device.looks)


def test_254_is_judged_when_all_addresses_are_known(line):
    line.attach(Alias(Board(40), ANY_SLAVE))
    steps = [quick((1, ANY_SLAVE)), quick((39, 40))]
    (device,) = scanned(line.port, steps, Effort.FULL).devices
    assert (device.slave, device.notes) == (40, ())


def test_a_slow_board_is_found_at_its_own_address(line):
    slow = Board(2)
    slow.delay_s = 0.18
    line.attach(slow)
    (device,) = scanned(line.port, [quick((*range(1, 9), ANY_SLAVE))], Effort.FULL).devices
    assert device.slave == 2
    assert [note[:14] for note in device.notes] == ["answers slowly"]


def test_a_board_that_knows_coils_only_is_found(line):
    line.attach(Silent(7, functions=(1, 2)))
    (device,) = scanned(line.port, [quick((6, 7))], Effort.FULL).devices
    assert device.slave == 7


def test_an_adapter_that_hears_itself_is_named(line):
    line.attach(Board(1))
    line.faults = Faults(echo=True)
    scanner = scanned(line.port, [quick(FEW)], Effort.FAST)
    assert slaves(scanner) == [1]
    assert "sends back what we send" in scanner.notes[0]


@pytest.mark.parametrize("seven", [True, False])
def test_an_ascii_board_is_found(line, seven):
    line.attach(AsciiBoard(2, seven=seven))
    setting = Setting(Framing.ASCII, FAST_BAUD, seven_bits=seven)
    rtu, text = quick(FEW), quick(FEW, setting=setting, wait_s=0.05)
    (device,) = scanned(line.port, [rtu, text], Effort.FAST).devices
    assert (device.slave, device.setting) == (2, setting)
    assert device.looks[0].like.startswith("Waveshare")
    bus = device.setting.bus("/dev/x")
    assert (bus["driver"], bus["data_bits"]) == ("modbus_ascii", 7 if seven else 8)


def test_a_scan_stops_at_the_setting_that_works_and_asks_all_its_addresses(line):
    line.attach(Board(1))
    line.attach(Board(40))
    steps = [quick((9,)), quick((1,), questions=(REGISTERS,), wait_s=0.01), quick((2,), wait_s=5)]
    assert slaves(scanned(line.port, steps, Effort.NORMAL)) == [1, 40]


# --- on a network ------------------------------------------------------------------------


def served(server, steps_of, effort):
    async def story():
        async with server.listening() as port:
            scanner = Scanner("127.0.0.1", profile_names(), lambda *_: None)
            await scanner.run(steps_of(port), effort)
            return scanner

    return asyncio.run(story())


def at_ease(port):
    return [replace(step, wait_s=0.03) for step in network_steps(Effort.NORMAL, port)]


def test_a_gateways_slaves_are_found_and_its_empty_addresses_are_not():
    server = Server([Board(2), Board(4)], Framing.TCP)
    scanner = served(server, at_ease, Effort.FAST)
    assert slaves(scanner) == [2, 4]
    assert {frame[7] for frame in server.heard} <= {1, 2, 3, 4}


def test_a_device_with_its_own_socket_is_one_device_whatever_unit_is_asked():
    server = Server([Board(1)], Framing.TCP, every_unit=True)
    scanner = served(server, at_ease, Effort.NORMAL)
    assert slaves(scanner) == [1]
    assert "whatever unit is asked" in scanner.devices[0].notes[0]


def test_rtu_over_tcp_is_told_from_modbus_tcp():
    server = Server([Board(3)], Framing.RTU_TCP)

    def steps(port):
        for framing in (Framing.TCP, Framing.RTU_TCP):
            yield quick((2, 3), setting=Setting(framing, tcp_port=port), wait_s=0.1)

    (device,) = served(server, steps, Effort.FAST).devices
    assert (device.slave, device.setting.framing) == (3, Framing.RTU_TCP)


def test_a_closed_tcp_port_is_a_note():
    scanner = scanned("127.0.0.1", network_steps(Effort.FAST, 9), Effort.FAST)
    assert slaves(scanner) == []
    assert "cannot connect to 127.0.0.1:9" in scanner.notes[0]


def test_a_host_to_which_this_box_is_connected_is_left_alone():
    async def story():
        server = Server([Board(1)], Framing.TCP)
        async with server.listening() as port:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            done = await asyncio.to_thread(run, "scan", "--tcp", f"127.0.0.1:{port}")
            writer.close()
            return done, server.heard

    done, heard = asyncio.run(story())
    assert (done.exit_code, heard) == (1, [])
    assert "a program of this box is connected to it" in done.stderr


# --- the plan ----------------------------------------------------------------------------


def test_the_usual_setting_and_the_first_addresses_come_first():
    for effort in Effort:
        first = next(serial_steps(effort))
        assert first.setting == Setting()
        assert first.slaves[0] == 1
        assert ANY_SLAVE in first.slaves


def test_the_full_plan_asks_every_address_at_every_setting():
    asked = {}
    for step in serial_steps(Effort.FULL):
        asked.setdefault(step.setting, set()).update(step.slaves)
    assert all(addresses == {*range(1, 248), ANY_SLAVE} for addresses in asked.values())
    words = {setting.words for setting in asked}
    assert len(words) == len(asked) > 40
    assert {"Modbus RTU, 19200 8E1", "Modbus ASCII, 9600 7E1", "Modbus RTU, 230400 8O1"} <= words


def test_faster_efforts_take_less_time():
    fast, normal, full = (
        sum(step.seconds for step in serial_steps(effort))
        for effort in (Effort.FAST, Effort.NORMAL, Effort.FULL)
    )
    assert fast < 20 < normal < 240 < full


def test_a_pty_is_locked_while_it_is_scanned(line):
    async def story():
        scanner = Scanner(line.port, (), lambda *_: None)
        work = asyncio.create_task(scanner.run([quick(range(1, 100), wait_s=0.1)], Effort.FAST))
        await asyncio.sleep(0.5)
        with pytest.raises(serial.SerialException):
            serial.Serial(line.port, exclusive=True)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        os.close(os.open(line.port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))

    asyncio.run(story())
