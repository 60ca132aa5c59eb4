"""Files of a store as a crash, a bad disk or a hand may leave them."""

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NamedTuple

from gateway.store import Store
from gateway.sync.protocol import Record
from tests.crash.disk import Image, on_disk, put
from tests.crash.explore import Recording
from tests.crash.judge import ALL, Crash, loss
from tests.crash.recorder import record
from tests.crash.watched import Promise, promised
from tests.crash.workload import GATEWAY, LANE, PLACE, Day
from tests.test_store_salvage import damage, pages_of

DB, WAL = str(PLACE), f"{PLACE}-wal"
TELLING = ("loss", "alarm")


class Filled(NamedTuple):
    """A store as it was when its box lost power: what is in the file, and some in its log."""

    image: Image
    promise: Promise
    bodies: frozenset[str]


def filled(folder: Path, dice: Random, calls: int = 60) -> Filled:
    return asyncio.run(_filled(folder, Day(dice), calls))


async def _filled(folder: Path, day: Day, calls: int) -> Filled:
    store = Store.open(folder / PLACE, GATEWAY)
    for _ in range(calls):
        await day.decide(store)
    await store._do(lambda db: db.execute("pragma wal_checkpoint(truncate)").fetchall())
    for _ in range(calls // 10):
        await day.end(store)
    image = on_disk(folder)
    held = Filled(image, await promised(store), bodies(await store.unsent(0, ALL)))
    await store.close()
    return held


def bodies(records: tuple[Record, ...]) -> frozenset[str]:
    return frozenset(one.body for one in records if one.kind not in TELLING)


# --- a store that has to be mended -------------------------------------------------------


def recorded_mending(scratch: Path, kind: str) -> Recording:
    """What the program does that finds a damaged file and mends it."""
    held, folder = filled(scratch / "whole", Random(3)), scratch / "damaged"
    put(held.image, folder)
    shutil.copy(folder / DB, scratch / "pages.db")
    damage(folder / DB, *pages_of(scratch / "pages.db", "outbox")[4:6])
    start = on_disk(folder)
    put(start, scratch / "copy")
    readable = asyncio.run(_mended(scratch / "copy"))
    assert 0 < len(readable) < len(held.bodies)
    ops = record(folder, scratch, "tests.crash.workload", "5", "15", kind)
    return Recording(ops, start, readable)


async def _mended(folder: Path) -> frozenset[str]:
    store = Store.open_or_mend(folder / PLACE, GATEWAY)
    try:
        return bodies(await store.unsent(0, ALL))
    finally:
        await store.close()


# --- F5 ----------------------------------------------------------------------------------


def flip_bits(image: Image, name: str, dice: Random) -> Image:
    content = bytearray(image[name] or b"")
    for _ in range(dice.choice((1, 1, 3, 20)) if content else 0):
        content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    return image | {name: bytes(content)}


def cut_short(image: Image, name: str, dice: Random) -> Image:
    content = image[name] or b""
    return image | {name: content[: dice.randrange(len(content) + 1)]}


def overwrite(image: Image, name: str, dice: Random) -> Image:
    content = bytearray(image[name] or b"")
    start = dice.randrange(len(content))
    content[start : start + 4096] = dice.randbytes(min(4096, len(content) - start))
    return image | {name: bytes(content)}


DAMAGES: dict[str, Callable[[Image, Random], Image]] = {
    "bits of the file": lambda image, dice: flip_bits(image, DB, dice),
    "bits of the log": lambda image, dice: flip_bits(image, WAL, dice),
    "a shorter log": lambda image, dice: cut_short(image, WAL, dice),
    "a shorter file": lambda image, dice: cut_short(image, DB, dice),
    "a page of the file": lambda image, dice: overwrite(image, DB, dice),
    "no log": lambda image, _: {name: image[name] for name in image if name != WAL},
    "an index of the log that is none": lambda image, dice: (
        image | {f"{PLACE}-shm": dice.randbytes(32768)}
    ),
    "an empty file beside its log": lambda image, _: image | {DB: b""},
    "an empty file": lambda image, _: {name: image[name] and b"" for name in image if name != WAL},
}


async def uncounted(image: Image, held: Filled, folder: Path) -> str:
    """Empty where a damage lost nothing, or where the loss is counted or seen by the cloud."""
    put(image, folder)
    try:
        store = Store.open_or_mend(folder / PLACE, GATEWAY)
        try:
            return await _uncounted(store, held)
        finally:
            await store.close()
    finally:
        shutil.rmtree(folder)


async def _uncounted(store: Store, held: Filled) -> str:
    await store.open_visits(LANE)
    await store.open_cases(LANE)
    now = await promised(store)
    told, _ = await loss(store, now, Crash((held.promise,), None))
    await store.mint_epoch("a look at every record")
    records = await store.unsent(0, ALL)
    here = bodies(records)
    if invented := here - held.bodies:
        return f"{len(invented)} records are not as they were written"
    missing = len(held.bodies) - len(here)
    losses = [json.loads(one.body)["records"] for one in records if one.kind == "loss"]
    if now.epoch != held.promise.epoch and now.last.seq:
        told = 0 in losses  # so many that nobody knows; without it the box has to count them
    return "" if told or missing <= sum(losses) else f"{missing} are missing, {losses} are counted"
