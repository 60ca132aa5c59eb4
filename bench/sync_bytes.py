"""How many bytes a pass costs on the wire, in a backlog of passes that look like real ones.

    python -m bench.sync_bytes [--json] [--passes N]

Real records of the real store: each vehicle is decided and ends, as an entry lane tells it, at
times of an ordinary morning; plates, confidences and pictures' names are drawn. Counted are the
whole MQTT packets that the box sends for the backlog: batches, and receipts for the cloud's
acknowledgements; `down` is what comes back. Ids and pictures' names are random and cannot be
shortened: `random` says how many bytes of a pass are such. `ratio` compares with the same records
as lines of JSON, `zlib_bytes_per_pass` is those lines deflated. The first figures are of passes
as the daemon tells them, which name one picture each: the whole frame with the plate in it.
"""

import argparse
import asyncio
import json
import random
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from gateway.lane.reports import Cause, Raise
from gateway.lane.types import (
    Candidate,
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
from gateway.store import Store
from gateway.store.clock import BoxClock
from gateway.store.records import utc_text
from gateway.sync import messages, protocol
from gateway.sync.desk import Desk
from gateway.sync.protocol import Ack, Batch, Moment

GATEWAY = "north-gate"
MORNING = datetime(2026, 11, 22, 6, tzinfo=UTC)
CORNERS = ((100.0, 200.0), (240.0, 200.0), (240.0, 245.0), (100.0, 245.0))
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
ID_BYTES, NAME_BYTES = 16, 32
PUBACK_BYTES = 4
LOCAL, A_LETTER, NEW_ENERGY, DOUBTED, KNOWN = 0.85, 0.15, 0.3, 0.25, 0.9
"""Shares: local plates, letters among the last five, green plates, two candidates, allowed."""


class DrivenClock(BoxClock):
    """Shows the time that the bench has reached."""

    def __init__(self) -> None:
        super().__init__()
        self.trusted = True
        self.at = MORNING

    def now(self) -> Moment:
        mono_ms = 86_400_000 + (self.at - MORNING) // timedelta(milliseconds=1)
        return Moment(utc_text(self.at), "5b" * 16, "ok", mono_ms)


@dataclass
class Traffic:
    """Vehicles of one lane; `pictures` each, and whether raises of the boom are told too."""

    pictures: int
    raises: bool
    dice: random.Random = field(default_factory=lambda: random.Random(5))  # noqa: S311
    clock: DrivenClock = field(default_factory=DrivenClock)

    def name(self, size: int) -> str:
        return self.dice.randbytes(size).hex()

    def later(self, seconds: float) -> datetime:
        """What the box writes, it writes a few milliseconds after it happened."""
        at = self.clock.at + timedelta(seconds=seconds)
        self.clock.at = at + timedelta(milliseconds=self.dice.randint(1, 6))
        return at

    def plate(self) -> tuple[str, PlateType, PlateColour]:
        dice = self.dice
        place = ("京" if dice.random() < LOCAL else dice.choice("津冀晋鲁豫沪苏")) + dice.choice(
            "AAANNQPEJ"
        )
        rest = [
            dice.choice(LETTERS if dice.random() < A_LETTER else "0123456789") for _ in range(5)
        ]
        if dice.random() < NEW_ENERGY:
            text = place + "D" + "".join(rest)
            return text, PlateType.NEW_ENERGY, PlateColour.GREEN
        return place + "".join(rest), PlateType.CIVIL, PlateColour.BLUE

    def visit(self) -> Visit:
        dice, (text, kind, colour) = self.dice, self.plate()
        arrived_at = self.later(15 + dice.expovariate(1 / 40))
        sure = round(dice.betavariate(30, 1.5), 4)
        confidence = min(0.9999, sure + dice.random() * 0.03)
        evidence = tuple(self.name(NAME_BYTES) for _ in range(self.pictures))
        reading = PlateReading(text, kind, colour, confidence, sure, CORNERS, evidence)
        candidates = [Candidate(text, dice.randint(2, 9), sure)]
        if dice.random() < DOUBTED:
            other = text[:-1] + dice.choice(LETTERS)
            candidates.append(Candidate(other, 1, round(dice.uniform(0.2, 0.8), 4)))
        known = dice.random() < KNOWN
        decision = Decision(Verdict.ALLOW, Reason.ALLOW_LIST)
        if not known:
            decision = Decision(Verdict.DENY, Reason.UNKNOWN_PLATE)
        return Visit(self.name(ID_BYTES), arrived_at, decision, reading, tuple(candidates))

    async def vehicle(self, store: Store) -> None:
        visit = self.visit()
        allowed = visit.decision.verdict is Verdict.ALLOW
        await store.decide("entry-1", Direction.ENTRY, visit, self.later(self.dice.uniform(0.3, 2)))
        if self.raises and allowed:
            at = self.later(self.dice.uniform(0.6, 0.9))
            risen = Raise(
                self.name(ID_BYTES), at, Cause.PASS, str(visit.decision.reason), visit.pass_id
            )
            await store.raised("entry-1", risen)
        ended_at = self.later(max(2.0, self.dice.gauss(9, 2)))
        ending = Ending.PASSED if allowed else Ending.LEFT
        await store.end("entry-1", Direction.ENTRY, Pass(visit, ending, ended_at))


@dataclass
class Bytes:
    packed: int = 0
    deflated: int = 0
    plain: int = 0
    down: int = 0
    records: int = 0

    def count(self, batch: Batch, ack: Ack) -> None:
        self.down += PUBACK_BYTES + packet(protocol.down(GATEWAY, "ack"), messages.encode(ack))
        up = protocol.up(GATEWAY, "rec")
        self.packed += packet(up, messages.pack_batch(batch)) + PUBACK_BYTES
        self.deflated += packet(up, messages.deflate_batch(batch)) + PUBACK_BYTES
        self.plain += packet(up, messages.encode_batch(batch)) + PUBACK_BYTES
        self.records += len(batch.lines)


def packet(topic: str, payload: bytes) -> int:
    """An MQTT 5 PUBLISH of QoS 1: header, length, topic, number, no properties, payload."""
    rest = 2 + len(topic.encode()) + 2 + 1 + len(payload)
    length = 1 + sum(rest >= limit for limit in (1 << 7, 1 << 14, 1 << 21))
    return 1 + length + rest


async def measure(folder: Path, traffic: Traffic, passes: int) -> Bytes:
    """The backlog of so many passes, drained."""
    store = Store.open(folder / "bench.db", GATEWAY)
    store.clock = traffic.clock
    counted = Bytes()
    try:
        for _ in range(passes):
            await traffic.vehicle(store)
        desk, now = Desk("5a" * 8), traffic.clock.now()
        await store.look(lambda shelf: desk.begin(shelf, now))
        while isinstance(
            batch := await store.look(lambda shelf: desk.batch(shelf, 0.0, now)), Batch
        ):
            ack = Ack(batch.epoch, desk.here.sent, packed=True)
            counted.count(batch, ack)
            await store.serve(lambda shelf, ack=ack: desk.hear(shelf, ack, 0.0))  # type: ignore[misc]
    finally:
        await store.close()
    return counted


def figures(pictures: int, *, raises: bool, passes: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="lanegate-bench-") as folder:
        found = asyncio.run(measure(Path(folder), Traffic(pictures, raises), passes))
    each = found.packed / passes
    random_bytes = ID_BYTES + pictures * NAME_BYTES + (KNOWN * ID_BYTES if raises else 0)
    return {
        "bytes_per_pass": round(each, 1),
        "bytes_per_record": round(found.packed / found.records, 1),
        "random": round(random_bytes, 1),
        "down": round(found.down / passes, 1),
        "zlib_bytes_per_pass": round(found.deflated / passes, 1),
        "json_bytes_per_pass": round(found.plain / passes, 1),
        "ratio": round(found.plain / found.packed, 1),
    }


CASES = {
    "one_picture": (1, False),
    "no_picture": (0, False),
    "a_photo_more": (2, False),
    "one_picture_and_raises": (1, True),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.sync_bytes", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--passes", type=int, default=1000, help="passes in each backlog")
    options = parser.parse_args()
    found = {
        name: figures(pictures, raises=raises, passes=options.passes)
        for name, (pictures, raises) in CASES.items()
    }
    if options.json:
        print(json.dumps({"passes": options.passes} | found["one_picture"] | {"cases": found}))
        return
    table = Table("a pass with", *next(iter(found.values())), title="bytes on the wire")
    for name, row in found.items():
        table.add_row(name.replace("_", " "), *map(str, row.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
