"""RTU through a serial server: the same discipline, and a server's own ways of going wrong."""

import asyncio
import socket
from contextlib import asynccontextmanager

import pytest
from pydantic import ValidationError
from pymodbus.framer import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from drivers.bus import modbus_rtu_tcp, modbus_tcp
from drivers.modbus import tcp_port
from drivers.twins.board import Board
from gateway.ports import DeviceError


class Converter:
    """Passes whole RTU frames to a board. `delays_s` and `replies` spoil the next answers."""

    def __init__(self):
        self.board = Board()
        self.heard = []
        self.connections = 0
        self.delays_s = []
        self.replies = []
        self.deaf = 0
        self.piece = 256
        self._writers = []

    @asynccontextmanager
    async def listening(self, port=0):
        server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            self.hang_up()

    def hang_up(self):
        for writer in self._writers:
            writer.close()

    async def _serve(self, reader, writer):
        """The first `deaf` connections take everything and say nothing."""
        self.connections += 1
        self._writers.append(writer)
        number = self.connections
        try:
            while frame := await reader.read(256):
                if number > self.deaf:
                    await self._answer(writer, frame)
        except ConnectionError:
            pass
        writer.close()

    async def _answer(self, writer, frame):
        self.heard.append(frame)
        reply = self.replies.pop(0) if self.replies else self.board.answer(frame)
        await asyncio.sleep(self.delays_s.pop(0) if self.delays_s else 0)
        for start in range(0, len(reply or b""), self.piece):
            writer.write(reply[start : start + self.piece])
            await asyncio.sleep(0.005)


def play(story, converter=None, **chosen):
    converter = converter or Converter()

    async def run():
        async with converter.listening() as port:
            settings = modbus_rtu_tcp.Settings(
                **({"driver": "modbus_rtu_tcp", "host": "127.0.0.1", "port": port} | chosen)
            )
            async with modbus_rtu_tcp.connect(settings) as bus:
                return await asyncio.wait_for(story(bus, converter), 20)

    return asyncio.run(run())


def sim_device():
    bits = [SimData(0, values=[False] * 8, datatype=DataType.BITS)]
    registers = [SimData(0x1000, values=[0, 2], datatype=DataType.REGISTERS)]
    return SimDevice(1, simdata=(bits, bits, registers, registers))


