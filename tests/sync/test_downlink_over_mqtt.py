"""The real uplink and a real broker; a cloud that manages parking at the other end."""

import asyncio
import json
import random
import threading

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from gateway.rights import RightsBook
from gateway.sync.asking import Attest, Deduct
from gateway.sync.rightsfeed import RightsFeed
from gateway.sync.telling import Answer, Revoke, Said
from tests.sync.brokers import Mosquitto, free_port
from tests.sync.contract_checks import keeps
from tests.sync.mqtt_story import SOON_S, came_to, commit, gateway_story, settings_for
from tests.sync.righting import delta, full, hash_of, held, manifest, right, rights
from tests.sync.told import ID, SESSION, Park, answer, revoke

DEDUCT = Deduct(ID, "3" * 32, SESSION, "京A12345", 500)
LATE_S = 0.05


class Cloud:
    """Hears what `north` asks, and answers what `answers` says, by the word of `ask`."""

    def __init__(self, port: int) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.answers: dict[str, str] = {}
        self._listening = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe("lanegate/1/north/up/#", 1)
        self._client.on_subscribe = lambda *_: self._listening.set()
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._listening.wait(SOON_S)

    def asked(self, what: str) -> list[dict]:
        asked = [keeps("ask", payload) for leaf, payload in list(self.heard) if leaf == "ask"]
        return [question for question in asked if question["ask"] == what]

    def say(self, leaf: str, payload: bytes, *, retain: bool = False) -> None:
        self._client.publish(f"lanegate/1/north/dn/{leaf}", payload, 1, retain)

    def _on_message(self, _client, _userdata, message) -> None:
        leaf = message.topic.rpartition("/")[2]
        self.heard.append((leaf, message.payload))
        if leaf == "ask":
            question = json.loads(message.payload)
            if said := self.answers.get(question["ask"]):
                self.say("parking", answer(question["ask_id"], said))

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def broker(tmp_path):
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def cloud(broker):
    cloud = Cloud(broker.port)
    yield cloud
    cloud.close()


class ParkWithRights(Park):
    """Its rights are real ones in a real book."""

    def __init__(self, folder) -> None:
        super().__init__()
        self.book = RightsBook.open(folder / "rights.db")
        self.feed = RightsFeed(self.book, folder / "set", self.alarm)
        self.alarms: list[str] = []

    async def alarm(self, text: str) -> None:
        self.alarms.append(text)

    async def rights_told(self, leaf, payload) -> None:
        await self.feed.hear(leaf, payload)

    def rights_wanted(self):
        return self.feed.wanted()


def test_a_retained_word_of_the_rights_leads_to_a_question_a_full_set_and_a_change(
    tmp_path, broker, cloud
):
    before, after = rights(60), [*rights(60)[1:], right(99)]
    cloud.say("rights", manifest(41, before), retain=True)
    park = ParkWithRights(tmp_path)

    async def story(store, uplink):
        await came_to(lambda: cloud.asked("rights"), "it asks for the rights")
        assert cloud.asked("rights")[0]["have"] == {"version": 0, "hash": "0" * 64}
        parts = full(41, before, parts=6) * 2
        random.Random(1).shuffle(parts)
        for part in parts:
            cloud.say("rights-set", part)
        await came_to(lambda: park.book.state.version == 41, "the full set is held")
        cloud.say("rights-set", delta(41, 42, [right(99)], ["r-0"], after))
        cloud.say("rights", manifest(42, after), retain=True)
        await came_to(lambda: park.book.state.version == 42, "the change is held")
        assert held(park.book) == (42, hash_of(after), 60)
        assert [one.right_id for one in await park.book.of("京A00099")] == ["r-99"]
        assert await park.book.of("京A00000") == ()
        cloud.say("rights-set", delta(50, 51, [], ["r-9"], after))
        await came_to(lambda: cloud.asked("rights")[-1].get("why"), "it asks after a gap")
        assert cloud.asked("rights")[-1]["have"] == {"version": 42, "hash": hash_of(after)}
        await park.book.close()

    gateway_story(tmp_path, settings_for(broker.port), story, park)
    assert park.alarms == []


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_an_order_that_was_not_kept_is_the_brokers_until_it_is(tmp_path, broker, cloud, protocol):
    settings = settings_for(broker.port, protocol=protocol)
    full_disk, mended = Park(), Park()
    full_disk.fails = 1000

    async def dies(store, uplink):
        await came_to(lambda: uplink.connected, "connected")
        cloud.say("parking", revoke(1))
        cloud.say("parking", revoke(2))
        await came_to(lambda: full_disk.tried, "the order is tried")
        assert full_disk.orders == []

    async def lives(store, uplink):
        await came_to(lambda: len(mended.orders) == 2, "the orders come again")

    async def is_done(store, uplink):
        await came_to(lambda: uplink.connected, "connected")
        cloud.say("parking", revoke(3))
        await came_to(lambda: len(mended.orders) == 3, "only the new order comes")

    gateway_story(tmp_path, settings, dies, full_disk)
    gateway_story(tmp_path, settings, lives, mended)
    gateway_story(tmp_path, settings, is_done, mended)
    assert mended.orders == [Revoke(f"{number:032x}", SESSION) for number in (1, 2, 3)]


