"""One connection's talk with the cloud, with a real store and the broker on paper."""

import asyncio
import itertools

import pytest

from gateway.lane.reports import AlarmCode
from gateway.store import Store
from gateway.sync import messages
from gateway.sync.broker import Arrived, Over, Ready, Taken
from gateway.sync.conversation import RECEIPT_S, Conversation, Figures, Speaker
from gateway.sync.desk import NEW_EPOCH_PAUSE_S
from gateway.sync.protocol import Ack, Position, Resend
from gateway.sync.redial import Ending
from tests.storing import NOON


class PaperConnection:
    """Keeps what is published; takes (receipts) only when told to."""

    def __init__(self) -> None:
        self.published: list[tuple[str, bytes]] = []
        self.settled: list[Arrived] = []
        self.thread_lives = True

    def publish(self, topic, payload, *, retain=False):
        self.published.append((topic.rpartition("/")[2], payload))
        return len(self.published)

    def settle(self, message):
        self.settled.append(message)

    def alive(self):
        return self.thread_lives

    def close(self):
        pass

    def leaves(self) -> list[str]:
        return [leaf for leaf, _ in self.published]


class Scene:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = 100.0
        self.mids = itertools.count(1)
        self.figures = Figures()
        self.connection = PaperConnection()
        self.talk = Conversation(store, Speaker("north", "i1"), self.figures, lambda: self.now)
        self.talk.hear(Ready())

    async def hear(self, leaf: str, payload: bytes) -> None:
        message = Arrived(f"lanegate/1/north/dn/{leaf}", payload, next(self.mids))
        self.talk.hear(message)
        await self.until(lambda: message in self.connection.settled)

    async def ack(self, seq: int, chain: bytes | None = None) -> None:
        epoch = (await self.store.meta()).epoch
        chain = chain or await self.store.chain_at(seq)
        await self.hear("ack", messages.encode(Ack(epoch, Position(seq, chain))))

    async def commit(self, count: int = 1) -> None:
        for _ in range(count):
            await self.store.alarm("lane-1", AlarmCode.NO_PLATE, "", NOON)
        self.talk.wake()

    async def taken(self) -> None:
        for mid in range(len(self.connection.published)):
            self.talk.hear(Taken(mid + 1))

    async def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.talk.wake()

    async def until(self, found) -> None:
        async with asyncio.timeout(10):
            while not found():
                await asyncio.sleep(0.002)


@pytest.fixture
def played(tmp_path):
    def play(story, records=0):
        async def run():
            store = Store.open(tmp_path / "lanegate.db", "north")
            scene = Scene(store)
            await scene.commit(records)
            talking = asyncio.create_task(scene.talk.run(scene.connection))
            await scene.until(lambda: scene.connection.published)
            try:
                await story(scene)
            finally:
                scene.talk.hear(Over(Ending.LOST, "the test is over"))
                over = await talking
                await store.close()
            return over

        return asyncio.run(run())

    return play


def test_hello_comes_first_then_what_is_not_done(played):
    async def story(scene):
        scene.talk.show(b"{}")
        await scene.until(lambda: "state" in scene.connection.leaves())

    async def check(scene):
        await story(scene)
        assert scene.connection.leaves()[:2] == ["hello", "rec"]

    played(check, records=3)


def test_a_broker_that_takes_nothing_is_given_up(played):
    async def story(scene):
        await scene.pass_time(RECEIPT_S - 0.1)
        await asyncio.sleep(0.05)
        assert scene.talk.ready
        await scene.pass_time(0.2)
        await scene.until(lambda: not scene.talk.ready)

    over = played(story)
    assert over == Over(Ending.LOST, "it took no message for 10 s")


def test_a_broker_that_takes_everything_may_be_quiet_for_long(played):
    async def story(scene):
        await scene.taken()
        await scene.pass_time(RECEIPT_S * 100)
        await asyncio.sleep(0.05)
        assert scene.talk.ready

    played(story)


