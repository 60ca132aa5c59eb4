"""What the store says of itself, and how `lanegate status` shows it."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from gateway.commands.status import _lines, status
from gateway.health import Health, LaneHealth, fields_of
from gateway.lane.types import Direction
from gateway.store import QUOTA_BYTES, Store, StoreError, read_figures
from gateway.store.clock import BoxClock
from gateway.store.records import utc_text
from gateway.sync.protocol import Moment, Position
from tests.storing import a_visit

NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)


class Driven(BoxClock):
    """Shows the time that the test has reached."""

    at = NOON

    def now(self):
        return Moment(utc_text(self.at), "5b" * 16, "ok", 0)


async def filled(path, visits, gap):
    """A store into which so many decisions came, one every `gap`; still open."""
    store = Store.open(path, "north-gate")
    store.clock = clock = Driven()
    for number in range(visits):
        await store.decide("lane-1", Direction.ENTRY, a_visit(f"p{number}"), clock.at)
        clock.at += gap
    return store


def figures_of(path, visits, gap=timedelta(minutes=1), then=None):
    async def story():
        store = await filled(path, visits, gap)
        try:
            if then is not None:
                await then(store)
            return await store.figures()
        finally:
            await store.close()

    return asyncio.run(story())


def test_a_new_store_waits_for_nothing_and_cannot_say_how_long_it_lasts(tmp_path):
    found = figures_of(tmp_path / "a.db", 0)
    assert (found.records, found.backlog, found.oldest_unacked_at) == (0, 0, None)
    assert (found.last_receipt_at, found.hours_left) == (None, None)
    assert found.room_mb > 100


def test_the_oldest_record_without_a_receipt_is_the_first_behind_the_last_receipt(tmp_path):
    async def all_but_one(store):
        upto = await store.look(lambda shelf: shelf.records_after(0, 2)[-1])
        await store.acked(Position(upto.seq, upto.chain))

    found = figures_of(tmp_path / "a.db", 3, then=all_but_one)
    assert found.backlog == 1
    assert found.oldest_unacked_at == utc_text(NOON + timedelta(minutes=2))
    assert found.last_receipt_at is not None


def test_twice_the_traffic_lasts_half_as_long(tmp_path):
    slow = figures_of(tmp_path / "slow.db", 20, timedelta(minutes=2))
    fast = figures_of(tmp_path / "fast.db", 20, timedelta(minutes=1))
    assert slow.hours_left == pytest.approx(fast.hours_left * 2, rel=0.01)


def test_a_clock_that_stood_still_or_went_back_costs_only_this_figure(tmp_path):
    assert figures_of(tmp_path / "a.db", 5, timedelta(0)).hours_left is None
    assert figures_of(tmp_path / "b.db", 5, timedelta(hours=-1)).hours_left is None


def test_the_room_is_what_the_quota_leaves(tmp_path):
    asyncio.run(_closed(tmp_path / "a.db"))
    found = read_figures(tmp_path / "a.db", 10 * 2**20)
    assert found.room_mb + found.used_mb == pytest.approx(10, abs=0.2)


async def _closed(path):
    await (await filled(path, 1, timedelta(0))).close()


def test_a_box_that_never_ran_is_a_sentence(tmp_path):
    with pytest.raises(StoreError, match="no such file"):
        read_figures(tmp_path / "none.db", QUOTA_BYTES)


def test_what_is_published_is_what_is_shown(tmp_path):
    health = Health({"lane-1": LaneHealth("entry")})
    health.figures_are(figures_of(tmp_path / "a.db", 3))
    link = {"connected": False, "trouble": "connection refused"}
    kept = {"pictures": 3, "bytes": 500_000, "unsent": 1, "wanted": 0}
    own = {"running": True, "gateway": "north-gate", "uplink": link, "evidence": kept}
    found = own | health.as_state()
    lines = dict(_lines(json.loads(json.dumps(found)), NOON + timedelta(hours=5)))
    assert lines["to send"].startswith("3 records, the oldest from ")
    assert lines["to send"].endswith("(5 h ago)")
    assert lines["cloud"] == "not connected: connection refused"
    assert "not read yet" in lines["lane-1"]
    assert "lasts " in lines["disk"]
    assert lines["pictures"] == "3 on the disk (0.5 MB), 1 of them here only"


def test_where_no_daemon_runs_the_files_tell(tmp_path):
    asyncio.run(_closed(tmp_path / "lanegate.db"))
    config = tmp_path / "lanegate.yaml"
    config.write_text(CONFIG.format(data=tmp_path), "utf-8")
    done = CliRunner().invoke(status, [str(config), "--json"])
    assert done.exit_code == 3, done.output
    told = json.loads(done.stdout)
    figures = read_figures(tmp_path / "lanegate.db", QUOTA_BYTES)
    assert (told["running"], told["outbox"]) == (False, fields_of(figures)["outbox"])


CONFIG = """
gateway: north-gate
data: {data}
buses: {{line-1: {{driver: modbus_rtu, port: /dev/ttyS0}}}}
lanes:
  - name: lane-1
    direction: entry
    barrier: {{profile: barrier/waveshare-relay-d-8ch, bus: line-1, slave: 1, open_output: 1,
              close_output: 2}}
    inputs: {{profile: inputs/waveshare-relay-d-8ch, bus: line-1, slave: 1,
             arming_loop: {{channel: 3, active: closed}},
             closing_loop: {{channel: 4, active: open}}}}
"""
