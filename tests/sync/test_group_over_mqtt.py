"""Several receivers, one PostgreSQL, a real broker: any of them may die at any time."""

import asyncio
import contextlib
import logging
import random
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import pytest

from gateway.lane.reports import AlarmCode
from gateway.store import Store
from gateway.store.database import StoreError
from gateway.sync import receipts
from gateway.sync.cloud.address import read_address
from gateway.sync.receive import Plan, Receiver
from gateway.sync.uplink import Uplink
from tests.sync.brokers import Amqtt, Mosquitto, until
from tests.sync.mqtt_story import SOON_S, settings_for

GATEWAYS = ("north", "south", "east")


@pytest.fixture
def broker(tmp_path):
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.kill()


@contextlib.contextmanager
def looking_at(url):
    with contextlib.closing(read_address(url).open()) as db:
        yield db


class Receivers:
    """Processes of one group; each may be killed and replaced."""

    def __init__(self, port: int, url: str, folder) -> None:
        self.log = folder / "receivers.log"
        self._command = [
            *(sys.executable, "-m", "gateway", "receive", "--group", "test"),
            *("--broker", f"mqtt://127.0.0.1:{port}", "--db", url),
        ]
        self.children: list[subprocess.Popen] = []

    def add(self) -> None:
        with self.log.open("ab") as log:
            self.children.append(subprocess.Popen(self._command, stderr=log, stdout=log))

    def kill(self, dice: random.Random) -> None:
        child = self.children.pop(dice.randrange(len(self.children)))
        child.kill()
        child.wait()

    def ready(self) -> int:
        return self.log.read_text().count("receiver: ready")

    def end(self) -> None:
        for child in self.children:
            child.kill()
            child.wait()


@contextlib.contextmanager
def receivers_of(port, url, folder, count):
    receivers = Receivers(port, url, folder)
    try:
        for _ in range(count):
            receivers.add()
        until(lambda: receivers.ready() >= count, "all receivers listen", 60)
        yield receivers
    finally:
        receivers.end()


@contextlib.asynccontextmanager
async def gateways_of(port, folder):
    """(store, uplink) of each, at work."""
    pairs, running = [], []
    for name in GATEWAYS:
        store = Store.open(folder / name / "lanegate.db", name)
        uplink = Uplink(settings_for(port), store, name)
        running.append(asyncio.create_task(uplink.run()))
        pairs.append((store, uplink))
    try:
        yield pairs
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for store, _ in pairs:
            await store.close()


async def commit(pairs, count):
    for _ in range(count):
        for store, uplink in pairs:
            await store.alarm("lane-1", AlarmCode.NO_PLATE, "", datetime.now(UTC))
            uplink.wake()


async def all_acknowledged(pairs, timeout_s=90.0):
    give_up = time.monotonic() + timeout_s
    for store, _ in pairs:
        while (await store.meta()).unacked:
            assert time.monotonic() < give_up, "an outbox never became empty"
            await asyncio.sleep(0.05)


def test_receivers_killed_at_any_time_store_everything_once(tmp_path, broker, postgres):
    url, dice = postgres.new_database(), random.Random(5)
    stored = {}

    async def story(receivers):
        async with gateways_of(broker.port, tmp_path) as pairs:
            for _ in range(4):
                await commit(pairs, 40)
                receivers.kill(dice)
                await commit(pairs, 40)
                receivers.add()
            await all_acknowledged(pairs)
            for name, (store, _) in zip(GATEWAYS, pairs, strict=True):
                stored[name] = (await store.meta()).last

    with receivers_of(broker.port, url, tmp_path, 3) as receivers:
        asyncio.run(story(receivers))
    with looking_at(url) as db:
        assert receipts.summary_of(db) == {
            "passes": 0,
            "records": 3 * 4 * 80,
            "duplicated": 0,
            "gaps": 0,
        }
        held = receipts.newest_epochs(db, "~")
        assert {gw: upto for gw, _, upto in held} == stored
        assert db.execute("select count(*) from alarm").fetchone()[0] == 0


@contextlib.contextmanager
def receiving(settings, url, **plan):
    receiver = Receiver(settings, read_address(url), Plan(**plan))
    thread = threading.Thread(target=receiver.run)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.stop()
        thread.join(30)
        assert not thread.is_alive()


def test_a_database_that_is_restarted_in_mid_flight_loses_nothing(
    tmp_path, broker, postgres, caplog
):
    url = postgres.new_database()

    async def story():
        async with gateways_of(broker.port, tmp_path) as pairs:
            await commit(pairs, 20)
            await all_acknowledged(pairs)
            await commit(pairs, 30)
            await asyncio.to_thread(postgres.stop)
            await commit(pairs, 30)
            await asyncio.sleep(0.5)
            assert (await pairs[0][0].meta()).unacked >= 30
            await asyncio.to_thread(postgres.start)
            await all_acknowledged(pairs)

    with (
        caplog.at_level(logging.WARNING),
        receiving(settings_for(broker.port), url, group="test") as receiver,
    ):
        assert receiver.listening.wait(SOON_S)
        asyncio.run(story())
        assert receiver.listening.is_set()
    with looking_at(url) as db:
        found = receipts.summary_of(db)
    assert found == {"passes": 0, "records": 240, "duplicated": 0, "gaps": 0}
    assert any("look at the address, the server" in line for line in caplog.messages)


def test_a_receiver_of_a_group_leaves_no_session_behind(tmp_path, broker, postgres):
    """The broker would go on giving it a share of what arrives."""
    url, dice = postgres.new_database(), random.Random(1)

    async def story(receivers):
        async with gateways_of(broker.port, tmp_path) as pairs:
            receivers.kill(dice)
            began = time.monotonic()
            for _ in range(6):
                await commit(pairs, 1)
                await all_acknowledged(pairs)
            return time.monotonic() - began

    with receivers_of(broker.port, url, tmp_path, 2) as receivers:
        took_s = asyncio.run(story(receivers))
    # Each third message to nobody would cost the gateway's patience of 5 s and more.
    assert took_s < 25


def test_a_group_on_a_broker_with_mqtt_3_1_1_only_is_a_sentence(tmp_path, postgres, caplog):
    broker = Amqtt()
    broker.start()
    try:
        with (
            caplog.at_level(logging.WARNING),
            receiving(settings_for(broker.port), postgres.new_database(), group="test"),
        ):
            until(lambda: any("--group needs" in line for line in caplog.messages), "a sentence")
    finally:
        broker.kill()


def test_a_group_on_one_file_is_refused(tmp_path):
    with pytest.raises(StoreError, match="works on one PostgreSQL"):
        Receiver(settings_for(1), tmp_path / "received.db", Plan(group="test"))


def test_only_in_a_group_does_a_batch_wait_for_what_another_may_have():
    assert Plan(group="test").manner().hold_s > 0
    assert Plan().manner().hold_s == 0


def test_receivers_of_a_group_have_names_of_their_own():
    one, two = Plan(group="test").account(), Plan(group="test").account()
    assert one.client_id != two.client_id
    assert one.topics == two.topics == ("$share/test/lanegate/1/+/up/#",)
    assert Plan(client_id="cloud-1", group="test").account().client_id == "cloud-1"
    assert Plan().account().client_id == "lanegate-receiver"