def test_the_brokers_receipts_tell_how_fast_the_link_is_whatever_the_cloud_is_busy_with(played):
    async def story(scene):
        await scene.until(lambda: "rec" in scene.connection.leaves())
        for link_s in (0.25, 0.01):
            scene.now += link_s
            await scene.taken()
            assert scene.talk._desk.link_s == pytest.approx(link_s)
            await scene.pass_time(3.0)
            await scene.commit()
            await scene.until(lambda: scene.connection.leaves().count("rec") > 1)

    played(story, records=1)


def test_a_network_thread_that_died_is_noticed(played):
    async def story(scene):
        scene.connection.thread_lives = False
        scene.talk.wake()
        await scene.until(lambda: not scene.talk.ready)

    assert played(story) == Over(Ending.LOST, "its thread ended")


def test_a_silent_cloud_is_asked_again_and_is_not_called_answering(played):
    async def story(scene):
        await scene.until(lambda: "rec" in scene.connection.leaves())
        await scene.taken()
        assert scene.talk.answering
        await scene.pass_time(5.1)
        await scene.until(lambda: len(scene.connection.leaves()) == 4)
        assert scene.connection.leaves() == ["hello", "rec", "hello", "rec"]
        first, again = (
            messages.decode_batch(scene.connection.published[place][1]) for place in (1, 3)
        )
        assert (first.before, first.lines) == (again.before, again.lines)
        assert not scene.talk.answering
        await scene.ack(2)
        assert scene.talk.answering

    played(story, records=2)


def test_only_the_clouds_right_acknowledgement_is_made_durable(played):
    async def story(scene):
        await scene.until(lambda: "rec" in scene.connection.leaves())
        await scene.taken()
        assert (await scene.store.meta()).unacked == 5
        await scene.ack(3)
        assert (await scene.store.meta()).unacked == 2
        assert scene.figures.acked_at == scene.now

    played(story, records=5)


def test_a_cloud_that_is_always_wrong_gets_one_new_epoch_a_minute(played):
    async def story(scene):
        epochs = {(await scene.store.meta()).epoch}
        for _ in range(5):
            await scene.ack(1, chain=b"\7" * 32)
            epochs.add((await scene.store.meta()).epoch)
        assert len(epochs) == 2
        await scene.until(lambda: scene.connection.leaves().count("rec") == 2)
        await scene.taken()
        await scene.pass_time(NEW_EPOCH_PAUSE_S)
        await scene.taken()
        await scene.ack(1, chain=b"\7" * 32)
        epochs.add((await scene.store.meta()).epoch)
        assert len(epochs) == 3
        assert (await scene.store.counts())["alarms"] == 1 + 2

    played(story, records=1)


def test_after_a_fork_everything_goes_out_under_the_new_epoch(played):
    async def story(scene):
        await scene.until(lambda: "rec" in scene.connection.leaves())
        await scene.ack(2, chain=b"\7" * 32)
        await scene.until(lambda: scene.connection.leaves().count("rec") == 2)
        batch = messages.decode_batch(scene.connection.published[-1][1])
        assert batch.epoch == (await scene.store.meta()).epoch
        assert len(batch.lines) == 3

    played(story, records=2)


def test_an_order_to_go_back_is_followed(played):
    async def story(scene):
        await scene.until(lambda: "rec" in scene.connection.leaves())
        epoch = (await scene.store.meta()).epoch
        await scene.hear("ctl", messages.encode(Resend(epoch, 2)))
        await scene.until(lambda: scene.connection.leaves().count("rec") == 2)
        assert messages.decode_batch(scene.connection.published[-1][1]).before.seq == 1

    played(story, records=3)


def test_what_is_not_understood_is_counted_and_settled(played):
    async def story(scene):
        for leaf in ("ack", "ctl"):
            await scene.hear(leaf, b"\xff")
        await scene.hear("ctl", b'{"do":"dance"}')
        assert scene.figures.not_understood == 2

    played(story)


def test_of_many_states_only_the_last_goes_out(played):
    async def story(scene):
        scene.talk.show(b"1")
        scene.talk.show(b"2")
        await scene.until(lambda: "state" in scene.connection.leaves())
        assert [p for leaf, p in scene.connection.published if leaf == "state"] == [b"2"]

    played(story)
