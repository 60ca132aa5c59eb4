"""The TCP bus, against pymodbus's own server and against a device that misbehaves."""

import asyncio
import struct
from contextlib import asynccontextmanager

import pytest
from pydantic import ValidationError
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from drivers.bus.modbus_tcp import Settings, TcpWire, connect
from drivers.modbus.errand import Errand
from drivers.modbus.pdu import write_coil
from drivers.twins.board import Board
from drivers.twins.line import with_crc
from gateway.ports import DeviceError, Turn

HEADER = struct.Struct(">HHHB")
READ_INPUTS = ("read_discrete_inputs", (1, 0, 8))
PULSE = ("write_coil", (1, 0x0200, 5))


class Device:
    """A board with a network socket. `delay_s` and `replies` make the next answers wrong."""

    def __init__(self):
        self.board = Board()
        self.heard = []
        self.connections = 0
        self.port = 0
        self.delay_s = 0.0
        self.replies = []
        self.other_number = 0
        self._writers = []

    @asynccontextmanager
    async def listening(self, port=0):
        server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        try:
            self.port = server.sockets[0].getsockname()[1]
            yield self.port
        finally:
            server.close()
            self.hang_up()

    def hang_up(self):
        for writer in self._writers:
            writer.close()

    async def _serve(self, reader, writer):
        self.connections += 1
        self._writers.append(writer)
        try:
            while True:
                number, _, size, slave = HEADER.unpack(await reader.readexactly(HEADER.size))
                pdu = await reader.readexactly(size - 1)
                await self._answer(writer, number, slave, pdu)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _answer(self, writer, number, slave, pdu):
        self.heard.append(pdu)
        reply = self.board.answer(with_crc(bytes([slave]) + pdu))
        frame = self.replies.pop(0) if self.replies else (reply or b"")[:-2]
        await asyncio.sleep(self.delay_s)
        if frame:
            head = HEADER.pack(number + self.other_number, 0, len(frame), frame[0])
            writer.write(head + frame[1:])


def play(story, device=None, **chosen):
    """Run `story(bus, device)` against a device on this machine."""
    device = device or Device()

    async def run():
        async with device.listening() as port:
            settings = Settings(driver="modbus_tcp", host="127.0.0.1", port=port, **chosen)
            async with connect(settings) as bus:
                return await asyncio.wait_for(story(bus, device), 20)

    return asyncio.run(run())


def sim_device():
    def bits(values):
        return [SimData(0, values=values, datatype=DataType.BITS)]

    registers = [SimData(0x1000, values=[0, 2], datatype=DataType.REGISTERS)]
    return SimDevice(1, simdata=(bits([False] * 8), bits([False, True]), registers, registers))


def test_pymodbus_own_server_and_this_bus_agree():
    async def run():
        server = ModbusTcpServer(sim_device(), address=("127.0.0.1", 0))
        await server.serve_forever(background=True)
        port = server.transport.sockets[0].getsockname()[1]
        async with connect(Settings(driver="modbus_tcp", host="127.0.0.1", port=port)) as bus:
            await bus.write_coil(1, 3, 0xFF00)
            await bus.write_register(1, 0x1001, 7)
            answers = (
                await bus.read_coils(1, 2, 3),
                await bus.read_discrete_inputs(1, 0, 2),
                await bus.read_holding_registers(1, 0x1000, 2),
            )
            with pytest.raises(DeviceError, match="exception 2, illegal data address"):
                await bus.read_coils(1, 100, 8)
        await server.shutdown()
        return answers

    assert asyncio.run(run()) == ((False, True, False), (False, True), (0, 7))


def test_a_pulse_of_any_length_is_sent_once_and_confirmed():
    async def story(bus, device):
        await bus.write_coil(1, 0x0200, 5)
        return device.heard, device.board.relays()[0]

    assert play(story) == ([bytes.fromhex("05 02 00 00 05")], True)


def test_callers_at_the_same_time_take_turns():
    async def story(bus, device):
        device.board.inputs[1] = True
        return await asyncio.gather(*(bus.read_discrete_inputs(1, 0, n) for n in range(1, 9)))

    answers = play(story)
    assert answers == [(False, True, *[False] * 6)[:count] for count in range(1, 9)]


def test_a_late_answer_is_never_taken_for_the_next_one():
    async def story(bus, device):
        await bus.read_discrete_inputs(1, 0, 8)
        device.delay_s = 0.15
        with pytest.raises(DeviceError, match="gave no answer within 100 ms"):
            await bus.read_discrete_inputs(1, 0, 8)
        device.delay_s = 0.0
        device.board.inputs[0] = True
        first = await bus.read_discrete_inputs(1, 0, 8)
        await asyncio.sleep(0.1)
        return first[0], (await bus.read_discrete_inputs(1, 0, 8))[0], device.connections

    assert play(story, timeout_ms=100) == (True, True, 2)


def test_a_cancelled_caller_does_not_disturb_what_is_on_the_wire():
    async def story(bus, device):
        device.delay_s = 0.05
        first = asyncio.create_task(bus.read_discrete_inputs(1, 0, 8))
        await asyncio.sleep(0.03)
        first.cancel()
        await asyncio.sleep(0)
        device.board.inputs[5] = True
        return (await bus.read_discrete_inputs(1, 0, 8))[5], device.connections

    assert play(story) == (True, 1)


def test_no_order_is_repeated():
    async def story(bus, device):
        device.delay_s = 0.2
        with pytest.raises(DeviceError):
            await bus.write_coil(1, 0x0200, 5)
        await asyncio.sleep(0.3)
        return len(device.heard)

    assert play(story, timeout_ms=100) == 1


