"""Receivers that share one PostgreSQL, message by message."""

import contextlib
import random
import threading
from dataclasses import replace

import pytest

from gateway.sync import messages, protocol, receipts
from gateway.sync.broker import Arrived
from gateway.sync.cloud.postgresql import open_postgresql
from gateway.sync.protocol import Hello, Moment, Resend, genesis
from gateway.sync.session import Manner
from tests.sync.paper import GW, PaperGateway, PaperReceiver

REC = protocol.up(GW, "rec")
HOLD_S = 0.5


@pytest.fixture
def group(postgres):
    """Makes receivers of one group."""
    url, opened = postgres.new_database(), []

    def new() -> PaperReceiver:
        opened.append(open_postgresql(url))
        return PaperReceiver(opened[-1], Manner(hold_s=HOLD_S))

    yield new
    for db in opened:
        db.close()


def backlog(records: int, size: int = 2) -> tuple[PaperGateway, list[bytes]]:
    gateway = PaperGateway()
    for _ in range(records):
        gateway.commit()
    gateway.link.sent.clear()
    while gateway.send(size):
        gateway.desk._sender = replace(gateway.state, window=())
    return gateway, [payload for _, payload in gateway.link.sent]


def stored(receiver) -> list[str]:
    sql = "select body from record where applied <> 0 order by epoch, seq"
    return [row[0] for row in receiver.db.execute(sql).fetchall()]


def orders(receiver, kind):
    told = [messages.decode_ctl(payload) for topic, payload in receiver.link.sent if "ctl" in topic]
    return [order for order in told if isinstance(order, kind)]


def test_a_batch_that_overtook_the_one_before_waits_for_it_at_another_receiver(group):
    _, (first, second, third, *_) = backlog(8)
    one, two = group(), group()
    two.hear(REC, second)
    two.hear(REC, third)
    assert (two.link.sent, two.link.settled) == ([], 0)
    one.hear(REC, first)
    two.session._look_around()
    assert stored(two) == stored(one)
    assert len(stored(two)) == 6
    assert two.link.settled == 2
    assert [messages.decode_ack(payload).upto.seq for _, payload in two.link.sent] == [4, 6]
    assert two.figures.counted["held"] == 2


def test_batches_that_arrive_together_in_any_order_are_stored_at_once(group):
    _, payloads = backlog(8)
    receiver = group()
    arrived = [Arrived(REC, payload, mid) for mid, payload in enumerate(reversed(payloads), 1)]
    receiver.session.deal_with_all(arrived)
    assert len(stored(receiver)) == 8
    assert receiver.link.settled == 4
    assert orders(receiver, Resend) == []


def test_a_batch_that_never_comes_is_asked_for_once_by_each_receiver(group):
    gateway, (first, _, third, fourth) = backlog(8)
    one, two = group(), group()
    one.hear(REC, first)
    one.hear(REC, fourth)
    two.hear(REC, third)
    for receiver in (one, two):
        receiver.session._look_around()
        assert orders(receiver, Resend) == []
        receiver.now += HOLD_S
        receiver.session._look_around()
        receiver.hear(REC, fourth)
        receiver.now += HOLD_S
        receiver.session._look_around()
        assert orders(receiver, Resend) == [Resend(gateway.state.epoch, 3)]
    assert (one.link.settled, two.link.settled) == (3, 2)


def test_only_so_many_batches_wait_and_the_rest_is_not_kept_from_the_broker(group):
    _, payloads = backlog(60)
    receiver = group()
    for payload in payloads[1:]:
        receiver.hear(REC, payload)
    assert len(receiver.session._judge.held) == 10
    assert receiver.link.settled == 19
    assert len(orders(receiver, Resend)) == 1


def test_the_same_history_at_two_receivers_at_once_is_stored_once(group):
    """Each gets all of it, shuffled and cut otherwise; without the lock both would store it."""
    gateway, payloads = backlog(400, size=5)
    receivers = [group() for _ in range(3)]
    trouble = []

    def work(receiver, seed):
        mine = payloads * 2
        random.Random(seed).shuffle(mine)
        try:
            for at in range(0, len(mine), 3):
                arrived = [Arrived(REC, payload, 1) for payload in mine[at : at + 3]]
                receiver.session.deal_with_all(arrived)
            while receiver.session._judge.held:
                receiver.now += 0.1
                receiver.session._look_around()
            for payload in payloads:
                receiver.hear(REC, payload)
        except Exception as error:  # noqa: BLE001 -- told by the test
            trouble.append(error)

    threads = [
        threading.Thread(target=work, args=pair) for pair in zip(receivers, "abc", strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert trouble == []
    assert receivers[0].summary() == {"passes": 400, "records": 400, "duplicated": 0, "gaps": 0}
    known = receipts.newest_epochs(receivers[0].db, "~")
    assert [upto for _, _, upto in known] == [gateway.state.sent]
    assert sum(receiver.figures.records for receiver in receivers) == 400


def test_what_comes_late_from_a_receiver_that_died_makes_no_clone_of_a_restarted_box(group):
    receiver, start = group(), genesis("e1")

    def hello(inst: str, mono_ms: int) -> None:
        now = Moment("2026-01-01T00:00:00.000Z", "b0" * 16, "ok", mono_ms)
        receiver.now += 1.0
        receiver.hear(
            protocol.up(GW, "hello"), messages.encode(Hello(GW, inst, "e1", start, 1, now=now))
        )

    hello("a", 1_000)
    hello("b", 20_000)
    hello("a", 2_000)
    hello("b", 21_000)
    hello("a", 3_000)
    assert receiver.counted["cloned"] == 0
    for mono_ms, inst in enumerate("aba", 30):
        hello(inst, mono_ms * 1000)
    assert receiver.counted["cloned"] == 1


def test_a_receiver_that_joins_leaves_alone_who_is_being_served(group):
    _, (first, *_) = backlog(4)
    one, two = group(), group()
    one.hear(REC, first)
    two.session.ask_all_to_go_on()
    assert orders(two, Resend) == []
    one.db.execute("update epoch set stored_at = '2025-12-31T23:59:00.000Z'")
    two.session.ask_all_to_go_on()
    assert len(orders(two, Resend)) == 1


def test_a_receiver_that_was_killed_within_its_transaction_holds_nobody_up(group, postgres):
    _, (first, *_) = backlog(4)
    one, two = group(), group()
    with contextlib.suppress(*one.db.errors), one.db.writing([GW]):
        pid = one.db.execute("select pg_backend_pid()").fetchone()[0]
        two.db.execute("select pg_terminate_backend(?)", (pid,))
        one.db.execute("select 1")
    two.hear(REC, first)
    assert len(stored(two)) == 2
