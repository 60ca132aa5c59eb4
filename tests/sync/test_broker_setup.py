"""The Mosquitto configuration of docs/broker, as it stands there: what it lets pass, and whom."""

import asyncio
import queue
import re
import time

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway.sync.broker import Ready
from gateway.sync.protocol import MAX_MESSAGE_BYTES, down, up
from gateway.sync.receive import summary
from gateway.sync.redial import Ending
from tests.sync.brokers import DOCUMENTED, DocumentedMosquitto, SiteAuthority, until
from tests.sync.mqtt_story import all_done, came_to, commit, gateway_story, receiving, settings_for
from tests.sync.test_tls import first_news

RECEIVER = "lanegate-receiver"
REFUSED = "Not authorized"
QUIET_S = 0.5


@pytest.fixture
def site(tmp_path):
    return SiteAuthority(tmp_path)


@pytest.fixture
def broker(tmp_path, site):
    broker = DocumentedMosquitto(tmp_path, site)
    broker.start()
    yield broker
    broker.kill()


class Peer:
    """A plain MQTT 5 client with a certificate: what it heard, and how it was thrown out."""

    def __init__(self, port: int, tls: dict, client_id: str, *, keep: bool = False) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.gone: list[str] = []
        self._answers: queue.Queue = queue.Queue()
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=paho.MQTTv5
        )
        self._client.tls_set(tls["ca"], tls["cert"], tls["key"])
        self._client.on_connect = lambda _c, _u, _f, reason, _p: self._answers.put(str(reason))
        self._client.on_subscribe = lambda _c, _u, _m, reasons, _p: self._answers.put(reasons)
        self._client.on_publish = lambda _c, _u, _m, reason, _p: self._answers.put(str(reason))
        self._client.on_message = lambda _c, _u, m: self.heard.append((m.topic, m.payload))
        self._client.on_disconnect = lambda _c, _u, _f, reason, _p: self.gone.append(str(reason))
        expiry = Properties(PacketTypes.CONNECT)
        expiry.SessionExpiryInterval = 3600 if keep else 0
        self._client.reconnect_on_failure = False
        self._client.connect("127.0.0.1", port, clean_start=not keep, properties=expiry)
        self._client.loop_start()
        assert self._answers.get(timeout=20) == "Success"

    def subscribe(self, topic: str):
        self._client.subscribe(topic, 1)
        return self._answers.get(timeout=20)

    def publish(self, topic: str, payload: bytes = b"x", *, retain: bool = False) -> str:
        self._client.publish(topic, payload, 1, retain)
        return self._answers.get(timeout=20)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def peers(broker, site):
    """`peers(name)` connects a box, `peers(RECEIVER)` a receiver."""
    made = []

    def connect(name: str, client_id: str = "", *, port: int = 0, keep: bool = False) -> Peer:
        door = broker.receivers_port if name == RECEIVER else broker.port
        peer = Peer(port or door, site.client(name), client_id or name, keep=keep)
        made.append(peer)
        return peer

    yield connect
    for peer in made:
        peer.close()


# --- what it lets pass -------------------------------------------------------------------


def test_a_box_and_a_receiver_do_their_work(tmp_path, broker, site):
    async def story(store, uplink):
        uplink.publish_state({"lanes": {}})
        await commit(store, uplink, 40)
        await all_done(store)
        await asyncio.to_thread(broker.kill)
        await commit(store, uplink, 40)
        await asyncio.to_thread(broker.start)
        await all_done(store)
        await uplink.drain(5)

    with receiving(broker.receivers_port, tmp_path / "in.db", tls=site.client(RECEIVER)):
        gateway_story(tmp_path, settings_for(broker.port, tls=site.client("north")), story)
    assert summary(tmp_path / "in.db")["records"] == 80


def test_the_state_is_retained_and_outlives_a_restart_of_the_broker(broker, peers):
    box = peers("north")
    assert box.publish(up("north", "state"), b'{"online":true}', retain=True) != REFUSED
    box.close()
    broker._process.terminate()
    broker._process.wait(20)
    broker.start()
    late = peers(RECEIVER, "late")
    late.subscribe(up("+", "#"))
    until(lambda: late.heard == [(up("north", "state"), b'{"online":true}')], "the state")


def test_the_will_of_a_box_reaches_the_receiver(tmp_path, broker, site, peers):
    receiver = peers(RECEIVER)
    receiver.subscribe(up("+", "state"))

    async def story(store, uplink):
        await came_to(lambda: uplink.connected, "connected")

    gateway_story(tmp_path, settings_for(broker.port, tls=site.client("north")), story)
    until(lambda: receiver.heard[-1:] == [(up("north", "state"), b'{"online":false}')], "the will")


def test_what_is_said_to_a_box_that_is_away_waits_for_it(peers):
    box = peers("north", keep=True)
    box.subscribe(down("north", "ack"))
    box.close()
    assert peers(RECEIVER).publish(down("north", "ack"), b"1") == "Success"
    back = peers("north", keep=True)
    until(lambda: back.heard == [(down("north", "ack"), b"1")], "the answer")


