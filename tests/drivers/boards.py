"""Profiles and the boards that they are for, each with the wire that it has in the field."""

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from drivers.bus import modbus_rtu, modbus_tcp
from drivers.twins.boards.models import board as board_model
from drivers.twins.boards.tcp import TcpBoard
from drivers.twins.line import Faults, PtyLine, with_crc
from gateway.catalog import Catalog
from gateway.config import yamlfile

PROFILES = Path(__file__).parents[2] / "config" / "profiles"
NETWORKED = ("waveshare-relay-poe-eth", "zlan", "moxa", "advantech")
PULSE_MS = {"eletechsup": "1000"}
SLAVE = 3
BAUD = 115200
SAMPLE_S = 0.004


def names(kind, *, of=None):
    """The profiles of a kind, or those of one driver."""
    found = sorted(path.stem for path in (PROFILES / kind).glob("*.yaml"))
    return [name for name in found if of is None or facts(kind, name)["driver"] in of]


def facts(kind, name):
    """What a profile says, all scalars as text, as the configuration reads it."""
    document = yamlfile.read(PROFILES / kind / f"{name}.yaml")
    assert document.problems == []
    return document.data


def settings(kind, name, **own):
    """A device's settings from its profile and what a technician adds."""
    told = facts(kind, name) | {"bus": "line-1", "slave": str(SLAVE)} | own
    return Catalog().settings(kind, told["driver"])(**told)


def pulse_ms(name):
    return next((ms for maker, ms in PULSE_MS.items() if name.startswith(maker)), "200")


def relay_settings(name, **own):
    outputs = {"open_output": "1", "close_output": "2", "pulse_ms": pulse_ms(name)}
    return settings("barrier", name, **outputs | own)


class Watched:
    """A slave that notes its contacts OPEN and CLOSE after each answer: then they may close."""

    def __init__(self, board):
        self.board = board
        self.seen = []
        self.refuses = False

    @property
    def delay_s(self):
        return self.board.delay_s

    def answer(self, frame):
        if self.refuses and frame[0] == self.board.slave:
            return with_crc(bytes([frame[0], frame[1] | 0x80, 2]))
        reply = self.board.answer(frame)
        self.note()
        return reply

    def note(self):
        self.seen.append((time.monotonic(), self.board.relays()[:2]))

    async def keep_noting(self):
        while True:
            self.note()
            await asyncio.sleep(SAMPLE_S)

    def pulses(self, contact):
        """How long the contact was closed, each time it was: by what was seen, in seconds."""
        found, since = [], None
        for at, contacts in list(self.seen):
            if contacts[contact] and since is None:
                since = at
            elif not contacts[contact] and since is not None:
                found.append(at - since)
                since = None
        return found if since is None else [*found, float("inf")]

    def ever_both(self):
        return any(all(contacts) for _, contacts in list(self.seen))


class Wire:
    """The bus to one board, and what can go wrong with it."""

    def __init__(self, bus, watched, line=None, socket=None):
        self.bus = bus
        self.watched = watched
        self.board = watched.board
        self._line = line
        self._socket = socket

    def lose_answers(self, *, lost=True):
        if self._line:
            self._line.faults = Faults(drop=1.0 if lost else 0.0)
        else:
            self._socket.deaf = lost

    def questions(self):
        """What the board was asked, from the function on."""
        if self._line:
            return [frame[1:-2] for frame in self._line.frames("master")]
        return [question[1:] for question in self._socket.heard]


@asynccontextmanager
async def wired(name, model=None, timeout_ms=1500):
    """A `Wire` to the board of this profile: a paced pty line, or a socket."""
    watched = Watched(model or board_model(name, SLAVE))
    async with AsyncExitStack() as stack:
        if name.startswith(NETWORKED):
            wire = await _by_socket(stack, watched, timeout_ms)
        else:
            wire = await _by_line(stack, watched, timeout_ms)
        noting = asyncio.create_task(watched.keep_noting())
        stack.callback(noting.cancel)
        yield wire


async def _by_socket(stack, watched, timeout_ms):
    socket = TcpBoard(watched)
    port = await stack.enter_async_context(socket.listening())
    chosen = modbus_tcp.Settings(
        driver="modbus_tcp", host="127.0.0.1", port=port, timeout_ms=timeout_ms
    )
    bus = await stack.enter_async_context(modbus_tcp.connect(chosen))
    return Wire(bus, watched, socket=socket)


async def _by_line(stack, watched, timeout_ms):
    line = stack.enter_context(PtyLine(BAUD))
    line.attach(watched)
    chosen = modbus_rtu.Settings(
        driver="modbus_rtu", port=line.port, baud=BAUD, timeout_ms=timeout_ms, quiet_ms=20
    )
    bus = await stack.enter_async_context(modbus_rtu.connect(chosen))
    return Wire(bus, watched, line=line)


def play(story, kind, name, chosen, model=None, **wire):
    """Run `story(device, wire)` with the device connected to its board."""
    return asyncio.run(_played(story, kind, name, chosen, model, **wire))


async def _played(story, kind, name, chosen, model=None, **wire):
    async with wired(name, model, **wire) as wire_to:
        connect = Catalog().connector(kind, chosen.driver)
        async with connect(chosen, {"line-1": wire_to.bus}) as device:
            return await asyncio.wait_for(story(device, wire_to), 30)


class Together:
    """Plays a story with every board at the same time, once; then each test asks for its own."""

    def __init__(self, kind, chosen, **wire):
        self._kind = kind
        self._chosen = chosen
        self._wire = wire
        self._told = {}

    def of(self, name, story):
        """What the story returned with this board. Raises what it raised."""
        if story not in self._told:
            self._told[story] = asyncio.run(self._play(story))
        told = self._told[story][name]
        if isinstance(told, BaseException):
            raise told
        return told

    async def _play(self, story):
        stories = [
            _played(story, self._kind, name, chosen, **self._wire)
            for name, chosen in self._chosen.items()
        ]
        told = await asyncio.gather(*stories, return_exceptions=True)
        return dict(zip(self._chosen, told, strict=True))
