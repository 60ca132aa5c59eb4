"""Readings over a noisy RTU line: this product's master, and pymodbus's own client.

    python -m bench.rtu_noise [--json] [--count N] [--seed N]

Each asks N times for eight inputs (FC02), each time from another address, over a line of
115200 baud in a process of its own (fast, so that 10,000 readings take minutes). Every address
has its own bits, so that an answer to another question is seen. Of the replies 10 % have a stray
byte before them, 3 % a flipped bit, and 5 % come 40 to 120 ms late; equal seeds draw equal faults.
Both wait 30 ms for an answer and ask once, never again; between questions there are 3 ms, because
pymodbus leaves no gap between frames and a slave would not hear its next one.
"""

import argparse
import asyncio
import json
import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from drivers.bus import modbus_rtu
from drivers.modbus.errand import AwayError
from drivers.twins.line import Faults, PtyLine, with_crc
from gateway.ports import DeviceError

BAUD = 115200
SLAVE, READ_INPUTS, INPUTS = 1, 2, 8
TIMEOUT_MS, QUIET_MS = 30, 50
PAUSE_S = 0.003
AWAY_PAUSE_S = 0.05
TELL_EVERY = 1000
FAULTS = Faults(stray=0.10, corrupt=0.03, late=0.05, late_s=0.04, late_spread_s=0.08)

Read = Callable[[int], Awaitable[tuple[bool, ...] | None]]
"""Reads eight inputs from an address; None where that failed."""


def bits_at(first: int) -> tuple[bool, ...]:
    """Other bits at each of 256 neighbouring addresses."""
    value = first * 197 + 89
    return tuple(bool(value >> place & 1) for place in range(INPUTS))


class Mirror:
    """The slave: its inputs tell from which address they were read."""

    delay_s = 0.001

    def answer(self, frame: bytes) -> bytes | None:
        if with_crc(frame[:-2]) != frame or frame[:2] != bytes([SLAVE, READ_INPUTS]):
            return None
        bits = bits_at(int.from_bytes(frame[2:4], "big"))
        value = sum(bit << place for place, bit in enumerate(bits))
        return with_crc(bytes([SLAVE, READ_INPUTS, 1, value]))


@contextmanager
def noisy_line(seed: int) -> Iterator[str]:
    """The port of a line that lives in another process."""
    with tempfile.TemporaryDirectory(prefix="lanegate-bench-") as folder:
        link = Path(folder) / "tty"
        program = [sys.executable, "-m", "bench.rtu_noise", "--serve", str(link)]
        with subprocess.Popen(
            [*program, "--seed", str(seed)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdin is not None  # noqa: S101 -- both are pipes
            assert process.stdout is not None  # noqa: S101
            process.stdout.readline()
            yield str(link)
            process.stdin.close()


def serve(link: Path, seed: int) -> None:
    """Be that process, until standard input closes."""
    with PtyLine(BAUD, link=link, seed=seed) as line:
        line.faults = FAULTS
        line.attach(Mirror())
        print("ready", flush=True)
        sys.stdin.read()


@asynccontextmanager
async def ours(port: str) -> AsyncIterator[Read]:
    chosen = {"port": port, "baud": BAUD, "timeout_ms": TIMEOUT_MS, "quiet_ms": QUIET_MS}
    settings = modbus_rtu.Settings.model_validate({"driver": "modbus_rtu"} | chosen)
    async with modbus_rtu.connect(settings) as bus:

        async def read(first: int) -> tuple[bool, ...] | None:
            while True:
                try:
                    return await bus.read_discrete_inputs(SLAVE, first, INPUTS)
                except AwayError:  # Nothing was asked.
                    await asyncio.sleep(AWAY_PAUSE_S)
                except DeviceError:
                    return None

        yield read


@asynccontextmanager
async def theirs(port: str) -> AsyncIterator[Read]:
    from pymodbus import ModbusException
    from pymodbus.client import AsyncModbusSerialClient

    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
    client = AsyncModbusSerialClient(port, baudrate=BAUD, timeout=TIMEOUT_MS / 1000, retries=0)
    await client.connect()

    async def read(first: int) -> tuple[bool, ...] | None:
        try:
            answer = await client.read_discrete_inputs(first, count=INPUTS, device_id=SLAVE)
        except ModbusException:
            return None
        return None if answer.isError() else tuple(answer.bits[:INPUTS])

    try:
        yield read
    finally:
        client.close()


async def counted(name: str, read: Read, count: int) -> dict[str, Any]:
    counts = {"right": 0, "wrong": 0, "failed": 0}
    started = time.monotonic()
    for number in range(1, count + 1):
        bits = await read(number)
        counts["failed" if bits is None else "right" if bits == bits_at(number) else "wrong"] += 1
        if number % TELL_EVERY == 0:
            print(f"{name}: {number} of {count}: {counts}", file=sys.stderr, flush=True)
        await asyncio.sleep(PAUSE_S)
    per_s = counts["right"] / (time.monotonic() - started)
    return counts | {"goodput_per_s": round(per_s, 1)}


async def story(name: str, port: str, count: int) -> dict[str, Any]:
    master = ours if name == "ours" else theirs
    async with master(port) as read:
        return await counted(name, read, count)


def measured(count: int, seed: int) -> dict[str, dict[str, Any]]:
    figures = {}
    for name in ("ours", "pymodbus"):
        with noisy_line(seed) as port:
            figures[name] = asyncio.run(story(name, port, count))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve, arguments.seed)
        return
    figures = measured(arguments.count, arguments.seed)
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name:9}", *(f"{word} {value}" for word, value in figure.items()), sep="  ")


if __name__ == "__main__":
    main()
