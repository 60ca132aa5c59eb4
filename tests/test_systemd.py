"""The unit's sandbox, and what the daemon tells systemd."""

import asyncio
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from gateway.health import Health, LaneHealth, notify, tell_systemd
from gateway.store import StoreError

UNIT = Path(__file__).parents[1] / "systemd" / "lanegate.service"
ANALYZE = shutil.which("systemd-analyze")


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")
def test_the_unit_is_exposed_by_two_at_the_most():
    assert ANALYZE is not None
    done = subprocess.run(
        [ANALYZE, "security", "--offline=yes", "--threshold=20", str(UNIT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-400:] + done.stderr


@pytest.fixture
def systemd(tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind(str(tmp_path / "notify"))
        door.settimeout(0)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "150000")
        yield door


def heard(door):
    messages = []
    try:
        while True:
            messages.append(door.recv(100).decode())
    except BlockingIOError:
        return messages


async def answers():
    return None


async def is_full():
    raise StoreError("lanegate.db: the disk is full; make room")


def told_during(health, seconds, during=lambda: None, store=answers):
    async def story():
        task = asyncio.create_task(tell_systemd(health, store))
        for _ in range(round(seconds / 0.01)):
            during()
            await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(story())


def test_without_systemd_nothing_is_told(monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")


def test_a_systemd_that_is_gone_costs_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    notify("WATCHDOG=1")


def test_a_systemd_that_does_not_read_stops_nothing(systemd):
    for _ in range(1000):
        notify("WATCHDOG=1")
    assert len(heard(systemd)) < 1000


def test_a_store_that_refuses_has_answered_and_is_a_sign_of_life(systemd):
    health = Health({"a": LaneHealth("entry")})
    health.inputs_are("a", "")
    told_during(health, 0.4, lambda: health.beat("a"), is_full)
    assert heard(systemd).count("WATCHDOG=1") > 1


def test_ready_is_told_only_once_every_lane_was_asked(systemd):
    health = Health({"a": LaneHealth("entry"), "b": LaneHealth("exit")})
    health.inputs_are("a", "")
    told_during(health, 0.1)
    assert heard(systemd) == []
    health.inputs_are("b", "cannot be read")
    told_during(health, 0.05)
    assert heard(systemd)[0] == "READY=1"


def test_a_lane_that_stands_still_is_no_sign_of_life(systemd):
    health = Health({"a": LaneHealth("entry"), "b": LaneHealth("exit")})
    health.inputs_are("a", "")
    health.inputs_are("b", "")

    def both():
        health.beat("a")
        health.beat("b")

    told_during(health, 0.4, both)
    assert "WATCHDOG=1" in heard(systemd)
    told_during(health, 0.1, lambda: health.beat("a"))
    heard(systemd)

    async def one_stands_still():
        task = asyncio.create_task(tell_systemd(health, answers))
        await asyncio.sleep(0.08)
        heard(systemd)
        for _ in range(30):
            health.beat("a")
            await asyncio.sleep(0.01)
        task.cancel()
        return heard(systemd)

    assert asyncio.run(one_stands_still()) == []