@pytest.mark.parametrize(
    ("question", "reply", "complaint"),
    [
        (READ_INPUTS, "01 01 01 FF", "answered function 1 instead of 2"),
        (READ_INPUTS, "01 05 02 00 00 05", "answered function 5 instead of 2"),
        (READ_INPUTS, "01 02 02 FF FF", "sent 2 bytes of bits instead of 1"),
        (READ_INPUTS, "02 02 01 FF", "gave no answer"),
        (PULSE, "01 05 02 01 00 05", "confirmed 0x0005 to coil 0x0201 instead of"),
        (PULSE, "01 05 02 00 FF 00", "confirmed 0xFF00 to coil 0x0200 instead of"),
        (PULSE, "01 82 02", "answered function 2 instead of 5"),
        (PULSE, "01 85 06", "exception 6, device busy"),
    ],
)
def test_an_answer_to_another_question_is_no_answer(question, reply, complaint):
    name, arguments = question

    async def story(bus, device):
        device.replies = [bytes.fromhex(reply)]
        with pytest.raises(DeviceError) as caught:
            await getattr(bus, name)(*arguments)
        return str(caught.value), (await bus.read_coils(1, 0, 8)) is not None

    told, works_again = play(story, timeout_ms=150)
    assert complaint in told
    assert works_again


def test_an_answer_with_another_transaction_number_is_no_answer():
    async def story(bus, device):
        device.other_number = 7
        with pytest.raises(DeviceError, match="gave no answer"):
            await bus.read_coils(1, 0, 8)

    play(story, timeout_ms=100)


def test_a_silent_slave_behind_a_gateway_does_not_take_the_others_their_turn():
    async def story(bus, device):
        await bus.read_coils(1, 0, 8)
        for _ in range(3):
            with pytest.raises(DeviceError, match="slave 9 gave no answer"):
                await bus.read_coils(9, 0, 8)
            assert await bus.read_coils(1, 0, 8) == (False,) * 8
        return device.connections

    assert play(story, timeout_ms=50) == 4


def test_a_device_that_is_away_is_told_at_each_call_and_found_when_it_comes():
    device = Device()

    async def run():
        async with device.listening() as port:
            pass
        async with connect(Settings(driver="modbus_tcp", host="127.0.0.1", port=port)) as bus:
            for _ in range(2):
                with pytest.raises(DeviceError, match=f"cannot connect to 127.0.0.1:{port}"):
                    await bus.read_coils(1, 0, 8)
            async with device.listening(port), asyncio.timeout(10):
                return await patiently(bus)

    assert asyncio.run(run()) == (False,) * 8


def test_a_connection_that_the_device_closed_is_made_again():
    async def story(bus, device):
        await bus.read_coils(1, 0, 8)
        device.hang_up()
        await asyncio.sleep(0.05)
        return await bus.read_coils(1, 0, 8), device.connections

    assert play(story) == ((False,) * 8, 2)


def test_the_other_functions_are_asked_and_confirmed():
    async def story(bus, device):
        await bus.write_coils(1, 2, [True, False, True])
        await bus.write_registers(1, 0x1006, [1, 2])
        with pytest.raises(DeviceError, match="exception 1, illegal function"):
            await bus.read_input_registers(1, 0, 4)
        return device.board.relays()[2:5]

    assert play(story) == (True, False, True)


def test_a_slave_that_a_gateway_cannot_reach_is_soon_not_asked_any_more():
    async def story(bus, device):
        device.replies = [bytes.fromhex("01 81 0B")] * 4
        for _ in range(4):
            with pytest.raises(DeviceError, match="gateway target did not answer"):
                await bus.read_coils(1, 0, 8)
        with pytest.raises(DeviceError, match=r"behind the gateway \(it is asked again in"):
            await bus.read_coils(1, 0, 8)
        return len(device.heard)

    assert play(story) == 4


def test_an_order_is_tried_at_once_where_a_connection_was_refused():
    device = Device()

    async def run():
        async with device.listening() as port:
            pass
        async with connect(Settings(driver="modbus_tcp", host="127.0.0.1", port=port)) as bus:
            with pytest.raises(DeviceError, match="cannot connect"):
                await bus.read_coils(1, 0, 8)
            async with device.listening(port):
                with pytest.raises(DeviceError, match="cannot connect"):
                    await bus.read_coils(1, 0, 8)
                await bus.write_coil(1, 0, 0xFF00)

    asyncio.run(run())
    assert device.board.relays()[0]


def test_a_broadcast_is_refused_because_nobody_would_say_whether_it_went_through():
    async def story(bus, _device):
        with pytest.raises(DeviceError, match="has no broadcast"):
            await bus.write_coil(0, 0, 0xFF00)

    play(story)


def test_an_order_whose_time_ran_out_while_connecting_is_not_sent():
    async def story(_bus, device):
        settings = Settings(driver="modbus_tcp", host="127.0.0.1", port=device.port)
        wire = TcpWire(settings)
        late = Errand(write_coil(1, 0, 0xFF00), Turn.ORDER, asked_at=0.0, not_after=0.1)
        with pytest.raises(DeviceError, match="did not send it"):
            await wire.ask(late)
        wire.close()
        return device.heard

    assert play(story) == []


async def patiently(bus):
    while True:
        try:
            return await bus.read_coils(1, 0, 8)
        except DeviceError:
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("wrong", [{"port": "0"}, {"timeout_ms": "5"}, {"host": ""}, {"x": 1}])
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValidationError):
        Settings(**({"driver": "modbus_tcp", "host": "10.0.0.5"} | wrong))
