"""A gateway without lanes, for tests that kill it: the real store and the real uplink.

    python -m tests.faults.gateway --db FILE --journal FILE --name NAME --port N --rate N

Commits that many passes a second, and as many more as it is told on its standard input:
`rate N`, `burst N`, `tend` (let go of all that is acknowledged), `mint` (a new epoch). Each pass
is written into the journal after the call that keeps it has returned, never before. SIGTERM ends
it as it ends the daemon: what waits is sent, for a while.
"""

import argparse
import asyncio
import contextlib
import logging
import os
import secrets
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from gateway.lane.types import (
    Decision,
    Direction,
    Ending,
    Pass,
    PlateColour,
    PlateReading,
    PlateType,
    Reason,
    Verdict,
    Visit,
)
from gateway.store import Store, StoreError
from gateway.sync import desk
from gateway.sync.settings import UplinkSettings
from gateway.sync.uplink import Uplink
from tests.faults.hurry import KEEPALIVE_S, RECONNECT_MAX_S, hurry

DRAIN_S = 1.0
TRY_AGAIN_S = 0.05

log = logging.getLogger("box")


def a_pass(number: int) -> Pass:
    now = datetime.now(UTC)
    text = f"京A{number % 100_000:05}"
    corners = ((0.0, 0.0), (9.0, 0.0), (9.0, 3.0), (0.0, 3.0))
    reading = PlateReading(text, PlateType.CIVIL, PlateColour.BLUE, 0.98, 0.95, corners, ())
    decision = Decision(Verdict.ALLOW, Reason.ALLOW_LIST)
    return Pass(Visit(secrets.token_hex(16), now, decision, reading, ()), Ending.PASSED, now)


class Box:
    def __init__(self, options: argparse.Namespace) -> None:
        self.rate = options.rate
        self.left = 0
        self.store = Store.open_or_mend(options.db, options.name)
        self.uplink = Uplink(settings(options), self.store, options.name)
        self.journal = os.open(options.journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.ending = asyncio.Event()
        self.number = 0

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.ending.set)
        helpers = [asyncio.create_task(work) for work in (self.listen(), self.uplink.run())]
        driving = asyncio.create_task(self.drive())
        log.info("box: ready")
        await self.ending.wait()
        self.rate = self.left = 0
        await driving
        await self.uplink.drain(DRAIN_S)
        for helper in helpers:
            helper.cancel()
        await asyncio.gather(*helpers, return_exceptions=True)
        await self.store.close()

    async def drive(self) -> None:
        """Passes at the set rate, and a burst as fast as the disk takes them."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not self.ending.is_set():
            if self.left:
                self.left -= 1
            elif self.rate:
                due = max(due + 1 / self.rate, loop.time() - 1.0)
                await asyncio.sleep(due - loop.time())
            else:
                await asyncio.sleep(TRY_AGAIN_S)
                continue
            await self.one_passes()

    async def one_passes(self) -> None:
        self.number += 1
        record = a_pass(self.number)
        while True:
            try:
                await self.store.end("lane-1", Direction.ENTRY, record)
            except StoreError as error:
                log.warning("box: %s", error)
                await asyncio.sleep(TRY_AGAIN_S)
            else:
                break
        os.write(self.journal, f"{record.visit.pass_id}\n".encode())
        self.uplink.wake()

    async def listen(self) -> None:
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
        while line := await reader.readline():
            with contextlib.suppress(StoreError):
                await self.obey(line.decode().split())

    async def obey(self, words: list[str]) -> None:
        match words:
            case ["rate", number]:
                self.rate = float(number)
            case ["burst", number]:
                self.left += int(number)
            case ["tend"]:
                await self.store.tend(1.0, keep_s=0.0)
            case ["mint"]:
                await self.store.mint_epoch("a test asks for it")
        log.info("box: did %s", " ".join(words))


def settings(options: argparse.Namespace) -> UplinkSettings:
    plain = UplinkSettings(host="127.0.0.1", port=options.port, reconnect_max_s=RECONNECT_MAX_S)
    # Shorter than a technician may set it.
    return plain.model_copy(update={"keepalive_s": KEEPALIVE_S})


def main() -> None:
    parser = argparse.ArgumentParser()
    for name, kind in (("db", Path), ("journal", Path), ("name", str), ("port", int)):
        parser.add_argument(f"--{name}", type=kind, required=True)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--packed", action="store_true", help="Pack every batch, as on a slow way")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    logging.getLogger("gateway.sync.uplink").setLevel(logging.DEBUG)
    hurry()
    if options.packed:
        desk.FAST_S = 0.0
    if mutant := os.environ.get("FAULTS_MUTANT"):
        from tests.faults import mutants

        mutants.become(mutant)
    asyncio.run(_live(options))


async def _live(options: argparse.Namespace) -> None:
    await Box(options).run()


if __name__ == "__main__":
    main()
