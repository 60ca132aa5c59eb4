"""New certificate files are taken whole or not at all, while the box is at work."""

import asyncio
import contextlib
import os
import queue
import re
import shutil
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.ports import DeviceError
from gateway.store import Store, StoreError
from gateway.sync.broker import Account, Connection, Ready
from gateway.sync.certificates import milestone
from gateway.sync.certwatch import tell_once, watch_certificate
from gateway.sync.credentials import Credentials, load, open_key
from gateway.sync.receive import summary
from gateway.sync.redial import Ending, MqttProtocol
from gateway.sync.settings import TlsSettings
from tests.sync.brokers import RawBroker, SiteAuthority, tls_mosquitto
from tests.sync.mqtt_story import (
    GW,
    Listener,
    all_done,
    came_to,
    commit,
    gateway_story,
    receiving,
    settings_for,
)


@pytest.fixture
def site(tmp_path):
    return SiteAuthority(tmp_path)


@pytest.fixture
def tls(site):
    return TlsSettings(**site.client(GW))


def other_site(tmp_path) -> SiteAuthority:
    (tmp_path / "other").mkdir()
    return SiteAuthority(tmp_path / "other", "somebody else")


def now() -> datetime:
    return datetime.now(UTC)


def in_use(tls: TlsSettings) -> Credentials:
    credentials = Credentials(tls, GW)
    credentials.proved(credentials.for_dialling())
    return credentials


def looked_twice(credentials: Credentials, at: datetime | None = None) -> bool:
    return credentials.look(at) or credentials.look(at)


# --- what is taken -----------------------------------------------------------------------


def test_new_files_are_taken_once_they_stand_still(site, tls):
    credentials = in_use(tls)
    credentials.look(now())
    first = credentials.certificate
    site.client(GW)
    assert not credentials.look(now())
    assert credentials.look(now())
    assert credentials.certificate.number != first.number
    assert not looked_twice(credentials, now())


