"""Devices on a line for as long as somebody tries them: the product's own drivers, by profile."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError

from gateway.catalog import Catalog, device_settings
from gateway.config import Config, LaneConfig
from gateway.config.document import Data, Document
from gateway.config.models import BusLabel
from gateway.config.profiles import PACKAGED, Profiles
from gateway.lane.types import Inputs, Level
from gateway.ports import Barrier, Bus, DeviceError, DriverSettings, InputReader
from gateway.probe.occupied import refuse_connected, refuse_held
from gateway.probe.words import Setting

SENSORS = tuple(field.name for field in fields(Inputs))
LEAST_INPUTS = 2
TRIES = 3


class SetupError(Exception):
    """What was given cannot be used: a sentence with what to give instead."""


@dataclass(frozen=True, slots=True)
class Board:
    """A board on a line. `bus` is the line's name in the configuration."""

    where: str
    setting: Setting
    slave: int
    bus: str = "line-1"


def profile_names(folder: Path = PACKAGED) -> tuple[str, ...]:
    """Every profile of the product, as `kind/name`."""
    files = sorted(folder.glob("*/*.yaml"))
    return tuple(f"{file.parent.name}/{file.stem}" for file in files)


def device(kind: str, profile: str, own: dict[str, Any]) -> DriverSettings:
    """What the mapping of a device means that has a profile and keys of its own.

    Raises `SetupError`.
    """
    return _settings(kind, _filled(kind, profile, own))


def has_profile(kind: str, model: str) -> bool:
    return (PACKAGED / kind / f"{model}.yaml").is_file()


def _filled(kind: str, profile: str, own: dict[str, Any]) -> dict[str, Data]:
    document = Document("the command line")
    mapping: dict[str, Data] = {"profile": f"{kind}/{profile}", **own}
    Profiles(PACKAGED).fill(document, (), kind, mapping)
    if document.problems:
        raise SetupError("; ".join(f"{one.what}; {one.fix}" for one in document.problems))
    return mapping


def _settings(kind: str, mapping: dict[str, Any]) -> DriverSettings:
    try:
        return device_settings(kind, mapping, Catalog())
    except ValidationError as error:
        raise SetupError(f"{kind}: {_sentences(error)}") from error
    except PydanticCustomError as error:
        raise SetupError(f"{kind}: {error.message()}") from error


def require_names(lane: str, bus: str) -> None:
    """Raises `SetupError` where a configuration could not hold these names."""
    try:
        Names(lane=lane, bus=bus)
    except ValidationError as error:
        raise SetupError(_sentences(error)) from error


class Names(BaseModel):
    lane: Annotated[str, *LaneConfig.model_fields["name"].metadata]
    bus: BusLabel


def _sentences(error: ValidationError) -> str:
    told = ((".".join(map(str, one["loc"])), one["msg"]) for one in error.errors())
    return "; ".join(f"{place}: {what.removeprefix('Value error, ')}" for place, what in told)


@asynccontextmanager
async def bus_of(board: Board) -> AsyncIterator[Bus]:
    """The board's line, ours alone. Raises `DeviceError` where another program is at it."""
    settings = _settings("bus", board.setting.bus(board.where))
    async with _bus(settings) as bus:
        yield bus


@asynccontextmanager
async def _bus(settings: DriverSettings) -> AsyncIterator[Bus]:
    host, port = getattr(settings, "host", None), getattr(settings, "port", None)
    if isinstance(host, str) and isinstance(port, int):
        refuse_connected(host, port)
    elif isinstance(port, str):
        refuse_held(port)
    async with Catalog().connector("bus", settings.driver)(settings) as bus:
        yield bus


@asynccontextmanager
async def barrier_of(settings: DriverSettings, buses: dict[str, Bus]) -> AsyncIterator[Barrier]:
    async with Catalog().connector("barrier", settings.driver)(settings, buses) as barrier:
        yield barrier


@asynccontextmanager
async def inputs_of(settings: DriverSettings, buses: dict[str, Bus]) -> AsyncIterator[InputReader]:
    async with Catalog().connector("inputs", settings.driver)(settings, buses) as inputs:
        yield Patient(inputs)


class Patient:
    """Asks again where an answer is lost, as happens on every line: a trial is not over for one."""

    def __init__(self, inputs: InputReader) -> None:
        self._inputs = inputs

    async def read(self) -> Inputs:
        for _ in range(TRIES - 1):
            with contextlib.suppress(DeviceError):
                return await self._inputs.read()
        return await self._inputs.read()


@asynccontextmanager
async def lane_of(config: Config, lane: LaneConfig) -> AsyncIterator[tuple[Barrier, InputReader]]:
    """The barrier and the inputs of a configured lane, on the buses that they name."""
    words = _texts(lane.barrier) | _texts(lane.inputs)
    async with AsyncExitStack() as stack:
        buses = {
            name: await stack.enter_async_context(_bus(settings))
            for name, settings in config.buses.items()
            if name in words
        }
        barrier = await stack.enter_async_context(barrier_of(lane.barrier, buses))
        yield barrier, await stack.enter_async_context(inputs_of(lane.inputs, buses))


def _texts(settings: DriverSettings) -> set[str]:
    return {value for value in settings.model_dump().values() if isinstance(value, str)}


class Contacts:
    """All inputs of a board as contacts, read through the driver that a lane would use."""

    def __init__(self, readers: list[tuple[dict[str, int], InputReader]], count: int) -> None:
        self.count = count
        self._readers = readers

    async def read(self) -> tuple[bool, ...]:
        """True is a closed contact; input 1 comes first. Raises `DeviceError`."""
        closed = [False] * self.count
        for channels, reader in self._readers:
            inputs = await reader.read()
            for sensor, channel in channels.items():
                level = getattr(inputs, sensor)
                if level not in (Level.ON, Level.OFF):
                    raise DeviceError(f"input {channel} could not be read: its state is {level}")
                closed[channel - 1] = level is Level.ON
        return tuple(closed)


@asynccontextmanager
async def contacts_of(board: Board, profile: str, bus: Bus) -> AsyncIterator[Contacts]:
    """The contacts of a board whose inputs have this profile. Raises `SetupError`."""
    count = _input_count(profile)
    async with AsyncExitStack() as stack:
        readers = []
        for channels in _groups(count):
            wiring = {name: {"channel": at, "active": "closed"} for name, at in channels.items()}
            own = {"bus": board.bus, "slave": str(board.slave), **wiring}
            settings = device("inputs", profile, own)
            reader = await stack.enter_async_context(inputs_of(settings, {board.bus: bus}))
            readers.append((channels, reader))
        yield Contacts(readers, count)


def _input_count(profile: str) -> int:
    count = _filled("inputs", profile, {}).get("inputs")
    if not isinstance(count, str) or not count.isdecimal() or int(count) < LEAST_INPUTS:
        raise SetupError(
            f"inputs/{profile} does not say how many inputs the board has: name the profile of "
            "the board that the loops are wired to"
        )
    return int(count)


def _groups(count: int) -> list[dict[str, int]]:
    """A lane has so many sensors and no more; the last group reaches back to be as full."""
    size = min(count, len(SENSORS))
    starts = [*range(1, count - size + 1, size), count - size + 1]
    return [{name: start + at for at, name in enumerate(SENSORS[:size])} for start in starts]
