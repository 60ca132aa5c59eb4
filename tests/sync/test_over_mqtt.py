"""The real uplink, a real broker, a real receiver, and what may happen to each of them."""

import asyncio
import contextlib
import json
import logging
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from gateway.lane.types import AlarmCode
from gateway.store import Store
from gateway.sync import protocol
from gateway.sync.receive import Receiver, summary
from gateway.sync.settings import UplinkSettings
from gateway.sync.uplink import Uplink
from tests.sync.brokers import (
    Amqtt,
    Mosquitto,
    RawBroker,
    free_port,
    say_that_another_took_its_place,
    until,
)

GW = "north"
SOON_S = 20.0


@pytest.fixture
def broker(tmp_path):
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def inbox(tmp_path):
    return tmp_path / "received.db"


def settings_for(port: int, **more) -> UplinkSettings:
    fields = {"host": "127.0.0.1", "port": port, "reconnect_max_s": 0.2} | more
    return UplinkSettings.model_validate(fields)


@contextlib.contextmanager
def receiving(port: int, path, **more):
    """A receiver in a thread of this process."""
    receiver = Receiver(settings_for(port, **more), path)
    thread = threading.Thread(target=receiver.run)
    thread.start()
    try:
        assert receiver.listening.wait(SOON_S)
        yield receiver
    finally:
        receiver.stop()
        thread.join(20)
        assert not thread.is_alive()


RECEIVE = """
import logging, sys
from pathlib import Path
from gateway.sync.receive import receive
from gateway.sync.settings import UplinkSettings
logging.basicConfig(level=logging.INFO, stream=sys.stdout)
settings = UplinkSettings(host="127.0.0.1", port=int(sys.argv[1]), reconnect_max_s=0.2)
receive(settings, Path(sys.argv[2]))
"""


