"""Starts a store on what a crash left, and compares it with what was promised."""

import json
import shutil
import sqlite3
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from gateway.lane.types import Direction
from gateway.store import Store, outbox
from gateway.store.records import case_body, pass_body, raise_body
from gateway.store.tables import rows
from gateway.sync.ledger import judge_hello
from gateway.sync.protocol import Fork, Hello, chain_over
from tests.crash.disk import Image, put
from tests.crash.watched import Promise, promised
from tests.crash.workload import GATEWAY, LANE, PLACE
from tests.storing import NOON, a_pass, a_visit

ALL = 1_000_000
AFTER = "after the crash"


class Outcome(StrEnum):
    """What came back: all that was promised; less, but some earlier moment; no such moment."""

    KEPT = "kept"
    OLDER = "older"
    MENDED = "mended"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`wrong`: what does not fit together in what came back. `told`: the cloud hears of a loss."""

    outcome: Outcome
    wrong: str = ""
    told: bool = False
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Crash:
    """`before`: all promises until then, the last one is to be kept; `next_` was on its way.

    `readable`: bodies of records that were in a damaged file and have to be in the mended one.
    """

    before: tuple[Promise, ...]
    next_: Promise | None
    readable: frozenset[str] = frozenset()


async def judged(image: Image, crash: Crash, folder: Path) -> Verdict:
    """`folder` must not be there; it is removed again."""
    put(image, folder)
    try:
        return await _judged(folder, crash)
    finally:
        shutil.rmtree(folder)


async def _judged(folder: Path, crash: Crash) -> Verdict:
    try:
        store = Store.open_or_mend(folder / PLACE, GATEWAY)
    except Exception as error:  # noqa: BLE001 -- any of them keeps the lane from starting
        return Verdict(Outcome.MIXED, f"it does not start: {error!r}")
    try:
        now = await promised(store)
        told, lost = await loss(store, now, crash)
        wrong = await _unread(store, crash) or await _wrong(store)
        return Verdict(_outcome(folder, now, crash), wrong, told, lost)
    except Exception as error:  # noqa: BLE001 -- whatever it is, the lane would stand
        return Verdict(Outcome.MIXED, f"it does not go on: {error!r}")
    finally:
        await store.close()


def _outcome(folder: Path, now: Promise, crash: Crash) -> Outcome:
    if not crash.before or now.digest in _may_be(crash):
        return Outcome.KEPT
    if list(folder.rglob("*.damaged-*")):
        return Outcome.MENDED
    if any(now.digest == old.digest for old in crash.before):
        return Outcome.OLDER
    return Outcome.MIXED


def _may_be(crash: Crash) -> set[str]:
    return {promise.digest for promise in (crash.before[-1], crash.next_) if promise}


async def loss(store: Store, now: Promise, crash: Crash) -> tuple[bool, int]:
    """Whether a cloud that has all that was promised learns of a loss; how many records."""
    if not crash.before:
        return False, 0
    cloud = crash.before[-1]
    if cloud.epoch != now.epoch:
        earlier = crash.next_ is None or crash.next_.epoch != now.epoch
        return earlier, cloud.last.seq if earlier else 0
    hello = Hello(GATEWAY, "inst", now.epoch, now.last, oldest_unacked=now.last.seq + 1)
    chain = await store.chain_at(min(now.last.seq, cloud.last.seq))
    known = {cloud.last.seq: cloud.last.chain} if now.last.seq >= cloud.last.seq else {}
    answer = judge_hello(hello, cloud.last, known.get, inst_known=False)
    same = chain is not None and known.get(cloud.last.seq, chain) == chain
    return isinstance(answer, Fork) or not same, max(0, cloud.last.seq - now.last.seq)


async def _unread(store: Store, crash: Crash) -> str:
    if crash.before:
        return ""  # from then on the promises say it
    bodies = {record.body for record in await store.unsent(0, ALL)}
    gone = len(crash.readable - bodies)
    return f"{gone} records that could be read in the damaged file are gone" if gone else ""


# --- does it fit together, and does it go on? --------------------------------------------


async def _wrong(store: Store) -> str:
    """Empty where all is well, also after another pass."""
    await store.finish_epoch()
    found = await store._do(unsound)
    before = await store.meta()
    visit = a_visit(AFTER)
    await store.decide(LANE, Direction.ENTRY, visit, NOON)
    await store.end(LANE, Direction.ENTRY, a_pass(visit))
    after = await store.meta()
    if after.last.seq != before.last.seq + 2:
        found = found or "a pass after the crash is not the next record"
    return found or await store._do(unsound)


def unsound(db: sqlite3.Connection) -> str:
    return _damaged(db) or _broken_chain(db) or _untold(db)


def _damaged(db: sqlite3.Connection) -> str:
    said = db.execute("pragma integrity_check(1)").fetchone()[0]
    return "" if said == "ok" else f"integrity: {said}"


def _broken_chain(db: sqlite3.Connection) -> str:
    now, kept = outbox.meta(db), outbox.upkeep(db).kept
    records = outbox.records_after(db, kept.seq, ALL)
    if kept.seq + len(records) != now.last.seq:
        return f"records {kept.seq + 1} to {now.last.seq} are not all there and sound"
    if not kept.seq <= now.acked.seq <= now.last.seq and now.acked.seq:
        return f"acknowledged to {now.acked.seq}, but there are {kept.seq} to {now.last.seq}"
    if outbox.chain_at(db, now.acked.seq) != now.acked.chain:
        return "acknowledged is another history than ours"
    chains = [kept.chain, *chain_over(kept.chain, [record.line() for record in records])]
    ours = [kept.chain, *(record.chain for record in records)]
    return "" if chains == ours and chains[-1] == now.last.chain else "the chain is broken"


def _untold(db: sqlite3.Connection) -> str:
    """A row of the books without the record that tells the cloud of it."""
    damaged = db.execute("select 1 from losses where reason like '%damaged%'").fetchone()
    kept, parent = outbox.upkeep(db)
    if damaged or kept.seq or (parent and parent.kept):
        return ""  # some records are gone, and rightly so
    told = {body for (body,) in db.execute("select body from outbox")}
    told |= {body for (body,) in db.execute("select body from quarantine")}
    for book, body_of in (("passes", pass_body), ("raises", raise_body), ("cases", case_body)):
        for row in rows(db, f"select * from {book}"):  # noqa: S608
            if body_of(row) not in told:
                return f"{book} has what the outbox does not tell: {json.dumps(row)}"
    return ""
