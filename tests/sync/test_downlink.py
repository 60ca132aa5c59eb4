"""What the cloud tells about parking, in a conversation with the broker on paper."""

import asyncio
import json
import logging
from contextlib import suppress

import pytest

from gateway.store import Store
from gateway.sync.asking import Attest, Deduct, RightsWanted
from gateway.sync.broker import Arrived, Over, Ready
from gateway.sync.conversation import Conversation, Figures, Speaker
from gateway.sync.downlink import MAX_ORDER_BYTES, MOST_ORDERS, MOST_SETS, Downlink
from gateway.sync.redial import Ending
from gateway.sync.telling import Answer, Revoke, Said
from tests.sync.test_conversation import PaperConnection
from tests.sync.told import ID, SESSION, Park, answer, revoke

LONG_S = 30.0
DEDUCT = Deduct(ID, "3" * 32, SESSION, "京A12345", 500)


class Scene:
    """One run of a program with one connection after the other."""

    def __init__(self, store: Store, park: Park | None) -> None:
        self.store, self.park = store, park
        self.figures = Figures()
        self.downlink = Downlink(park, self.figures.misunderstood, pause_s=0.01)
        self.mid = 0
        self.connect()

    def connect(self) -> None:
        self.connection = PaperConnection()
        speaker = Speaker("north", "i1")
        self.talk = Conversation(self.store, speaker, self.figures, downlink=self.downlink)
        self.talk.hear(Ready())
        self.running = asyncio.create_task(self.talk.run(self.connection))

    async def hang_up(self) -> None:
        self.talk.hear(Over(Ending.LOST, "the test says so"))
        await self.running

    def hear(self, leaf: str, payload: bytes) -> Arrived:
        self.mid += 1
        message = Arrived(f"lanegate/1/north/dn/{leaf}", payload, self.mid)
        self.talk.hear(message)
        return message

    async def deal(self, leaf: str, payload: bytes) -> None:
        message = self.hear(leaf, payload)
        await self.until(lambda: message in self.connection.settled)

    def ask(self, question, wait_s: float = LONG_S) -> "asyncio.Task[Answer | None]":
        def post(payload: bytes) -> None:
            self.talk.post("ask", payload)

        return asyncio.create_task(self.downlink.ask(question, wait_s, post))

    def asked(self) -> list[dict]:
        return [json.loads(told) for leaf, told in self.connection.published if leaf == "ask"]

    async def until(self, found) -> None:
        async with asyncio.timeout(20):
            while not found():
                await asyncio.sleep(0.002)


@pytest.fixture
def played(tmp_path):
    def play(story, *, parks=True):
        async def run():
            store = Store.open(tmp_path / "lanegate.db", "north")
            scene = Scene(store, Park() if parks else None)
            try:
                await story(scene)
            finally:
                await scene.hang_up()
                await store.close()

        asyncio.run(run())

    return play


# --- orders ------------------------------------------------------------------------------


def test_an_order_is_settled_only_after_it_is_kept(played):
    async def story(scene):
        scene.park.fails = 3
        await scene.deal("parking", revoke(1))
        assert scene.park.tried == 4
        assert scene.park.orders == [Revoke(f"{1:032x}", SESSION)]

    played(story)


def test_orders_are_carried_out_in_their_order_while_the_first_is_tried_again(played):
    async def story(scene):
        scene.park.fails = 2
        for number in range(5):
            scene.hear("parking", revoke(number))
        await scene.until(lambda: len(scene.connection.settled) == 5)
        assert [int(order.told_id, 16) for order in scene.park.orders] == list(range(5))

    played(story)


def test_a_heavy_order_holds_up_neither_acknowledgements_nor_rights_nor_answers(played):
    async def story(scene):
        scene.park.gate.clear()
        heavy = scene.hear("parking", revoke(1))
        asking = scene.ask(DEDUCT)
        await scene.until(scene.asked)
        await scene.deal("rights", b"{}")
        await scene.deal("ctl", b'{"do":"dance"}')
        scene.hear("parking", answer(ID))
        assert (await asking).said is Said.PAID
        assert heavy not in scene.connection.settled
        scene.park.gate.set()
        await scene.until(lambda: len(scene.connection.settled) == 4)

    played(story)


def test_an_order_that_was_not_kept_comes_again_with_the_next_connection(played):
    async def story(scene):
        scene.park.gate.clear()
        scene.hear("parking", revoke(1))
        await scene.until(lambda: scene.park.tried)
        await scene.hang_up()
        assert scene.connection.settled == []
        scene.park.gate.set()
        scene.connect()
        await scene.deal("parking", revoke(1))
        assert len(scene.park.orders) == 1

    played(story)


def test_what_is_not_understood_is_counted_and_settled(played):
    async def story(scene):
        await scene.deal("parking", b"\xff")
        await scene.deal("parking", b'{"do":"pay"}')
        await scene.deal("parking", revoke(1) + b" " * MAX_ORDER_BYTES)
        await scene.deal("rights-set", b"nonsense")
        assert scene.figures.not_understood == 4
        await scene.deal("parking", b'{"do":"dance"}')
        assert scene.figures.not_understood == 4
        assert scene.park.orders == []

    played(story)


def test_a_mistake_of_the_program_leaves_one_order_unsettled_and_the_next_goes_on(played):
    async def story(scene):
        scene.park.breaks = True
        broken = scene.hear("parking", revoke(1))
        await scene.until(lambda: scene.park.tried)
        scene.park.breaks = False
        await scene.deal("parking", revoke(2))
        assert broken not in scene.connection.settled

    played(story)


