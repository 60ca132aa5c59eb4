"""F13, and the cases in which a well-known gateway loses events: a burst, a stop, a rotation."""

import contextlib
import random
import signal
import sqlite3
import time

import pytest

from gateway.lane.types import Direction
from gateway.store import outbox, passes
from gateway.store.clock import BoxClock
from gateway.store.database import open_database, transaction
from gateway.store.schema import MIGRATIONS
from tests.faults import judge
from tests.faults.gateway import a_pass
from tests.faults.site import GW, Box, Site, a_site, until

BACKLOG = 20_000
BURST = 5_000


@pytest.fixture
def site(tmp_path):
    with a_site(tmp_path) as site:
        yield site


def fill(box: Box, count: int) -> None:
    """As if the cloud had been away for weeks."""
    box.db.parent.mkdir()
    with contextlib.closing(open_database(box.db, MIGRATIONS)) as db:
        outbox.keep_time(db, BoxClock().now)
        records = [a_pass(number) for number in range(count)]
        with transaction(db):
            outbox.create_meta(db, GW)
            for record in records:
                passes.end(db, "lane-1", Direction.ENTRY, record)
    box.journal.write_text("".join(f"{record.visit.pass_id}\n" for record in records))


def test_a_backlog_and_live_traffic_arrive_in_order(site):
    fill(site.box, BACKLOG)
    site.up(rate=50)
    site.box.has_committed(BACKLOG + 50)
    site.ends_well()
    assert len(judge.arrived(site.cloud.db)) == len(site.box.committed())


def test_a_stop_right_after_five_thousand_passes_loses_none_of_them(site):
    site.up()
    site.box.say(f"burst {BURST}")
    site.box.has_committed(BURST)
    assert site.box.kill(signal.SIGTERM) == 0, site.box.log()[-3000:]
    site.box.up()
    site.ends_well()
    assert len(judge.arrived(site.cloud.db)) == BURST


def test_kill_9_at_a_hundred_passes_a_second_loses_none_that_was_kept(site):
    site.up(rate=100)
    dice = random.Random(9)
    for _ in range(6):
        time.sleep(dice.uniform(0.02, 0.5))
        site.box.kill()
        site.box.up(rate=100)
    site.box.goes_on()
    site.ends_well()


def test_what_others_call_file_rotation_loses_nothing_at_a_hundred_a_second(site):
    """New epochs, records that are let go, and checkpoints that empty the write-ahead log."""
    site.up(rate=100)
    for _ in range(5):
        site.box.goes_on(10)
        site.box.say("tend")
        site.box.say("mint")
        with contextlib.closing(sqlite3.connect(site.box.db, timeout=30)) as db:
            db.execute("pragma wal_checkpoint(truncate)")
    site.comes_to_rest()
    until(lambda: letting_go(site), "what is acknowledged is let go")
    site.box.goes_on(10)
    site.ends_well()
    epochs = {epoch for epoch, _ in judge.arrived(site.cloud.db)}
    assert len(epochs) >= 3
    assert judge.alarms(site.cloud.db)["history_forked"] >= 5


def letting_go(site: Site) -> bool:
    site.box.say("tend")
    ((kept,),) = judge.rows(site.box.db, "select kept_seq from upkeep")
    return kept > 0


def test_a_reader_that_never_ends_costs_disk_for_a_while_and_nothing_else(site):
    """F4: a reader holds its picture of the file, so the log cannot be emptied."""
    site.up(rate=0)
    wal = site.box.db.with_name(site.box.db.name + "-wal")
    with contextlib.closing(sqlite3.connect(site.box.db, isolation_level=None)) as reader:
        reader.execute("begin")
        reader.execute("select count(*) from passes").fetchone()
        site.box.say("burst 700")
        site.box.has_committed(700)
        site.comes_to_rest()
        grown = wal.stat().st_size
        assert grown > 5_000_000
    site.box.say("burst 50")
    site.box.has_committed(750)
    site.ends_well()
    assert wal.stat().st_size <= grown, "the log grows although nobody holds it"
