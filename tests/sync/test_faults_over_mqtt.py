"""What may happen to the broker, to the receiver and to the wire, and loses nothing."""

import asyncio
import contextlib
import sqlite3

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from gateway.sync import messages, protocol
from gateway.sync.receive import summary
from tests.sync.brokers import Mosquitto
from tests.sync.mqtt_story import (
    all_done,
    came_to,
    commit,
    gateway_story,
    receiver_process,
    receiving,
    settings_for,
)


@pytest.fixture
def broker(tmp_path):
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def inbox(tmp_path):
    return tmp_path / "received.db"


# --- faults ------------------------------------------------------------------------------


def test_the_brokers_receipt_alone_leaves_everything_undone(tmp_path, broker):
    async def story(store, uplink):
        await commit(store, uplink, 30)
        await came_to(lambda: uplink.status().taken >= 3, "the broker took hello, state, records")
        await asyncio.sleep(0.3)
        assert (await store.meta()).unacked == 30

    gateway_story(tmp_path, settings_for(broker.port), story)


def test_a_broker_that_is_killed_and_comes_back_empty_loses_nothing(tmp_path, broker, inbox):
    async def story(store, uplink):
        await commit(store, uplink, 1)
        await all_done(store)
        for _ in range(3):
            await commit(store, uplink, 100)
            await asyncio.to_thread(broker.kill)
            await commit(store, uplink, 100)
            await asyncio.to_thread(broker.start)
            await commit(store, uplink, 10)
        await all_done(store)

    with receiving(broker.port, inbox):
        gateway_story(tmp_path, settings_for(broker.port), story)
    assert summary(inbox) == {"passes": 0, "records": 631, "duplicated": 0, "gaps": 0}


def test_a_receiver_killed_before_it_stored_or_acknowledged_loses_nothing(tmp_path, broker, inbox):
    async def story(store, uplink):
        with receiver_process(broker.port, inbox) as first:
            await commit(store, uplink, 50)
            await all_done(store)
            # Its file is locked: it has the batch and can neither store nor acknowledge it.
            with contextlib.closing(sqlite3.connect(inbox, isolation_level=None)) as other:
                other.execute("begin immediate")
                taken = uplink.status().taken
                await commit(store, uplink, 50)
                await came_to(lambda: uplink.status().taken > taken, "the broker took a batch")
                await asyncio.sleep(0.2)
                assert (await store.meta()).unacked == 50
                first.kill()
                first.wait()
        with receiver_process(broker.port, inbox) as second:
            await all_done(store)
            second.terminate()
            assert second.wait(10) == 0

    gateway_story(tmp_path, settings_for(broker.port), story)
    assert summary(inbox) == {"passes": 0, "records": 100, "duplicated": 0, "gaps": 0}


def test_a_receiver_killed_again_and_again_stores_everything_once(tmp_path, broker, inbox):
    async def story(store, uplink):
        for enough in (60, 150, 300):
            with receiver_process(broker.port, inbox):
                while summary(inbox)["records"] < enough:
                    await commit(store, uplink, 10)
        with receiving(broker.port, inbox):
            await all_done(store)

    gateway_story(tmp_path, settings_for(broker.port), story)
    found = summary(inbox)
    assert (found["duplicated"], found["gaps"]) == (0, 0)
    with contextlib.closing(sqlite3.connect(tmp_path / "lanegate.db")) as db:
        assert db.execute("select count(*) from outbox").fetchone()[0] == found["records"]


def test_the_gateway_comes_up_without_a_broker_and_sends_when_there_is_one(tmp_path, inbox):
    broker = Mosquitto(tmp_path)

    async def story(store, uplink):
        await commit(store, uplink, 5)
        await came_to(lambda: "cannot be reached" in uplink.status().trouble, "it tells why not")
        await asyncio.to_thread(broker.start)
        with receiving(broker.port, inbox):
            await all_done(store)

    try:
        gateway_story(tmp_path, settings_for(broker.port), story)
    finally:
        broker.kill()


def test_bad_bytes_in_either_direction_stop_nothing(tmp_path, broker, inbox):
    noise = paho.Client(CallbackAPIVersion.VERSION2)
    noise.connect("127.0.0.1", broker.port)
    noise.loop_start()

    async def story(store, uplink):
        await came_to(lambda: uplink.connected, "connected")
        for payload in (b"", b"\xff\xff", b'{"epoch": 1}', b"[" * 50_000):
            for leaf in ("dn/ack", "dn/ctl", "up/rec", "up/hello"):
                noise.publish(f"lanegate/1/north/{leaf}", payload, qos=1)
        await came_to(lambda: uplink.status().not_understood == 8, "eight bad messages counted")
        await commit(store, uplink, 5)
        await all_done(store)

    with receiving(broker.port, inbox) as receiver:
        gateway_story(tmp_path, settings_for(broker.port), story)
    assert receiver.counted["malformed"] == 8
    noise.disconnect()
    noise.loop_stop()


def test_an_acknowledgement_of_records_that_never_were_is_not_believed(tmp_path, broker, inbox):
    noise = paho.Client(CallbackAPIVersion.VERSION2)
    noise.connect("127.0.0.1", broker.port)
    noise.loop_start()

    async def story(store, uplink):
        await commit(store, uplink, 3)
        await all_done(store)
        before = await store.meta()
        forged = protocol.Ack(before.epoch, protocol.Position(300, b"\0" * 32))
        noise.publish("lanegate/1/north/dn/ack", messages.encode(forged), qos=1)

        async def forked():
            return (await store.meta()).epoch != before.epoch

        await came_to(forked, "a new epoch")
        assert (await store.counts())["alarms"] == 4
        await all_done(store)

    with receiving(broker.port, inbox):
        gateway_story(tmp_path, settings_for(broker.port), story)
    noise.disconnect()
    noise.loop_stop()
    assert summary(inbox)["records"] == 3 + 4  # three came before, under the old epoch


def test_a_restored_file_starts_a_new_history_and_nothing_counts_twice(tmp_path, broker, inbox):
    path = tmp_path / "lanegate.db"

    async def before(store, uplink):
        await commit(store, uplink, 5)
        await all_done(store)
        with (
            contextlib.closing(sqlite3.connect(path)) as db,
            contextlib.closing(sqlite3.connect(tmp_path / "backup.db")) as copy,
        ):
            db.backup(copy)
        await commit(store, uplink, 5)
        await all_done(store)

    async def after(store, uplink):
        await commit(store, uplink, 2)

        async def forked():
            return (await store.counts())["alarms"] == 8

        await came_to(forked, "an alarm about the fork")
        await all_done(store)

    with receiving(broker.port, inbox):
        gateway_story(tmp_path, settings_for(broker.port), before)
        for old in tmp_path.glob("lanegate.db*"):
            old.unlink()
        (tmp_path / "backup.db").rename(path)
        gateway_story(tmp_path, settings_for(broker.port), after)
    found = summary(inbox)
    assert (found["duplicated"], found["gaps"]) == (0, 0)
    assert found["records"] == 10 + 8  # five of the eight came before, under the old epoch
