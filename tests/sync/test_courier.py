"""Pictures beside records on one connection: real pictures, a real store, the broker on paper."""

import asyncio

import pytest

from gateway.evidence import Evidence
from gateway.store import Store
from gateway.sync import courier as courier_module
from gateway.sync import messages
from gateway.sync.broker import Arrived, Over, Ready, Taken
from gateway.sync.conversation import PICTURE_S, RECEIPT_S, Conversation, Figures, Speaker
from gateway.sync.courier import LOOK_S, Courier
from gateway.sync.protocol import Ack, Have, Position, Slow, Want
from gateway.sync.redial import Ending
from gateway.sync.snaps import BACK_OFF_S, LARGEST, PATIENCE_S, PicturePolicy
from tests.storing import NOON
from tests.sync.picturing import kept
from tests.sync.test_conversation import AlarmCode, PaperConnection

ABSENT = "ab" * 32


class Box:
    """A gateway's store and pictures, connected once or more often."""

    def __init__(self, folder, policy=PicturePolicy.ALL) -> None:
        self.now = 100.0
        self.store = Store.open(folder / "lanegate.db", "north")
        self.evidence = Evidence(folder / "evidence", 100)
        self.courier = Courier(self.evidence, policy, 0.0, lambda: self.now)
        self.figures, self.mids = Figures(), iter(range(1, 10_000))
        self.running = asyncio.create_task(self.courier.run())

    def connect(self) -> None:
        self.connection = PaperPublisher()
        self.talk = Conversation(
            self.store, Speaker("north", "i1"), self.figures, self.clock, courier=self.courier
        )
        self.courier.ready = self.talk.wake
        self.talk.hear(Ready())
        self.talking = asyncio.create_task(self.talk.run(self.connection))

    def clock(self) -> float:
        return self.now

    async def disconnect(self) -> Over:
        self.talk.hear(Over(Ending.LOST, "the test is over"))
        return await self.talking

    async def end(self) -> None:
        if not self.talking.done():
            await self.disconnect()
        self.running.cancel()
        await self.evidence.close()
        await self.store.close()

    # --- what happens to it

    async def commit(self) -> None:
        await self.store.alarm("lane-1", AlarmCode.NO_PLATE, "", NOON)
        self.talk.wake()

    async def hear(self, leaf: str, payload: bytes) -> None:
        message = Arrived(f"lanegate/1/north/dn/{leaf}", payload, next(self.mids))
        self.talk.hear(message)
        await self.until(lambda: message in self.connection.settled)

    async def ack(self) -> None:
        meta = await self.store.meta()
        await self.hear("ack", messages.encode(Ack(meta.epoch, Position(*meta.last))))

    async def order(self, order) -> None:
        await self.hear("ctl", messages.encode(order))

    async def broker_takes_all(self) -> None:
        for mid in range(len(self.connection.published)):
            self.talk.hear(Taken(mid + 1))
        await self.settled()

    async def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.talk.wake()
        await self.settled()

    async def settled(self) -> None:
        """Whatever was on its way inside has come to rest."""
        for _ in range(5):
            self.talk.wake()
            await self.evidence.figures()
            await self.store.meta()
            await asyncio.sleep(0.002)

    async def until(self, found) -> None:
        async with asyncio.timeout(20):
            while not found():
                await asyncio.sleep(0.002)

    # --- what came of it

    @property
    def snaps(self) -> list[str]:
        return [topic[5:] for topic, _ in self.connection.published if topic.startswith("snap/")]

    async def sends(self, count: int) -> list[str]:
        def sent() -> bool:
            self.talk.wake()
            return len(self.snaps) >= count

        await self.until(sent)
        return self.snaps


class PaperPublisher(PaperConnection):
    def publish(self, topic, payload, *, retain=False):
        self.published.append((topic.removeprefix("lanegate/1/north/up/"), payload))
        return len(self.published)


@pytest.fixture
def played(tmp_path, monkeypatch):
    monkeypatch.setattr(courier_module, "LOOK_S", 0.0)

    def play(story, policy=PicturePolicy.ALL):
        async def run():
            box = Box(tmp_path, policy)
            box.connect()
            try:
                async with asyncio.timeout(60):
                    return await story(box)
            finally:
                await box.end()

        return asyncio.run(run())

    return play