def test_receivers_share_what_the_boxes_say(peers):
    shared = [peers(RECEIVER, f"one-of-{number}") for number in range(2)]
    for receiver in shared:
        receiver.subscribe(f"$share/cloud/{up('+', '#')}")
    box = peers("north")
    for number in range(10):
        box.publish(up("north", "rec"), b"%d" % number)
    until(lambda: sum(len(one.heard) for one in shared) == 10, "each message once")
    assert all(one.heard for one in shared)
    time.sleep(QUIET_S)
    assert sum(len(one.heard) for one in shared) == 10


def test_the_longest_message_of_the_protocol_passes_and_a_monster_does_not(peers):
    receiver = peers(RECEIVER)
    receiver.subscribe(up("+", "#"))
    box = peers("north")
    assert box.publish(up("north", "rec"), bytes(MAX_MESSAGE_BYTES)) == "Success"
    until(lambda: receiver.heard, "the long message")
    limit = int(re.search(r"max_packet_size (\d+)", conf_text()).group(1))
    assert limit <= 8 * MAX_MESSAGE_BYTES
    box._client.publish(up("north", "rec"), bytes(limit + 1), 1)
    until(lambda: box.gone, "the broker hangs up")
    assert len(receiver.heard) == 1


def conf_text() -> str:
    return (DOCUMENTED / "mosquitto.conf").read_text("utf-8")


# --- what it does not --------------------------------------------------------------------


def test_a_box_says_nothing_in_anothers_name(peers):
    receiver = peers(RECEIVER)
    receiver.subscribe(up("+", "#"))
    box = peers("north")
    for topic in (up("south", "rec"), up("south", "state"), down("north", "ack"),
                  down("south", "ack"), "lanegate/1/north/x", "lanegate/1/up", "else"):  # fmt: skip
        assert box.publish(topic, b"forged") == REFUSED, topic
    assert box.publish(up("north", "rec"), b"own") == "Success"
    until(lambda: receiver.heard, "its own")
    assert receiver.heard == [(up("north", "rec"), b"own")]


def test_a_box_hears_nothing_of_another_whatever_it_subscribes_to(peers):
    receiver, box, other = peers(RECEIVER), peers("north"), peers("south")
    shared = f"$share/cloud/{up('+', '#')}"
    for topic in ("#", "lanegate/#", up("+", "#"), down("+", "#"), "$SYS/#", up("south", "#"),
                  down("south", "#"), shared):  # fmt: skip
        box.subscribe(topic)
    other.publish(up("south", "state"), b"secret", retain=True)
    other.publish(up("south", "rec"), b"secret")
    receiver.publish(down("south", "ack"), b"secret")
    receiver.publish(down("north", "ack"), b"for north")
    until(lambda: box.heard, "its own")
    time.sleep(QUIET_S)
    assert {topic for topic, _ in box.heard} == {down("north", "ack")}


def test_a_box_cannot_throw_another_out_nor_take_over_what_waits_for_it(peers):
    other = peers("south", keep=True)
    other.subscribe(down("south", "ack"))
    thief = peers("north", client_id="south", keep=True)
    thief.subscribe(down("south", "ack"))
    peers(RECEIVER).publish(down("south", "ack"), b"for south")
    until(lambda: other.heard, "its own")
    time.sleep(QUIET_S)
    assert other.gone == []
    assert thief.heard == []


def test_a_box_at_the_receivers_door_is_nobody(broker, peers):
    box = peers("north", port=broker.receivers_port)
    box.subscribe(up("+", "#"))
    assert box.publish(down("south", "ack")) == REFUSED
    assert box.publish(up("north", "rec")) == REFUSED
    peers("south").publish(up("south", "rec"))
    time.sleep(QUIET_S)
    assert box.heard == []


def test_who_calls_himself_the_receiver_at_the_boxes_door_is_a_box(broker, peers):
    box = peers(RECEIVER, port=broker.port)
    box.subscribe(up("+", "#"))
    assert box.publish(down("south", "ack")) == REFUSED
    peers("south").publish(up("south", "rec"))
    time.sleep(QUIET_S)
    assert box.heard == []


def test_nobody_comes_in_without_a_certificate_or_with_one_that_is_revoked(broker, site):
    gone = site.client("gone")
    site.revoke(gone["cert"])
    broker.restart()
    for port in (broker.port, broker.receivers_port):
        for tls in ({"ca": str(site.ca)}, gone):
            assert first_news(port, tls=tls).ending is Ending.CERTIFICATE_REFUSED
        assert first_news(port).ending is Ending.MUTE


def test_while_one_authority_takes_over_from_another_both_are_known_and_so_are_both_lists(
    tmp_path, broker, site
):
    (tmp_path / "new").mkdir()
    new = SiteAuthority(tmp_path / "new", "the new one")
    files = tmp_path / "etc"
    gone = [at.client("gone") for at in (site, new)]
    for at, tls in zip((site, new), gone, strict=True):
        at.revoke(tls["cert"])
    for name, parts in {"crt": (site.ca, new.ca), "crl": (site.crl, new.crl)}.items():
        both = b"".join(part.read_bytes() for part in parts)
        (files / f"boxes-ca.{name}").unlink()
        (files / f"boxes-ca.{name}").write_bytes(both)
    broker.restart()
    ca = {"ca": str(files / "boxes-ca.crt")}
    for at in (site, new):
        assert first_news(broker.port, tls=at.client("north") | ca) == Ready()
    for tls in gone:
        over = first_news(broker.port, tls=tls | ca)
        assert over.ending is Ending.CERTIFICATE_REFUSED
        assert "is revoked" in over.detail
