"""Serial ports as a box has them: real files and links that look like /dev, /sys and /proc."""

import json
import os

import pytest
import serial
from click.testing import CliRunner

from drivers.twins.line import PtyLine
from gateway.commands.probe import probe
from gateway.probe.adapters import adapters
from gateway.probe.occupied import Roots, holders


@pytest.fixture
def roots(tmp_path):
    for folder in ("dev/serial/by-id", "dev/serial/by-path", "sys/class/tty", "proc"):
        (tmp_path / folder).mkdir(parents=True)
    return Roots(tmp_path / "dev", tmp_path / "sys", tmp_path / "proc")


def plug(roots, name, by_id, by_path, **facts):
    (roots.dev / name).write_text("")
    usb = roots.sys / "devices" / name
    (usb / "1-1:1.0" / name).mkdir(parents=True)
    for fact, value in facts.items():
        (usb / fact).write_text(f"{value}\n")
    (roots.sys / "class" / "tty" / name).mkdir()
    (roots.sys / "class" / "tty" / name / "device").symlink_to(usb / "1-1:1.0" / name)
    (roots.dev / "serial" / "by-id" / by_id).symlink_to(roots.dev / name)
    (roots.dev / "serial" / "by-path" / by_path).symlink_to(roots.dev / name)
    return usb / "1-1:1.0" / name


def test_an_adapter_with_a_serial_number_goes_by_its_id(roots):
    inner = plug(roots, "ttyUSB0", "usb-FTDI_A50285BI-if00", "pci-0-usb-0:1", idVendor="0403",
                 idProduct="6001", manufacturer="FTDI", product="FT232R",
                 serial="A50285BI")  # fmt: skip
    (inner / "latency_timer").write_text("16")
    (one,) = adapters(roots)
    assert one.port.endswith("by-id/usb-FTDI_A50285BI-if00")
    assert one.product == "FTDI FT232R [0403:6001]"
    assert one.usable
    assert "up to 16 ms" in one.notes[0]


def test_an_adapter_without_one_goes_by_its_socket(roots):
    plug(roots, "ttyUSB0", "usb-1a86_USB_Serial-if00", "pci-0-usb-0:2", idVendor="1a86",
         idProduct="7523", product="USB Serial")  # fmt: skip
    (one,) = adapters(roots)
    assert one.port.endswith("by-path/pci-0-usb-0:2")
    assert "two of its kind change names" in one.notes[0]


def test_a_uart_that_is_not_there_is_not_listed(roots):
    for name, kind in (("ttyS0", "4"), ("ttyS1", "0")):
        (roots.dev / name).write_text("")
        (roots.sys / "class" / "tty" / name).mkdir()
        (roots.sys / "class" / "tty" / name / "type").write_text(f"{kind}\n")
    assert [one.tty for one in adapters(roots)] == [str(roots.dev / "ttyS0")]


def test_a_port_that_somebody_locked_is_not_usable_whoever_it_is(roots):
    tty = roots.dev / "ttyUSB0"
    tty.write_text("")
    seen = tty.stat()
    place = f"{os.major(seen.st_dev):02x}:{os.minor(seen.st_dev):02x}:{seen.st_ino}"
    (roots.proc / "locks").write_text(
        f"1: POSIX ADVISORY WRITE 9 {place} 0 EOF\n2: FLOCK ADVISORY WRITE 4711 {place} 0 EOF\n"
    )
    (roots.proc / "4711").mkdir()
    (roots.proc / "4711" / "comm").write_text("lanegate\n")
    (one,) = adapters(roots)
    assert (one.held_by, one.usable) == (("lanegate (4711)",), False)


def test_a_program_that_has_it_open_without_a_lock_is_seen(roots):
    tty = roots.dev / "ttyUSB0"
    tty.write_text("")
    (roots.proc / "12" / "fd").mkdir(parents=True)
    (roots.proc / "12" / "fd" / "3").symlink_to(tty)
    assert holders(str(tty), roots) == ("another program (12)",)


def test_our_own_open_port_does_not_count():
    with PtyLine(9600) as line, serial.Serial(line.port, exclusive=True):
        assert holders(line.port) == ()


def test_the_command_lists_this_boxs_ports():
    done = CliRunner().invoke(probe, ["--json"])
    assert done.exit_code == 0
    assert isinstance(json.loads(done.stdout)["adapters"], list)
    assert CliRunner().invoke(probe, []).exit_code == 0