def test_pictures_go_one_by_one_and_each_when_the_cloud_has_the_one_before(played):
    async def story(box):
        names = await kept(box.evidence, 3)
        for count in (1, 2, 3):
            assert await box.sends(count) == names[:count]
            await box.broker_takes_all()
            assert box.snaps == names[:count], "the broker is not the cloud"
            await box.order(Have((names[count - 1],)))
        await box.settled()
        assert (await box.evidence.figures()).on_disk.unsent == 0
        assert box.snaps == names

    played(story)


def test_no_picture_goes_while_a_record_waits_for_its_acknowledgement(played):
    async def story(box):
        await box.commit()
        names = await kept(box.evidence, 2)
        await box.until(lambda: "rec" in box.connection.leaves())
        await box.settled()
        assert box.snaps == []
        await box.ack()
        assert await box.sends(1) == names[:1]
        await box.broker_takes_all()
        await box.commit()
        await box.until(lambda: box.connection.leaves().count("rec") == 2)
        await box.order(Have((names[0],)))
        await box.settled()
        assert box.snaps == names[:1], "the cloud is ready for the next, but a record is in flight"
        await box.ack()
        await box.sends(2)

    played(story)


def test_a_record_is_sent_at_once_behind_the_picture_that_is_on_the_wire(played):
    async def story(box):
        await kept(box.evidence, 5)
        await box.sends(1)
        await box.commit()
        await box.until(lambda: "rec" in box.connection.leaves())
        assert len(box.snaps) == 1

    played(story)


def test_only_what_was_asked_for_leaves_the_box_and_a_restart_forgets_no_order(played):
    async def first(box):
        names = await kept(box.evidence, 4)
        await box.settled()
        assert box.snaps == []
        await box.order(Want((names[2], names[1], ABSENT)))
        assert set(await box.sends(2)) == {ABSENT, names[2]}
        assert ("snap/" + ABSENT, b"") in box.connection.published, "empty: it is not here"
        return names

    async def second(box):
        assert (await box.sends(1)) == [names[2]], "no answer came before the end"
        await box.order(Have((names[2],)))
        assert (await box.sends(2))[1] == names[1]
        await box.order(Have((names[1],)))
        await box.pass_time(1000)
        assert len(box.snaps) == 2

    names = played(first, PicturePolicy.ASKED)
    played(second, PicturePolicy.ASKED)


def test_a_box_that_gives_no_pictures_says_so(played):
    async def story(box):
        (name,) = await kept(box.evidence, 1)
        await box.order(Want((name,)))
        await box.sends(1)
        assert box.connection.published[-1] == (f"snap/{name}", b"")

    played(story, PicturePolicy.NONE)


def test_what_is_not_here_is_told_at_once_however_much_it_is(played):
    async def story(box):
        names = tuple(f"{number:064x}" for number in range(60))
        await box.order(Want(names))
        await box.until(lambda: box.snaps == list(names))

    played(story)


def test_no_picture_goes_to_a_cloud_that_asked_for_less(played):
    async def story(box):
        await box.settled()
        await box.order(Slow(1000.0, 60.0))
        (name,) = await kept(box.evidence, 1)
        await box.broker_takes_all()
        await box.pass_time(59.9)
        assert box.snaps == []
        await box.pass_time(0.2)
        assert await box.sends(1) == [name]

    played(story)


def loaded(tmp_path, story, policy=PicturePolicy.ALL):
    """`story(evidence, courier, names, now)` with two pictures on the disk, and no line."""

    async def run():
        evidence, now = Evidence(tmp_path, 100), [100.0]
        courier = Courier(evidence, policy, 0.0, lambda: now[0])
        running = asyncio.create_task(courier.run())
        try:
            async with asyncio.timeout(20):
                names = await kept(evidence, 2)
                assert courier.next() is None, "it is only loaded when there is room for it"
                while courier._loaded is None and courier._look_at < 0:
                    await asyncio.sleep(0.002)
                await story(evidence, courier, names, now)
        finally:
            running.cancel()
            await evidence.close()

    asyncio.run(run())


async def next_of(courier):
    while (snap := courier.next()) is None:
        await asyncio.sleep(0.002)
    return snap


def test_a_picture_that_was_deleted_while_it_waited_in_memory_is_not_sent(tmp_path):
    async def story(evidence, courier, names, now):
        await evidence.forget([names[0]])
        now[0] += LOOK_S + 0.1
        assert (await next_of(courier)).name == names[1]

    loaded(tmp_path, story)


