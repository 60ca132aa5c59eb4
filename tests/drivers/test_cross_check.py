"""Independent implementations agree: mbpoll (libmodbus) with our slave, our master with pymodbus.

pymodbus's client with our slave is in `test_line_twin.py`, its TCP servers in `test_modbus_tcp.py`
and `test_modbus_rtu_tcp.py`.
"""

import asyncio
import os
import select
import shutil
import subprocess
import threading
import time
import tty
from contextlib import contextmanager

import pytest
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from drivers.bus.modbus_rtu import Settings, connect
from drivers.twins.board import Board
from drivers.twins.line import PtyLine
from gateway.ports import DeviceError

BAUD, BITS = 19200, 10
MBPOLL = shutil.which("mbpoll")
NEEDS_MBPOLL = pytest.mark.skipif(MBPOLL is None, reason="no mbpoll here: apt-get install mbpoll")
KINDS = {"coils": "0", "inputs": "1", "registers": "4"}


# --- mbpoll and our board ----------------------------------------------------------------


def mbpoll(port, *arguments):
    """What it says about slave 1; `-0` counts addresses as they stand in the frame."""
    program = [MBPOLL, "-m", "rtu", "-a", "1", "-b", str(BAUD), "-P", "none", "-0", "-1", "-o", "2"]
    done = subprocess.run(
        [*program, *arguments[:-1], port, *arguments[-1]],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    return done.stdout + done.stderr


def polled(port, kind, first, count):
    """The values that mbpoll prints, as `[0]: 1`."""
    said = mbpoll(port, "-t", KINDS[kind], "-r", str(first), "-c", str(count), [])
    lines = [line for line in said.splitlines() if line.startswith("[")]
    return [int(line.split(":")[1].split()[0]) for line in lines]


@pytest.fixture
def board_and_port():
    board = Board()
    with PtyLine(BAUD) as line:
        line.attach(board)
        yield board, line.port


@NEEDS_MBPOLL
def test_mbpoll_reads_what_our_board_has(board_and_port):
    board, port = board_and_port
    board.inputs[0] = board.inputs[5] = True
    assert polled(port, "inputs", 0, 8) == [1, 0, 0, 0, 0, 1, 0, 0]
    assert polled(port, "coils", 0, 8) == [0] * 8
    assert polled(port, "registers", 0x1000, 8) == [0] * 8
    assert polled(port, "registers", 0x8000, 1) == [200]


@NEEDS_MBPOLL
def test_mbpoll_moves_what_our_board_has(board_and_port):
    board, port = board_and_port
    assert "Written 1 references" in mbpoll(port, "-t", "0", "-r", "2", ["1"])
    assert "Written 3 references" in mbpoll(port, "-t", "0", "-r", "4", ["1", "0", "1"])
    assert board.relays() == (False, False, True, False, True, False, True, False)
    assert "Written 1 references" in mbpoll(port, "-t", "4", "-r", str(0x1001), ["2"])
    assert "Written 2 references" in mbpoll(port, "-t", "4", "-r", str(0x1006), ["1", "3"])
    assert polled(port, "registers", 0x1000, 8) == [0, 2, 0, 0, 0, 0, 1, 3]


@NEEDS_MBPOLL
def test_mbpoll_understands_our_boards_refusals(board_and_port):
    _, port = board_and_port
    assert "Illegal data address" in mbpoll(port, "-t", "0", "-r", "100", "-c", "4", [])
    assert "Illegal function" in mbpoll(port, "-t", "3", "-r", "0", "-c", "1", [])


# --- our master and pymodbus's slave -----------------------------------------------------


@contextmanager
def crossed_ports():
    """Two serial ports, each one the other's far end, and no faster than their baud rate."""
    far_ends, near_ends = zip(*(os.openpty() for _ in range(2)), strict=True)
    heard, said = os.pipe()
    for near_end in near_ends:
        tty.setraw(near_end)

    def carry():
        one, other = far_ends
        while heard not in (ready := select.select([one, other, heard], [], [])[0]):
            for end in ready:
                data = os.read(end, 256)
                time.sleep(len(data) * BITS / BAUD)
                os.write(other if end == one else one, data)

    carrier = threading.Thread(target=carry)
    carrier.start()
    try:
        yield tuple(map(os.ttyname, near_ends))
    finally:
        os.write(said, b"x")
        carrier.join()
        for descriptor in (*far_ends, *near_ends, heard, said):
            os.close(descriptor)


def sim_device():
    bits = [SimData(0, values=[False] * 8, datatype=DataType.BITS)]
    inputs = [SimData(0, values=[False, True, True, False], datatype=DataType.BITS)]
    holding = [SimData(0x1000, values=[5, 6, 7], datatype=DataType.REGISTERS)]
    read_only = [SimData(0, values=[0x1234, 9], datatype=DataType.REGISTERS)]
    return SimDevice(1, simdata=(bits, inputs, holding, read_only))


def test_our_master_and_pymodbus_own_slave_agree_on_every_function():
    async def run(ours, theirs):
        server = ModbusSerialServer(sim_device(), port=theirs, baudrate=BAUD)
        await server.serve_forever(background=True)
        settings = Settings(driver="modbus_rtu", port=ours, baud=BAUD, timeout_ms=1000)
        try:
            async with connect(settings) as bus:
                return await story(bus)
        finally:
            await server.shutdown()

    async def story(bus):
        await bus.write_coil(1, 3, 0xFF00)
        await bus.write_coils(1, 5, [True, False, True])
        await bus.write_register(1, 0x1000, 8)
        await bus.write_registers(1, 0x1001, [9, 0xFFFF])
        with pytest.raises(DeviceError, match="exception 2, illegal data address"):
            await bus.read_coils(1, 100, 8)
        return (
            await bus.read_coils(1, 0, 8),
            await bus.read_discrete_inputs(1, 0, 4),
            await bus.read_holding_registers(1, 0x1000, 3),
            await bus.read_input_registers(1, 0, 2),
        )

    with crossed_ports() as (ours, theirs):
        coils, inputs, holding, read_only = asyncio.run(run(ours, theirs))
    assert coils == (False, False, False, True, False, True, False, True)
    assert inputs == (False, True, True, False)
    assert holding == (8, 9, 0xFFFF)
    assert read_only == (0x1234, 9)
