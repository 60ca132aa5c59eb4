"""Lines to probe: boards on ptys and sockets, and everything that can be wrong with them."""

import asyncio
import os
import select
import signal
import struct
import subprocess
import sys
import threading
import tty
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from drivers.modbus import ascii_frame
from drivers.twins.board import Board
from drivers.twins.line import with_crc
from gateway.probe.plan import COILS, REGISTERS, Step
from gateway.probe.scan import Scanner
from gateway.probe.words import Framing, Setting

ROOT = Path(__file__).parents[2]
FAST_BAUD = 115200
PROGRAM = "from gateway.commands.probe import probe; probe(prog_name='lanegate probe')"


def quick(slaves, *, setting=None, wait_s=0.06, questions=(REGISTERS, COILS)):
    """A step that a test has time for; a pty takes any baud rate."""
    return Step(setting or Setting(baud=FAST_BAUD), tuple(slaves), questions, wait_s)


def scanned(where, steps, effort, profiles=()):
    scanner = Scanner(where, profiles, lambda *_: None)
    asyncio.run(scanner.run(steps, effort))
    return scanner


@contextmanager
def started(*words, **more):
    """The command in a process of its own, which a test that fails does not wait for."""
    command = [sys.executable, "-c", PROGRAM, *map(str, words)]
    piped = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=ROOT, text=True, **(piped | more)) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def twin(spec, folder):
    """A simulated lane box in its own process."""
    file = Path(folder) / "spec.json"
    file.write_text(spec.model_dump_json())
    command = [sys.executable, "-m", "drivers.twins", "--spec", str(file)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert '"ready"' in process.stdout.readline()
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


class Alias:
    """A board that also answers to another address, with that address."""

    def __init__(self, board, alias):
        self.board, self.alias, self.delay_s = board, alias, board.delay_s

    def answer(self, frame):
        if frame[0] != self.alias:
            return self.board.answer(frame)
        reply = self.board.answer(with_crc(bytes([self.board.slave]) + frame[1:-2]))
        return reply and with_crc(bytes([self.alias]) + reply[1:-2])


class Collision:
    """Two boards of one address that answer at the same instant: each bit is what both say."""

    delay_s = 0.002

    def __init__(self, slave):
        self.one, self.other = Board(slave), Board(slave)
        self.other.inputs[0] = True

    def answer(self, frame):
        one, other = self.one.answer(frame), self.other.answer(frame)
        return one and bytes(a & b & 0x7E for a, b in zip(one, other, strict=True))


class Silent:
    """A board that says nothing where others refuse, as many cheap ones do."""

    def __init__(self, slave, functions):
        self.board, self.functions, self.delay_s = Board(slave), functions, 0.002

    def answer(self, frame):
        reply = self.board.answer(frame) if frame[1] in self.functions else None
        return None if reply is None or reply[1] & 0x80 else reply


class Registers:
    """A slave that knows just these answers: {(function, first): values}; else it refuses."""

    delay_s = 0.002

    def __init__(self, slave, known):
        self.slave, self.known = slave, known

    def answer(self, frame):
        slave, function, first, count = struct.unpack(">BBHH", frame[:6])
        if slave != self.slave:
            return None
        values = self.known.get((function, first), ())
        if len(values) < count:
            return with_crc(bytes([slave, function | 0x80, 2]))
        if function <= 2:
            bits = sum(bit << at for at, bit in enumerate(values[:count]))
            data = bits.to_bytes(-(-count // 8), "little")
        else:
            data = b"".join(value.to_bytes(2, "big") for value in values[:count])
        return with_crc(bytes([slave, function, len(data)]) + data)


class AsciiBoard:
    """A board that speaks Modbus ASCII, with characters of 7 bits and even parity."""

    delay_s = 0.002

    def __init__(self, slave, *, seven=True):
        self.board, self.seven = Board(slave), seven
        self.deaf = False

    def answer(self, frame):
        text = ascii_frame.low_bits(frame) if self.seven else frame
        if self.deaf or (self.seven and frame != ascii_frame.seven_bits(text, "even")):
            return None
        for body in ascii_frame.bodies(text):
            reply = self.board.answer(with_crc(body))
            if reply:
                said = ascii_frame.frame_of(reply[:-2])
                return ascii_frame.seven_bits(said, "even") if self.seven else said
        return None


class Babble:
    """A port on which bytes come without end, and nobody answers. Use as a context manager."""

    def __init__(self, data, every_s):
        self.data, self.every_s = data, every_s
        self._far_end, near_end = os.openpty()
        tty.setraw(near_end)
        self.port = os.ttyname(near_end)
        self._near_end = near_end
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._talk, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        os.close(self._near_end)
        os.close(self._far_end)

    def _talk(self):
        while not self._stop.wait(self.every_s):
            os.write(self._far_end, self.data)
            if select.select([self._far_end], [], [], 0)[0]:
                os.read(self._far_end, 4096)


class Server:
    """A board behind a socket: Modbus TCP, or RTU frames passed on. `heard`: every request."""

    def __init__(self, boards, framing, *, every_unit=False):
        self.boards, self.framing, self.every_unit = boards, framing, every_unit
        self.heard = []

    @asynccontextmanager
    async def listening(self):
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()

    async def _serve(self, reader, writer):
        tcp = self.framing is Framing.TCP
        while data := await reader.read(512):
            self.heard.append(data)
            if tcp and data[2:4] == b"\0\0":
                body = self._answer(data[6:])
                head = data[:4] + struct.pack(">H", len(body))
                writer.write(head + body if body else b"")
            elif not tcp:
                writer.write(b"".join(board.answer(data) or b"" for board in self.boards))
        writer.close()

    def _answer(self, body):
        """A gateway says that nobody is there; a device of its own takes every unit."""
        unit = bytes([self.boards[0].slave]) if self.every_unit else body[:1]
        for board in self.boards:
            if reply := board.answer(with_crc(unit + body[1:])):
                return body[:1] + reply[1:-2]
        return bytes([body[0], body[1] | 0x80, 11])