@asynccontextmanager
async def pymodbus_server(framer):
    server = ModbusTcpServer(sim_device(), framer=framer, address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    try:
        yield server.transport.sockets[0].getsockname()[1]
    finally:
        await server.shutdown()


# --- what it says ------------------------------------------------------------------------


def test_the_frames_are_those_of_a_serial_line():
    async def story(bus, converter):
        converter.board.inputs[1] = True
        await bus.write_coil(1, 0x0200, 7)
        return await bus.read_discrete_inputs(1, 0, 3), converter.heard, converter.connections

    inputs, heard, connections = play(story)
    assert inputs == (False, True, False)
    assert heard[0] == bytes.fromhex("01 05 02 00 00 07 8D B0")
    assert connections == 1


def test_an_answer_that_comes_in_pieces_is_put_together():
    async def story(bus, converter):
        converter.piece = 2
        return await bus.read_holding_registers(1, 0x1000, 8)

    assert play(story) == (0,) * 8


def test_pymodbus_own_server_in_rtu_mode_and_this_bus_agree():
    async def run():
        async with pymodbus_server(FramerType.RTU) as port:
            settings = modbus_rtu_tcp.Settings(driver="modbus_rtu_tcp", host="127.0.0.1", port=port)
            async with modbus_rtu_tcp.connect(settings) as bus:
                await bus.write_coil(1, 3, 0xFF00)
                await bus.write_register(1, 0x1001, 7)
                with pytest.raises(DeviceError, match="exception 2, illegal data address"):
                    await bus.read_coils(1, 100, 8)
                return await bus.read_coils(1, 2, 3), await bus.read_input_registers(1, 0x1001, 1)

    coils, registers = asyncio.run(run())
    assert coils == (False, True, False)
    assert registers in ((7,), (2,))


# --- late, lost, away --------------------------------------------------------------------


def test_a_late_answer_is_never_taken_for_the_next_one():
    async def story(bus, converter):
        await bus.read_discrete_inputs(1, 0, 8)
        converter.delays_s = [0.15]
        with pytest.raises(DeviceError, match="gave no answer"):
            await bus.read_discrete_inputs(1, 0, 8)
        converter.board.inputs[0] = True
        return (await bus.read_discrete_inputs(1, 0, 8))[0], converter.connections

    assert play(story, timeout_ms=100, quiet_ms=200, baud=115200) == (True, 1)


def test_no_order_is_repeated():
    async def story(bus, converter):
        converter.replies = [b"", b""]
        with pytest.raises(DeviceError):
            await bus.write_coil(1, 0x0200, 5)
        await asyncio.sleep(0.3)
        return len(converter.heard)

    assert play(story, timeout_ms=50) == 1


def test_a_connection_that_was_hung_up_is_made_again():
    async def story(bus, converter):
        await bus.read_coils(1, 0, 8)
        converter.hang_up()
        await asyncio.sleep(0.05)
        with pytest.raises(DeviceError, match="lost its connection"):
            await bus.read_coils(1, 0, 8)
        return await patiently(bus), converter.connections

    assert play(story) == ((False,) * 8, 2)


def test_an_order_does_not_wait_for_the_time_of_the_next_dial():
    async def story(bus, converter):
        await bus.read_coils(1, 0, 8)
        converter.hang_up()
        await asyncio.sleep(0.05)
        await bus.write_coil(1, 0, 0xFF00)
        return converter.board.relays()[0]

    assert play(story)


def test_a_server_that_is_away_is_told_at_each_call_and_found_when_it_comes():
    converter = Converter()

    async def run():
        async with converter.listening() as port:
            pass
        settings = modbus_rtu_tcp.Settings(driver="modbus_rtu_tcp", host="127.0.0.1", port=port)
        async with modbus_rtu_tcp.connect(settings) as bus:
            for _ in range(2):
                with pytest.raises(DeviceError, match=r"cannot connect to .*refused"):
                    await bus.read_coils(1, 0, 8)
            async with converter.listening(port), asyncio.timeout(10):
                return await patiently(bus)

    assert asyncio.run(run()) == (False,) * 8


def test_a_connection_that_only_looks_open_is_noticed_and_made_again():
    async def story(bus, converter):
        await bus.read_coils(1, 0, 8)
        converter.deaf = 1
        for _ in range(3):
            with pytest.raises(DeviceError, match="gave no answer"):
                await bus.read_coils(1, 0, 8)
        return await bus.read_coils(1, 0, 8), converter.connections

    assert play(story, timeout_ms=50, quiet_ms=10) == ((False,) * 8, 2)


def test_a_name_that_nobody_has_is_told():
    async def story(bus, _converter):
        with pytest.raises(DeviceError, match=r"cannot connect to nowhere.invalid:\d+ \("):
            await bus.read_coils(1, 0, 8)

    play(story, host="nowhere.invalid")


def test_frames_go_out_at_once_and_a_peer_that_is_gone_is_noticed():
    converter = Converter()

    async def run():
        async with converter.listening() as number:
            port = await tcp_port.connected("127.0.0.1", number, 0.001)
            options = [
                port._socket.getsockopt(socket.IPPROTO_TCP, option)
                for option in (socket.TCP_NODELAY, socket.TCP_USER_TIMEOUT)
            ]
            port.close()
            return options

    assert asyncio.run(run()) == [1, tcp_port.UNHEARD_MS]


# --- a converter in another mode ---------------------------------------------------------


def test_a_converter_that_speaks_modbus_tcp_is_named_as_such():
    async def run():
        async with pymodbus_server(FramerType.SOCKET) as port:
            settings = modbus_rtu_tcp.Settings(driver="modbus_rtu_tcp", host="127.0.0.1", port=port)
            async with modbus_rtu_tcp.connect(settings) as bus:
                with pytest.raises(DeviceError) as caught:
                    await bus.read_coils(1, 0, 8)
                return str(caught.value)

    told = asyncio.run(run())
    assert "the converter is in Modbus TCP mode" in told
    assert "use driver modbus_tcp" in told


def test_a_converter_that_takes_one_call_at_a_time_is_hung_up_on_before_it_is_tried():
    async def translate(reader, writer):
        """Modbus TCP to one caller; another one is turned away."""
        if callers:
            writer.close()
            return
        callers.append(writer)
        while asked := await reader.read(256):
            if asked[2:4] == b"\x00\x00" and asked[5] == len(asked) - 6:
                writer.write(asked[:5] + b"\x04" + asked[6:8] + b"\x01\x00")
        callers.remove(writer)
        writer.close()

    async def run():
        server = await asyncio.start_server(translate, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        settings = modbus_rtu_tcp.Settings(driver="modbus_rtu_tcp", host="127.0.0.1", port=port)
        async with modbus_rtu_tcp.connect(settings) as bus:
            with pytest.raises(DeviceError, match="is in Modbus TCP mode"):
                await bus.read_coils(1, 0, 8)
        server.close()

    callers = []
    asyncio.run(run())


def test_a_converter_that_passes_rtu_on_is_named_as_such_by_the_other_driver():
    converter = Converter()

    async def run():
        async with converter.listening() as port:
            settings = modbus_tcp.Settings(
                driver="modbus_tcp", host="127.0.0.1", port=port, timeout_ms=100
            )
            async with modbus_tcp.connect(settings) as bus:
                with pytest.raises(DeviceError) as caught:
                    await bus.read_coils(1, 0, 8)
                return str(caught.value)

    told = asyncio.run(run())
    assert "the converter is in transparent mode" in told
    assert "use driver modbus_rtu_tcp" in told


def test_a_modbus_tcp_frame_instead_of_an_answer_is_named_too():
    async def story(bus, converter):
        converter.replies = [bytes.fromhex("00 01 00 00 00 04 01 01 01 00")]
        with pytest.raises(DeviceError, match="is in Modbus TCP mode"):
            await bus.read_coils(1, 0, 8)

    play(story)


def test_only_readings_are_ever_asked_to_find_out():
    async def story(bus, converter):
        converter.replies = [b""]
        with pytest.raises(DeviceError, match="gave no answer"):
            await bus.write_coil(1, 0, 0xFF00)
        return converter.heard, converter.connections

    heard, connections = play(story, timeout_ms=50)
    assert (len(heard), connections) == (1, 1)


async def patiently(bus):
    while True:
        try:
            return await bus.read_coils(1, 0, 8)
        except DeviceError:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("wrong", [{"port": "0"}, {"baud": "9601"}, {"host": ""}, {"x": 1}])
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValidationError):
        modbus_rtu_tcp.Settings(**({"driver": "modbus_rtu_tcp", "host": "10.0.0.5"} | wrong))
