"""A whole lane box in one process: a serial line with relay boards, booms, loops and cars.

Everything behind the line is real: the Modbus RTU driver opens the simulation's port.
"""

import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from drivers.twins.spec import LaneSpec, LineFaults, Name, TwinSpec
from gateway.ports import Bus, DeviceError, DriverSettings

log = logging.getLogger(__name__)

_START_S = 15.0
_END_S = 3.0


class Settings(DriverSettings):
    driver: Literal["simulated"]
    name: Name = Field(
        default="lane",
        title="Name of the simulation",
        description="A camera with `driver: simulated` and `twin:` of this name sees its lanes.",
    )
    baud: int = Field(default=19200, title="Baud rate", ge=1200, le=230400)
    seed: int = Field(default=1, title="Seed of the line's faults")
    lanes: tuple[LaneSpec, ...] = Field(
        default=(LaneSpec(name="entry-1"),), title="Lanes", min_length=1, max_length=16
    )
    faults: LineFaults = Field(default=LineFaults(), title="Faults of the line")
    socket: Path | None = Field(default=None, title="Socket to look at the simulation")
    port: Path | None = Field(default=None, title="Link to the simulation's serial port")
    journal: Path | None = Field(default=None, title="File for what really happened, JSON lines")

    @model_validator(mode="after")
    def _makes_a_twin(self) -> "Settings":
        _ = self.twin
        return self

    @property
    def twin(self) -> TwinSpec:
        return TwinSpec.model_validate(self.model_dump(exclude={"driver"}))


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Bus]:
    """The line of a simulation that lives as long as this connection, or this process."""
    from drivers.bus import modbus_rtu

    spec = settings.twin
    serial = modbus_rtu.Settings.model_validate(
        {"driver": "modbus_rtu", "port": str(spec.port_path.absolute()), "baud": spec.baud}
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "drivers.twins", "--with-parent"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        await _started(process, spec)
        async with modbus_rtu.connect(serial) as bus:
            yield bus
    finally:
        await _ended(process)


async def _started(process: asyncio.subprocess.Process, spec: TwinSpec) -> None:
    assert process.stdin is not None  # noqa: S101 both are pipes
    assert process.stdout is not None  # noqa: S101
    process.stdin.write(spec.model_dump_json().encode() + b"\n")
    try:
        async with asyncio.timeout(_START_S):
            line = await process.stdout.readline()
    except TimeoutError as error:
        raise DeviceError(f"simulation {spec.name}: not ready after {_START_S:.0f} s") from error
    said = json.loads(line or '{"error": "its process ended without a word: see its messages"}')
    if "error" in said:
        raise DeviceError(f"simulation {spec.name}: {said['error']}")
    log.info("simulation %s: lanes at %s, port %s", spec.name, said["socket"], said["port"])


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Closing its input ends it; one that does not listen is killed."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(_END_S):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
