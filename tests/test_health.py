"""The ladder: what is missing, and what the lanes still do."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway import health as health_module
from gateway.health import Health, LaneHealth, watch_space
from gateway.ladder import STILL, Rung
from gateway.lane.authority import AUTOMATIC, Authority
from gateway.lane.reports import Mode, ModeKind
from gateway.lane.states import Lane
from gateway.store import StoreError, StoreFullError

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FIRE = Mode(ModeKind.FIRE, NOON, "lane", "the fire contact")
HOLD = Mode(ModeKind.HOLD_OPEN, NOON, "guard", "convoy", NOON + timedelta(minutes=10))
DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture
def health():
    well = Health({"a": LaneHealth("entry"), "b": LaneHealth("exit")}, cloud="ok")
    for name in ("a", "b"):
        well.inputs_are(name, "")
    well.news.clear()
    return well


def burning(mode=FIRE):
    return Lane(authority=Authority(fire=mode))


@pytest.mark.parametrize(
    ("happens", "rung"),
    [
        (lambda health: setattr(health, "cloud", "lost"), Rung.CLOUD_LOST),
        (lambda health: setattr(health.lanes["b"], "camera_lost", "no picture"), Rung.VISION_LOST),
        (lambda health: health.inputs_are("b", "board 3 is silent"), Rung.BUS_LOST),
        (lambda health: health.clock_is("no time server"), Rung.CLOCK_UNTRUSTED),
        (lambda health: health.space_is("less than 200 MB free"), Rung.STORAGE_FULL),
        (lambda health: health.storage_is(StoreFullError("no space")), Rung.STORAGE_FULL),
        (lambda health: health.storage_is(StoreError("disk I/O error")), Rung.STORAGE_FAILED),
        (lambda health: health.lane_changed("a", burning()), Rung.FIRE),
    ],
)
def test_each_loss_is_one_rung_with_what_the_lanes_still_do(health, happens, rung):
    assert health.as_state()["modes"] == ["FULL"]
    assert health.as_state()["still"] == {"FULL": "everything"}
    happens(health)
    state = health.as_state()
    assert state["modes"] == [rung]
    assert state["still"] == {rung: STILL[rung]}


def test_several_losses_are_told_together(health):
    health.clock_is("no time server")
    health.storage_is(StoreError("disk I/O error"))
    health.space_is("nearly full")
    assert health.rungs == [Rung.CLOCK_UNTRUSTED, Rung.STORAGE_FULL, Rung.STORAGE_FAILED]


def test_what_is_well_again_is_full_again(health):
    health.storage_is(StoreFullError("no space"))
    health.clock_is("no time server")
    health.lane_changed("a", burning())
    for mend in (
        lambda: health.storage_is(None),
        lambda: health.clock_is(""),
        lambda: health.lane_changed("a", Lane()),
    ):
        health.news.clear()
        mend()
        assert health.news.is_set()
    assert health.rungs == [Rung.FULL]


def test_the_same_again_is_no_news(health):
    failed = StoreError("disk I/O error")
    health.storage_is(failed)
    health.clock_is("no time server")
    health.space_is("nearly full")
    health.news.clear()
    health.storage_is(StoreError("disk I/O error"))
    health.clock_is("no time server")
    health.space_is("nearly full")
    assert not health.news.is_set()


def test_the_state_names_each_lanes_mode_who_wanted_it_and_its_end(health):
    health.lane_changed("a", Lane(authority=Authority(ordered=HOLD)))
    lanes = health.as_state()["lanes"]
    assert lanes["a"]["mode"] == {
        "kind": "hold_open",
        "by": "guard",
        "reason": "convoy",
        "since": "2026-03-01T12:00:00Z",
        "ends_at": "2026-03-01T12:10:00Z",
    }
    health.lane_changed("a", Lane(authority=Authority(ordered=AUTOMATIC)))
    assert health.as_state()["lanes"]["a"]["mode"] == {"kind": "automatic"}
    assert lanes["b"]["mode"] == {"kind": "automatic"}


def test_the_state_says_what_is_wrong_with_the_clock_and_the_storage(health):
    assert (health.as_state()["clock"], health.as_state()["storage"]) == ("ok", "ok")
    health.clock_is("no time server")
    health.space_is("less than 200 MB free")
    assert health.as_state()["storage"] == "less than 200 MB free"
    health.storage_is(StoreError("disk I/O error"))
    assert health.as_state()["clock"] == "no time server"
    assert health.as_state()["storage"] == "disk I/O error"


@pytest.mark.parametrize(("least_mb", "short"), [(0, False), (2**40, True)])
def test_a_disk_that_is_nearly_full_is_told(health, tmp_path, monkeypatch, least_mb, short):
    monkeypatch.setattr(health_module, "LOOK_AT_DISK_S", 0.01)
    looks = []

    class Told(Health):
        def space_is(self, short):
            looks.append(short)
            super().space_is(short)

    async def story():
        told = Told()
        task = asyncio.create_task(watch_space(told, tmp_path, least_mb=least_mb))
        async with asyncio.timeout(10):
            while len(looks) < 2:
                await asyncio.sleep(0.01)
        task.cancel()
        return told

    told = asyncio.run(story())
    assert (told.rungs == [Rung.STORAGE_FULL]) is short
    assert all((str(tmp_path) in words) is short for words in looks)


@pytest.mark.parametrize("rung", Rung)
def test_each_rung_is_explained_to_people_in_the_same_words(rung):
    text = " ".join((DOCS / "ladder.md").read_text("utf-8").split())
    assert f"| `{rung}` |" in text
    assert STILL[rung] in text
    assert f"`{rung}`" in (DOCS / "mqtt.md").read_text("utf-8")