def test_an_order_is_kept_as_soon_as_the_store_can(tmp_path, broker, cloud):
    park = Park()
    park.fails = 1

    async def story(store, uplink):
        await came_to(lambda: uplink.connected, "connected")
        cloud.say("parking", revoke(1))
        cloud.say("parking", b"nonsense")
        await came_to(lambda: park.orders, "the order is kept")
        await came_to(lambda: uplink.status().not_understood, "the other is counted")
        assert park.tried == 2

    gateway_story(tmp_path, settings_for(broker.port), story, park)


def test_a_question_is_answered_while_records_wait(tmp_path, broker, cloud):
    cloud.answers = {"deduct": "accepted", "attest": "deny"}
    park = Park()

    async def story(store, uplink):
        await commit(store, uplink, 400)  # nobody acknowledges them
        await came_to(lambda: uplink.connected, "connected")
        assert await uplink.ask(DEDUCT, SOON_S) == Answer(ID, Said.ACCEPTED)
        attest = Attest("5" * 32, "visitor", "京A12345")
        assert (await uplink.ask(attest, SOON_S)).said is Said.DENY
        assert cloud.asked("deduct")[0]["fee_fen"] == 500
        assert park.orders == []

    gateway_story(tmp_path, settings_for(broker.port), story, park)


def test_silence_and_a_late_answer(tmp_path, broker, cloud):
    park = Park()

    async def story(store, uplink):
        await came_to(lambda: uplink.connected, "connected")
        assert await uplink.ask(DEDUCT, LATE_S) is None
        await came_to(lambda: cloud.asked("deduct"), "the question was heard")
        cloud.say("parking", answer(ID))
        await came_to(lambda: park.orders, "the late answer is told")
        assert park.orders == [Answer(ID, Said.PAID)]

    gateway_story(tmp_path, settings_for(broker.port), story, park)


def test_offline_nobody_is_asked(tmp_path):
    async def story(store, uplink):
        assert not uplink.connected
        async with asyncio.timeout(SOON_S):
            assert await uplink.ask(DEDUCT, 1000.0) is None

    gateway_story(tmp_path, settings_for(free_port()), story, Park())


def test_a_box_without_parking_settles_and_counts_what_it_is_told(tmp_path, broker, cloud):
    async def story(store, uplink):
        await came_to(lambda: uplink.connected, "connected")
        cloud.say("parking", revoke(1))
        cloud.say("rights", manifest(1, []))
        await came_to(lambda: uplink.status().not_understood == 2, "both are counted")
        assert cloud.asked("rights") == []

    gateway_story(tmp_path, settings_for(broker.port), story)
