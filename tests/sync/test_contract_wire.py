"""One session of a real box on a real broker: whatever is said keeps to what is published."""

import hashlib
import json
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from functools import partial

import paho.mqtt.client as paho
import pytest
import yaml
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.subscribeoptions import SubscribeOptions

from gateway.contract.catalogue import CHANNELS
from gateway.sync import messages, protocol
from tests.sync.contract_checks import keeps
from tests.sync.stranger import sheet
from tests.system.box import NEEDS_MOSQUITTO, Box, a_box

pytestmark = NEEDS_MOSQUITTO

GW, LANE = "test-box", "lane-1"
KNOWN, STRANGE = "京A12345", "京B99999"
NOWHERE = "ab" * 32
LATER = {"do": "dance", "how": "well"}


@dataclass(frozen=True)
class Said:
    topic: str
    payload: bytes
    qos: int
    retained: bool

    @property
    def leaf(self) -> str:
        return protocol.split_topic(self.topic)[1]


@dataclass
class Spy:
    """Hears everything under the protocol's prefix, as it was published."""

    port: int
    heard: list[Said] = field(default_factory=list)
    listening: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id="spy", protocol=paho.MQTTv5
        )
        everything = SubscribeOptions(qos=1, retainAsPublished=True)
        self._client.on_connect = lambda client, *_: client.subscribe(
            f"{protocol.PREFIX}/#", options=everything
        )
        self._client.on_subscribe = lambda *_: self.listening.set()
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", self.port)
        self._client.loop_start()
        assert self.listening.wait(20)

    def _on_message(self, _client, _userdata, message) -> None:
        said = Said(message.topic, bytes(message.payload), message.qos, message.retain)
        self.heard.append(said)

    def order(self, **order) -> None:
        self._client.publish(protocol.down(GW, "ctl"), json.dumps(order), qos=1)

    def of(self, leaf: str) -> list[Said]:
        return [said for said in list(self.heard) if said.leaf == leaf]

    def states(self) -> list[dict]:
        return [json.loads(said.payload) for said in self.of("state")]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def opened_records(heard: list[Said]) -> list[dict]:
    """Unpacked by the product's own decoder."""
    batches = [messages.decode_batch(said.payload) for said in heard if said.leaf == "rec"]
    return [json.loads(line) for batch in batches for line in batch.lines]


def order(box: Box, *words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "order", words[0], LANE, str(box.config), *words[1:]],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr + box.log("daemon")[-2000:]


def a_lane_that_soon_calls_for_help(box: Box) -> None:
    box.configure(access={"unknown": "deny", "allow": [KNOWN]})
    document = yaml.safe_load(box.config.read_text())
    document["lanes"][0]["timing"] |= {"case_s": 2.0}
    box.config.write_text(yaml.safe_dump(document))


def cars_come(box: Box, spy: Spy) -> None:
    def told(kind: str, /, **fields) -> bool:
        return any(
            record["kind"] == kind and fields.items() <= record["body"].items()
            for record in opened_records(spy.heard)
        )

    with box.twin() as twin:
        twin.send_car(LANE, KNOWN)
        box.wait_for(lambda: told("pass", ending="passed"), "the first car's pass")
        twin.send_car(LANE, STRANGE)
        box.wait_for(lambda: told("case", phase="opened"), "the second car's case")
        order(box, "open")
        box.wait_for(lambda: told("case", phase="closed"), "the case to be closed")
        box.wait_for(lambda: told("pass", ending="passed", reason="agent"), "its pass")
    order(box, "hold-open", "--minutes", "1", "--reason", "convoy", "--by", "guard")
    box.wait_for(lambda: told("mode", kind="hold_open"), "the held lane")
    order(box, "automatic")
    box.wait_for(lambda: told("mode", kind="automatic"), "the lane's own rules")


def the_cloud_asks(box: Box, spy: Spy) -> None:
    epoch = messages.decode_hello(spy.of("hello")[-1].payload).epoch
    batches = len(spy.of("rec"))
    pictures = {
        name for record in opened_records(spy.heard) for name in record["body"].get("evidence", ())
    }
    spy.order(**LATER)
    asked = sorted(pictures)[:1]
    spy.order(do="want", pictures=[*asked, NOWHERE])
    for name in (*asked, NOWHERE):
        box.wait_for(partial(spy.of, f"snap/{name}"), f"picture {name}")
        spy.order(do="have", pictures=[name])
    spy.order(do="slow", rate=1000, for_s=1)
    spy.order(do="resend", epoch=epoch, **{"from": 1})
    box.wait_for(lambda: len(spy.of("rec")) > batches, "what was asked for again")