def test_of_too_many_orders_the_last_come_again_and_of_too_many_parts_they_are_asked_for(played):
    async def story(scene):
        scene.park.gate.clear()
        for number in range(MOST_ORDERS + 3):
            scene.hear("parking", revoke(number))
        scene.park.gate.set()
        await scene.until(lambda: len(scene.connection.settled) == MOST_ORDERS)
        await scene.deal("parking", revoke(999))
        assert len(scene.park.orders) == MOST_ORDERS + 1
        for _ in range(MOST_SETS + 3):
            scene.hear("rights-set", b"{}")
        await scene.until(lambda: len(scene.connection.settled) == MOST_ORDERS + MOST_SETS + 4)
        assert len(scene.park.rights) == MOST_SETS

    played(story)


def test_a_box_without_parking_passes_over_all_of_it_and_says_so_once(played, caplog):
    async def story(scene):
        with caplog.at_level(logging.WARNING):
            for _ in range(3):
                await scene.deal("parking", revoke(1))
        assert scene.figures.not_understood == 3
        assert sum("no `parking:` section" in line for line in caplog.messages) == 1
        await scene.deal("rights", b"{}")
        await scene.deal("rights-set", b"{}")

    played(story, parks=False)


def test_rights_go_where_rights_are_kept_in_the_order_of_their_coming(played):
    async def story(scene):
        told = [("rights", b"1"), ("rights-set", b"2"), ("rights", b"3")]
        for leaf, payload in told:
            scene.hear(leaf, payload)
        await scene.until(lambda: len(scene.connection.settled) == 3)
        assert scene.park.rights == told

    played(story)


# --- questions ---------------------------------------------------------------------------


def test_a_question_goes_out_at_once_and_its_answer_comes_back(played):
    async def story(scene):
        asking = scene.ask(DEDUCT, 0.8 + LONG_S)
        await scene.until(scene.asked)
        assert scene.asked() == [
            {
                "ask": "deduct",
                "ask_id": ID,
                "order_id": "3" * 32,
                "session_id": SESSION,
                "plate": "京A12345",
                "fee_fen": 500,
                "wait_ms": 30_800,
            }
        ]
        await scene.deal("parking", answer("9" * 32))
        assert not asking.done()
        await scene.deal("parking", answer(ID))
        assert await asking == Answer(ID, Said.PAID)
        assert scene.park.orders == [Answer("9" * 32, Said.PAID)]

    played(story)


def test_a_question_is_sent_before_the_conversation_has_dealt_with_anything_else(played):
    async def story(scene):
        await scene.until(lambda: scene.talk.answering)
        asking = scene.ask(DEDUCT)
        await asyncio.sleep(0)  # no step of the conversation can have been taken
        assert scene.connection.leaves()[-1] == "ask"
        asking.cancel()

    played(story)


def test_questions_of_two_lanes_have_each_their_answer(played):
    async def story(scene):
        one = scene.ask(DEDUCT)
        other = scene.ask(Attest("5" * 32, "visitor", "京A12345"))
        await scene.until(lambda: len(scene.asked()) == 2)
        scene.hear("parking", answer("5" * 32, "deny"))
        scene.hear("parking", answer(ID, "refused"))
        assert (await one).said is Said.REFUSED
        assert (await other).said is Said.DENY

    played(story)


def test_silence_is_none_and_a_late_answer_is_told_to_the_car_park(played):
    async def story(scene):
        assert await scene.ask(DEDUCT, 0.01) is None
        await scene.deal("parking", answer(ID))
        assert scene.park.orders == [Answer(ID, Said.PAID)]

    played(story)


def test_an_answer_that_comes_twice_counts_once(played):
    async def story(scene):
        asking = scene.ask(DEDUCT)
        await scene.until(scene.asked)
        await scene.deal("parking", answer(ID))
        assert (await asking).said is Said.PAID
        await scene.deal("parking", answer(ID))
        assert scene.park.orders == []

    played(story)


def test_an_answer_is_the_askers_however_quick_its_line_is(played):
    async def story(scene):
        asking = scene.ask(DEDUCT)
        await scene.until(scene.asked)
        scene.hear("parking", b'{"do":"dance"}')
        await scene.deal("parking", answer(ID))
        assert (await asking).said is Said.PAID
        assert scene.park.orders == []

    played(story)


def test_who_gives_up_in_the_moment_of_the_answer_leaves_it_to_the_car_park(played):
    async def story(scene):
        asking = scene.ask(DEDUCT)
        await scene.until(scene.asked)
        message = scene.hear("parking", answer(ID))
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking
        await scene.until(lambda: message in scene.connection.settled)
        assert scene.park.orders == [Answer(ID, Said.PAID)]

    played(story)


def test_the_rights_are_asked_for_with_what_is_held_and_what_was_wrong(played):
    async def story(scene):
        scene.park.wanted = RightsWanted(40, "ab" * 32, "right 3 has no plate")
        scene.talk.wake()
        await scene.until(scene.asked)
        scene.park.wanted = RightsWanted(0, "")
        await scene.deal("rights", b"{}")  # dealing with it leads to the question at once
        await scene.until(lambda: len(scene.asked()) == 2)
        have = {"version": 40, "hash": "ab" * 32}
        assert scene.asked() == [
            {"ask": "rights", "have": have, "why": "right 3 has no plate"},
            {"ask": "rights", "have": {"version": 0, "hash": "0" * 64}},
        ]

    played(story)
