"""The real uplink, a real broker and a real receiver."""

import asyncio
import logging
import shutil
import subprocess
import time

import pytest

from gateway.sync.receive import summary
from tests.sync.brokers import (
    Amqtt,
    Mosquitto,
    RawBroker,
    free_port,
    say_that_another_took_its_place,
    until,
)
from tests.sync.mqtt_story import (
    SOON_S,
    Listener,
    all_done,
    came_to,
    commit,
    gateway_story,
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