@contextlib.contextmanager
def receiver_process(port: int, path):
    """A receiver in a process of its own, once it listens; killed at the end."""
    command = [sys.executable, "-c", RECEIVE, str(port), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert any("receiver: ready" in line for line in child.stdout)
            yield child
        finally:
            child.kill()


def gateway_story(tmp_path, settings: UplinkSettings, story) -> None:
    """Run `story(store, uplink)` beside a running uplink, as the daemon does."""

    async def play():
        store = Store.open(tmp_path / "lanegate.db", GW)
        uplink = Uplink(settings, store, GW)
        running = asyncio.create_task(uplink.run())
        try:
            async with asyncio.timeout(60):
                await story(store, uplink)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await store.close()
        if not running.cancelled():
            running.result()

    asyncio.run(play())


async def commit(store, uplink, count: int) -> None:
    for _ in range(count):
        await store.alarm("lane-1", AlarmCode.NO_PLATE, "", datetime.now(UTC))
        uplink.wake()


async def came_to(found, what: str) -> None:
    give_up = time.monotonic() + SOON_S
    while True:
        result = found()
        if await result if asyncio.iscoroutine(result) else result:
            return
        assert time.monotonic() < give_up, f"it never came to this: {what}"
        await asyncio.sleep(0.02)


async def all_done(store) -> None:
    async def done():
        return (await store.meta()).unacked == 0

    await came_to(done, "everything is acknowledged")


class Listener:
    """A plain MQTT client that keeps the retained and the live messages of a topic."""

    def __init__(self, port: int, topic: str) -> None:
        self.heard: list[dict] = []
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe(topic, 1)
        self._client.on_message = lambda _c, _u, m: self.heard.append(json.loads(m.payload))
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


# --- the plain way -----------------------------------------------------------------------


def test_what_is_committed_is_acknowledged_over_mqtt_5(tmp_path, broker, inbox):
    async def story(store, uplink):
        await commit(store, uplink, 450)
        await all_done(store)
        status = uplink.status()
        assert (status.connected, status.answering, status.protocol) == (True, True, "5")
        assert status.acked_age_s < SOON_S
        await uplink.drain(5)
        assert not uplink.connected

    with receiving(broker.port, inbox):
        gateway_story(tmp_path, settings_for(broker.port), story)
    assert summary(inbox) == {"passes": 0, "records": 450, "duplicated": 0, "gaps": 0}


def test_a_broker_that_knows_only_mqtt_3_1_1_is_spoken_to_in_it(tmp_path, inbox):
    broker = Amqtt()
    broker.start()

    async def story(store, uplink):
        await commit(store, uplink, 20)
        await all_done(store)
        assert uplink.status().protocol == "3.1.1"

    try:
        with receiving(broker.port, inbox, protocol="3.1.1"):
            gateway_story(tmp_path, settings_for(broker.port), story)
    finally:
        broker.kill()
    assert summary(inbox)["records"] == 20


def test_the_state_is_retained_and_leaving_says_offline(tmp_path, broker):
    async def story(store, uplink):
        uplink.publish_state({"lanes": "old"})
        uplink.publish_state({"lanes": "new"})
        await came_to(lambda: uplink.connected, "connected")
        listener = Listener(broker.port, "lanegate/1/north/up/state")
        await came_to(lambda: listener.heard, "a retained state")
        assert listener.heard[0]["lanes"] == "new"
        assert listener.heard[0]["online"] is True
        await uplink.drain(1)
        await came_to(lambda: len(listener.heard) > 1, "a farewell")
        assert listener.heard[1:] == [{"online": False}]
        listener.close()

    gateway_story(tmp_path, settings_for(broker.port), story)


def test_a_gateway_that_dies_is_reported_offline_by_the_broker(tmp_path, broker):
    heard = []

    async def story(store, uplink):
        await came_to(lambda: uplink.connected, "connected")
        listener = Listener(broker.port, "lanegate/1/north/up/state")
        heard.append(listener)
        await came_to(lambda: listener.heard, "a retained state")

    gateway_story(tmp_path, settings_for(broker.port), story)
    (listener,) = heard
    until(lambda: listener.heard[-1] == {"online": False}, "the will")
    listener.close()


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
        noise.publish("lanegate/1/north/dn/ack", protocol.encode(forged), qos=1)

        async def forked():
            return (await store.meta()).epoch != before.epoch

        await came_to(forked, "a new epoch")
        assert (await store.counts())["alarms"] == 4
        await all_done(store)

    with receiving(broker.port, inbox):
        gateway_story(tmp_path, settings_for(broker.port), story)
    noise.disconnect()
    noise.loop_stop()
    assert summary(inbox)["records"] == 4


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
    assert found["records"] == 13


def test_wrong_credentials_are_a_sentence_and_are_not_tried_in_haste(tmp_path, caplog):
    secret = tmp_path / "secret"
    secret.write_text("wrong\n")
    broker = Mosquitto(tmp_path, "allow_anonymous false\n")
    broker.start()
    settings = settings_for(broker.port, username="box", password=f"file:{secret}")

    async def story(store, uplink):
        await came_to(lambda: "refused the user name" in uplink.status().trouble, "a refusal")

    try:
        with caplog.at_level(logging.WARNING):
            gateway_story(tmp_path, settings, story)
    finally:
        broker.kill()
    assert sum("refused the user name" in line for line in caplog.messages) == 1


def test_a_second_box_with_the_same_name_is_named_and_not_fought(tmp_path):
    broker = RawBroker(say_that_another_took_its_place)

    async def story(store, uplink):
        name = "another client with the same name"
        await came_to(lambda: name in uplink.status().trouble, "it tells that there is a twin")
        assert uplink._redial.wait_up_to_s == 20.0

    try:
        gateway_story(tmp_path, settings_for(broker.port, reconnect_max_s=1), story)
    finally:
        broker.kill()


def test_a_broker_that_hangs_up_is_tried_in_the_older_version_and_sessions_are_kept(tmp_path):
    connects = []
    broker = RawBroker(lambda _client, connect: connects.append(connect))

    async def story(store, uplink):
        await came_to(lambda: "did not answer" in uplink.status().trouble, "it tells")
        await came_to(lambda: len(connects) >= 2, "a second try")

    try:
        gateway_story(tmp_path, settings_for(broker.port), story)
    finally:
        broker.kill()
    level_and_flags = [connect[connect.index(b"MQTT") + 4 :][:2] for connect in connects[:2]]
    assert [level for level, _ in level_and_flags] == [5, 4]
    clean = 0b10
    assert not any(flags & clean for _, flags in level_and_flags)


def certificates(folder):
    """A CA, and a certificate of 127.0.0.1 that it signed."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for name, more in {
        "ca": ["-subj", "/CN=test ca"],
        "other": ["-subj", "/CN=another ca"],
        "server": [
            *("-subj", "/CN=broker", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-CA", "ca.crt", "-CAkey", "ca.key"),
        ],
    }.items():
        files = ["-keyout", f"{name}.key", "-out", f"{name}.crt", "-days", "2"]
        command = [openssl, "req", "-x509", *new_key, *files, *more]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)


def test_over_tls_the_brokers_certificate_is_checked(tmp_path, inbox):
    certificates(tmp_path)
    broker = Mosquitto(
        tmp_path,
        f"allow_anonymous true\ncafile {tmp_path}/ca.crt\n"
        f"certfile {tmp_path}/server.crt\nkeyfile {tmp_path}/server.key\n",
    )
    broker.start()

    async def works(store, uplink):
        await commit(store, uplink, 3)
        await all_done(store)

    async def is_refused(store, uplink):
        await came_to(lambda: "certificate verify failed" in uplink.status().trouble, "a refusal")

    async def has_no_file(store, uplink):
        await came_to(lambda: "TLS files" in uplink.status().trouble, "a sentence about the file")

    try:
        right = {"tls": {"ca": str(tmp_path / "ca.crt")}}
        with receiving(broker.port, inbox, **right):
            gateway_story(tmp_path, settings_for(broker.port, **right), works)
        wrong = settings_for(broker.port, tls={"ca": str(tmp_path / "other.crt")})
        gateway_story(tmp_path, wrong, is_refused)
        absent = settings_for(broker.port, tls={"ca": str(tmp_path / "none.crt")})
        gateway_story(tmp_path, absent, has_no_file)
    finally:
        broker.kill()


def test_a_missing_password_file_is_told_and_the_uplink_lives_on(tmp_path):
    settings = settings_for(free_port(), username="box", password=f"file:{tmp_path}/none")

    async def story(store, uplink):
        await came_to(lambda: "cannot read" in uplink.status().trouble, "it names the file")
        await commit(store, uplink, 1)

    gateway_story(tmp_path, settings, story)


def test_a_broker_that_never_answers_does_not_hold_up_the_end(tmp_path):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as mute:

        async def story(store, uplink):
            await asyncio.sleep(0.3)
            await uplink.drain(0.5)

        began = time.monotonic()
        gateway_story(tmp_path, settings_for(mute.getsockname()[1]), story)
        assert time.monotonic() - began < SOON_S