def test_an_order_is_followed_at_once_though_there_was_nothing_to_send_before(tmp_path):
    async def story(evidence, courier, names, now):
        assert courier._loaded is None
        courier.hear(Want((names[1],)))
        assert (await next_of(courier)).name == names[1]

    loaded(tmp_path, story, PicturePolicy.ASKED)


def test_a_picture_that_the_cloud_has_meanwhile_is_not_sent(tmp_path):
    async def story(evidence, courier, names, now):
        courier.hear(Have((names[0],)))
        while courier._orders or courier._loaded:
            await asyncio.sleep(0.002)
        assert (await next_of(courier)).name == names[1]

    loaded(tmp_path, story)


def test_what_is_too_large_or_damaged_is_said_to_be_gone_and_holds_up_nothing(played):
    async def story(box):
        names = await kept(box.evidence, 3, size=LARGEST + 1)
        box.evidence.path(names[1]).write_bytes(b"other")
        (small,) = await kept(box.evidence, 1)
        await box.order(Want((*names, small)))
        await box.sends(4)
        told = dict(box.connection.published)
        assert [len(told[f"snap/{name}"]) for name in (*names, small)] == [0, 0, 0, 2000]

    played(story, PicturePolicy.ASKED)


def test_a_disk_that_cannot_be_read_does_not_say_that_a_picture_is_gone(played):
    async def story(box):
        bad, good = await kept(box.evidence, 2)
        content = box.evidence.path(bad).read_bytes()
        box.evidence.path(bad).unlink()
        box.evidence.path(bad).mkdir()
        await box.order(Want((bad, good)))
        assert await box.sends(1) == [good]
        await box.order(Have((good,)))
        box.evidence.path(bad).rmdir()
        box.evidence.path(bad).write_bytes(content)
        await box.broker_takes_all()
        await box.pass_time(BACK_OFF_S)
        assert await box.sends(2) == [good, bad]
        assert box.connection.published[-1][1] == content

    played(story, PicturePolicy.ASKED)


def test_a_picture_without_an_answer_comes_again_after_the_others(played):
    async def story(box):
        names = await kept(box.evidence, 2)
        await box.sends(1)
        await box.broker_takes_all()
        await box.pass_time(PATIENCE_S)
        assert (await box.sends(2)) == names
        await box.broker_takes_all()
        await box.order(Have((names[1],)))
        await box.pass_time(BACK_OFF_S)
        assert (await box.sends(3))[2] == names[0]

    played(story)


def test_a_broken_connection_sends_what_was_not_answered_again_but_not_at_once(played):
    async def story(box):
        names = await kept(box.evidence, 1)
        await box.sends(1)
        await box.disconnect()
        box.connect()
        await box.settled()
        assert box.snaps == [], "it may have been too much for the line"
        await box.broker_takes_all()
        await box.pass_time(BACK_OFF_S)
        assert await box.sends(1) == names

    played(story)


def test_a_slow_line_is_given_time_for_a_picture_and_for_what_is_behind_it(played):
    async def story(box):
        await kept(box.evidence, 1)
        await box.sends(1)
        for mid in range(len(box.connection.published) - 1):
            box.talk.hear(Taken(mid + 1))
        await box.commit()
        await box.until(lambda: "rec" in box.connection.leaves())
        box.now += RECEIPT_S + PICTURE_S - 1
        box.talk.wake()
        await box.settled()
        assert box.talk.ready
        assert box.connection.leaves().count("rec") == 1, "not sent twice: it is still on its way"
        snap = next(i for i, leaf in enumerate(box.connection.published) if "snap/" in leaf[0])
        box.talk.hear(Taken(snap + 1))
        await box.settled()
        assert box.talk.ready, "the record's receipt is due from now on"
        assert box.connection.leaves().count("rec") == 1
        box.now += RECEIPT_S + 0.1
        box.talk.wake()
        await box.until(lambda: not box.talk.ready)

    played(story)


def test_a_line_that_takes_no_picture_for_ever_is_given_up(played):
    async def story(box):
        await kept(box.evidence, 1)
        await box.sends(1)
        box.talk.hear(Taken(1))
        await box.settled()
        assert box.connection.leaves()[0] == "hello"
        assert len(box.connection.leaves()) == 2
        await box.pass_time(RECEIPT_S + PICTURE_S - 1)
        assert box.talk.ready
        box.now += 2
        box.talk.wake()
        await box.until(lambda: not box.talk.ready)

    played(story)