def the_box_goes_and_comes(box: Box, spy: Spy) -> None:
    box.kill("daemon", signal.SIGKILL)
    box.wait_for(lambda: spy.states()[-1] == {"online": False}, "the will")
    box.start_daemon()
    box.wait_for(lambda: spy.states()[-1]["online"], "the box to be back")
    box.wait_for(box.all_received, "all to be received")
    box.kill("daemon", signal.SIGTERM)
    box.wait_for(lambda: spy.states()[-1] == {"online": False}, "its last word")


@pytest.fixture(scope="module")
def heard(tmp_path_factory) -> list[Said]:
    with a_box(tmp_path_factory.mktemp("wire"), max_cars=0, patience_s=90) as box:
        a_lane_that_soon_calls_for_help(box)
        box.start_twin()
        box.start_broker()
        box.wait_for(lambda: _answers(box.port), "the broker")
        spy = Spy(box.port)
        try:
            box.start_receiver()
            box.start_daemon()
            box.wait_for(lambda: "starting -> idle" in box.log("daemon"), "the first poll")
            cars_come(box, spy)
            the_cloud_asks(box, spy)
            the_box_goes_and_comes(box, spy)
            time.sleep(0.2)
        finally:
            spy.close()
        return list(spy.heard)


def _answers(port: int) -> bool:
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.disconnect()
    return True


def of(heard: list[Said], leaf: str) -> list[Said]:
    return [said for said in heard if said.leaf == leaf]


def test_every_message_is_of_a_channel_that_is_published_with_its_qos_and_retained_flag(heard):
    retained = {channel.name: channel.retained for channel in CHANNELS}
    for said in heard:
        name = said.leaf.split("/")[0]
        assert (said.qos, said.retained) == (1, retained[name]), said.topic
    assert {said.leaf.split("/")[0] for said in heard} >= {"hello", "rec", "state", "ack", "ctl"}


@pytest.mark.parametrize("leaf", ["hello", "ack", "state"])
def test_every_message_of_json_keeps_to_its_schema(heard, leaf):
    said = of(heard, leaf)
    assert said
    for one in said:
        keeps(leaf, one.payload)


def test_every_order_keeps_to_its_schema(heard):
    orders = [json.loads(said.payload) for said in of(heard, "ctl")]
    assert LATER in orders
    for one in orders:
        if one != LATER:
            keeps("ctl", json.dumps(one))


def test_every_line_of_every_batch_keeps_to_its_schema(heard):
    kinds = set()
    for said in of(heard, "rec"):
        batch = messages.decode_batch(said.payload)
        for line in batch.lines:
            kinds.add(keeps("record", line)["kind"])
    assert kinds >= {"pass", "raise", "case", "mode", "alarm"}


def test_a_reader_of_the_page_alone_finds_the_same_in_every_batch_that_is_not_packed(heard):
    read = 0
    for said in of(heard, "rec"):
        if said.payload[:1] == b"P":
            continue
        page, batch = sheet(said.payload), messages.decode_batch(said.payload)
        keeps("head", json.dumps(page.head))
        assert tuple(page.lines) == batch.lines
        assert page.chain == page.head["last_chain"] == batch.last_chain.hex()
        assert page.head["count"] == len(page.records)
        read += 1
    assert read


def test_what_was_acknowledged_is_what_was_sent(heard):
    chains = {}
    for said in of(heard, "rec"):
        batch = messages.decode_batch(said.payload)
        each = protocol.chain_over(batch.before.chain, batch.lines)
        chains |= dict(enumerate((chain.hex() for chain in each), batch.before.seq + 1))
    acks = [json.loads(said.payload) for said in of(heard, "ack")]
    assert 0 < max(ack["upto"] for ack in acks) <= max(chains)
    for ack in acks:
        assert ack["upto"] == 0 or ack["chain_upto"] == chains[ack["upto"]]


def test_pictures_are_what_their_topic_says_and_nothing_where_there_is_none(heard):
    snaps = [said for said in heard if said.leaf.startswith("snap/")]
    assert {said.payload for said in snaps if said.leaf.endswith(NOWHERE)} == {b""}
    assert any(said.payload for said in snaps)
    for said in snaps:
        if said.payload:
            assert hashlib.sha256(said.payload).hexdigest() == said.leaf.removeprefix("snap/")
            assert said.payload[:2] == b"\xff\xd8"


def test_the_box_said_hello_at_each_start_and_was_seen_off_by_will_and_by_word(heard):
    assert len({json.loads(said.payload)["inst"] for said in of(heard, "hello")}) == 2
    online = [json.loads(said.payload)["online"] for said in of(heard, "state")]
    changes = [now for before, now in zip([False, *online], online, strict=False) if before != now]
    assert changes == [True, False, True, False]