def test_each_half_of_a_new_pair_alone_is_not_taken(site, tls, caplog):
    credentials = in_use(tls)
    old = credentials.for_dialling()
    old_cert = Path(tls.cert).read_bytes()
    site.client(GW)
    new_cert = Path(tls.cert).read_bytes()

    Path(tls.cert).write_bytes(old_cert)
    assert not looked_twice(credentials, now())
    assert credentials.for_dialling() is old
    assert "is not the key of" in caplog.text

    Path(tls.cert).write_bytes(new_cert[: len(new_cert) // 2])
    assert not looked_twice(credentials, now())
    assert credentials.for_dialling() is old
    assert "only a part of one" in caplog.text

    Path(tls.cert).write_bytes(new_cert)
    assert looked_twice(credentials, now())


@pytest.mark.parametrize("gone", ["ca", "cert", "key"])
def test_a_file_that_vanishes_changes_nothing(tls, gone):
    credentials = in_use(tls)
    old = credentials.for_dialling()
    Path(getattr(tls, gone)).unlink()
    assert not looked_twice(credentials, now())
    assert credentials.for_dialling() is old


def test_another_boxs_certificate_is_not_taken(site, tls, caplog):
    credentials = in_use(tls)
    other = site.client("south")
    shutil.copy(other["key"], tls.key)
    shutil.copy(other["cert"], tls.cert)
    assert not looked_twice(credentials, now())
    assert credentials.certificate.name == GW
    assert "'south'" in caplog.text


def test_a_new_one_out_of_its_time_is_not_taken_by_a_trusted_clock_only(site, tls):
    credentials = in_use(tls)
    first = credentials.certificate
    site.client(GW, days=1, ago=2)
    assert not looked_twice(credentials, now())
    assert credentials.certificate is first
    assert looked_twice(in_use(tls)) is False

    doubtful = Credentials(tls, GW)
    doubtful.for_dialling()
    site.client(GW, days=1, ago=2)
    assert looked_twice(doubtful, None)


def test_what_is_not_taken_is_told_once(site, tls, caplog):
    credentials = in_use(tls)
    Path(tls.key).write_text("nothing")
    for _ in range(5):
        credentials.look(now())
    assert sum("are not taken" in line for line in caplog.messages) == 1


def test_after_a_refusal_the_ones_before_are_in_use_and_the_new_ones_get_a_second_chance(site, tls):
    credentials = in_use(tls)
    old = credentials.for_dialling()
    site.client(GW)
    assert looked_twice(credentials, now())
    new = credentials.for_dialling()
    assert credentials.failed(new)
    assert credentials.for_dialling() is old
    assert not looked_twice(credentials, now())
    # Now the old ones are refused, too: the broker has changed its mind, or the old have expired.
    assert not credentials.failed(old)
    assert credentials.for_dialling().certificate.number == new.certificate.number


def test_proved_files_have_nothing_to_go_back_to(site, tls):
    credentials = in_use(tls)
    site.client(GW)
    assert looked_twice(credentials, now())
    new = credentials.for_dialling()
    credentials.proved(new)
    assert not credentials.failed(new)
    assert credentials.for_dialling() is new


def test_files_that_change_under_our_hands_are_read_again_later(site, tls):
    stop = threading.Event()

    def rewrite():
        while not stop.is_set():
            os.utime(tls.key)

    thread = threading.Thread(target=rewrite)
    thread.start()

    def load_often():
        for _ in range(500):
            load(tls, GW)

    try:
        with pytest.raises(DeviceError, match="change at this very moment"):
            load_often()
    finally:
        stop.set()
        thread.join()
    assert load(tls, GW).certificate.name == GW


def test_a_key_that_others_may_read_is_told_with_the_command_that_mends_it(tls, caplog):
    Path(tls.key).chmod(0o640)
    load(tls, GW)
    assert f"chmod 600 {tls.key}" in caplog.text
    Path(tls.key).chmod(0o600)
    assert not open_key(tls)


def test_a_key_may_be_a_credential_of_systemd(tmp_path, tls):
    folder = tmp_path / "credentials"
    folder.mkdir()
    shutil.move(tls.key, folder / "mqtt-key")
    before = os.environ.get("CREDENTIALS_DIRECTORY")
    os.environ["CREDENTIALS_DIRECTORY"] = str(folder)
    try:
        named = TlsSettings(ca=tls.ca, cert=tls.cert, key="credential:mqtt-key")
        assert load(named, GW).certificate.name == GW
    finally:
        if before is None:
            del os.environ["CREDENTIALS_DIRECTORY"]
        else:
            os.environ["CREDENTIALS_DIRECTORY"] = before


# --- at work -----------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def watched(uplink, states=None):
    """The uplink's certificate is watched, as the daemon does, only more often."""
    watch = asyncio.create_task(
        watch_certificate(
            uplink.credentials,
            now,
            trusted=lambda: True,
            told=lambda state: states.append(state) if states is not None else None,
            warn=lambda _words: asyncio.sleep(0),
            look_s=0.05,
        )
    )
    try:
        yield
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)


@pytest.fixture
def broker(tmp_path, site):
    broker = tls_mosquitto(tmp_path, site)
    broker.start()
    yield broker
    broker.kill()


def test_a_new_certificate_is_used_without_a_word_of_farewell_and_nothing_is_lost(
    tmp_path, broker, site
):
    settings = settings_for(broker.port, tls=site.client(GW))
    heard = []

    async def story(store, uplink):
        async with watched(uplink):
            await commit(store, uplink, 50)
            await all_done(store)
            spy = Listener(broker.port, f"lanegate/1/{GW}/up/state", tls=site.client("spy"))
            heard.append(spy)
            await came_to(lambda: spy.heard, "the state")
            for _ in range(3):
                first = uplink._talk
                site.client(GW)
                await commit(store, uplink, 30)
                await came_to(lambda first=first: uplink._talk is not first, "a new connection")
                await commit(store, uplink, 30)
                await all_done(store)
            spy.close()

    with receiving(broker.port, tmp_path / "in.db", tls=site.client("lanegate-receiver")):
        gateway_story(tmp_path, settings, story)
    assert summary(tmp_path / "in.db") == {
        "passes": 0, "records": 230, "duplicated": 0, "gaps": 0
    }  # fmt: skip
    assert all(state["online"] for state in heard[0].heard)


def test_files_that_come_while_a_connection_begins_are_used_by_the_next(broker, site):
    class InThatVeryMoment(Credentials):
        def for_dialling(self):
            loaded = super().for_dialling()
            site.client(GW)
            assert looked_twice(self)
            return loaded

    news: queue.Queue = queue.Queue()
    settings = settings_for(broker.port, tls=site.client(GW))
    connection = Connection(
        settings,
        Account(GW, ("lanegate/1/north/dn/ack",)),
        MqttProtocol.V5,
        news.put,
        credentials=InThatVeryMoment(settings.tls, GW),
    )
    connection.open(20)
    assert news.get(timeout=20) == Ready()
    assert news.get(timeout=20).ending is Ending.RENEWED


def test_the_will_waits_a_moment_for_a_box_that_comes_back():
    connects: queue.Queue = queue.Queue()
    broker = RawBroker(lambda _client, connect: connects.put(connect))
    account = Account(GW, (), will=("state", b"offline"))
    try:
        Connection(settings_for(broker.port), account, MqttProtocol.V5, connects.put).open(20)
        will_delay_of_5_s = b"\x18\x00\x00\x00\x05"
        assert will_delay_of_5_s in connects.get(timeout=20)
    finally:
        broker.kill()


def test_room_is_made_with_a_word_of_leave_so_that_mqtt_3_1_1_keeps_the_will_too():
    news: queue.Queue = queue.Queue()
    last_words: queue.Queue = queue.Queue()

    def accept(client, _connect):
        client.sendall(bytes.fromhex("20 02 00 00"))
        subscribe = client.recv(4096)
        client.sendall(b"\x90\x03" + subscribe[2:4] + b"\x01")
        last_words.put(client.recv(4096))

    broker = RawBroker(accept)
    account = Account(GW, ("dn",), will=("state", b"offline"))
    try:
        connection = Connection(settings_for(broker.port), account, MqttProtocol.V311, news.put)
        connection.open(20)
        assert news.get(timeout=20) == Ready()
        connection._renew()
        disconnect = bytes.fromhex("e0 00")
        assert last_words.get(timeout=20) == disconnect
        assert news.get(timeout=20).ending is Ending.RENEWED
    finally:
        broker.kill()


def test_one_that_the_broker_does_not_take_is_given_up_for_the_one_before(
    tmp_path, broker, site, caplog
):
    settings = settings_for(broker.port, tls=site.client(GW), reconnect_max_s=0.2)
    foreign = other_site(tmp_path).client(GW)

    async def story(store, uplink):
        async with watched(uplink):
            await came_to(lambda: uplink.connected, "connected")
            mine = uplink.credentials.certificate
            for name in ("key", "cert"):
                shutil.copy(foreign[name], getattr(settings.tls, name))
            await came_to(lambda: "the ones before go on" in caplog.text, "it goes back")
            await came_to(lambda: uplink.connected, "connected again")
            assert uplink.credentials.certificate is mine
            await commit(store, uplink, 5)
            await all_done(store)

    with receiving(broker.port, tmp_path / "in.db", tls=site.client("lanegate-receiver")):
        gateway_story(tmp_path, settings, story)
    assert "does not know the authority" in caplog.text


def test_the_authority_changes_with_both_in_the_file_for_a_while(tmp_path, site):
    new = other_site(tmp_path)
    box = site.client(GW)
    both = tmp_path / "both.crt"
    both.write_bytes(site.ca.read_bytes() + new.ca.read_bytes())
    settings = settings_for(1, tls=box | {"ca": str(both)})
    for at in (site, new):
        (tmp_path / at.folder.name).mkdir(exist_ok=True)
        broker = tls_mosquitto(tmp_path / at.folder.name, at)
        broker.start()
        if at is new:
            moved = new.client(GW)
            shutil.copy(moved["key"], box["key"])
            shutil.copy(moved["cert"], box["cert"])

        async def story(store, uplink):
            await came_to(lambda: uplink.connected, "connected")

        try:
            gateway_story(tmp_path, settings.model_copy(update={"port": broker.port}), story)
        finally:
            broker.kill()


# --- its end comes near ------------------------------------------------------------------


def watch_for(credentials, ages_days, trusted=lambda: True):
    """What was told and what was warned of while the clock went on to these days."""
    days, told, warned = iter(ages_days), [], []
    start = now()

    async def warn(words):
        warned.append(words)

    async def story():
        watch = watch_certificate(
            credentials,
            lambda: start + timedelta(days=next(days)),
            trusted=trusted,
            told=told.append,
            warn=warn,
            look_s=0.0,
        )
        # The list of days runs out: that ends it.
        with pytest.raises(RuntimeError, match="StopIteration"):
            await watch

    asyncio.run(story())
    return told, warned


def test_its_days_are_told_and_each_milestone_is_warned_of_once(site):
    credentials = in_use(TlsSettings(**site.client(GW, days=40)))
    told, warned = watch_for(credentials, [0, 9, 9.5, 11, 12, 26.5, 33.5, 34, 39.5, 39.9, 40.5, 41])
    assert [state["days_left"] for state in told] == [40, 31, 31, 29, 28, 14, 7, 6, 1, 1, 0, -1]
    marks = [re.search(r"in (\d+) days or less", words).group(1) for words in warned[:4]]
    assert marks == ["30", "14", "7", "1"]
    assert len(warned) == 5
    assert "has expired on" in warned[4]
    assert all("lanegate certificate request" in words for words in warned)


@pytest.mark.parametrize(
    ("days", "mark"),
    [(31, None), (30, 30), (15, 30), (14, 14), (8, 14), (7, 7), (2, 7), (1, 1), (0, 0), (-9, 0)],
)
def test_a_milestone_is_reached_on_its_very_day(days, mark):
    assert milestone(days) == mark


def test_a_clock_that_nobody_trusts_raises_no_alarm_and_tells_no_days(site):
    credentials = in_use(TlsSettings(**site.client(GW, days=40)))
    told, warned = watch_for(credentials, [], trusted=iter([False] * 3).__next__)
    assert told == [None] * 3
    assert warned == []


def test_a_box_without_a_certificate_has_no_days(site):
    credentials = in_use(TlsSettings(ca=str(site.ca)))
    assert watch_for(credentials, [0, 100]) == ([None, None], [])


def test_a_store_that_fails_hears_it_again(site):
    credentials = in_use(TlsSettings(**site.client(GW, days=5)))
    tries = []

    async def warn(words):
        tries.append(words)
        if len(tries) < 3:
            raise StoreError("the disk is full")

    async def story():
        watch = asyncio.create_task(
            watch_certificate(
                credentials,
                now,
                trusted=lambda: True,
                told=lambda _: None,
                warn=warn,
                look_s=0.0,
            )
        )
        await came_to(lambda: len(tries) >= 3, "it is told")
        await asyncio.sleep(0.1)
        watch.cancel()

    asyncio.run(story())
    assert len(tries) == 3
    assert len(set(tries)) == 1


def test_an_alarm_is_one_for_the_cloud_however_often_the_box_starts(tmp_path):
    woken = []

    async def story():
        for words in ("30 days or less", "30 days or less", "14 days or less"):
            store = Store.open(tmp_path / "lanegate.db", GW)
            await tell_once(store, lambda: woken.append(1), words)
            unacked = (await store.meta()).unacked
            await store.close()
        assert unacked == 2

    asyncio.run(story())
    assert len(woken) == 2
