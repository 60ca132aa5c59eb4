"""The gateway's half of the protocol, one rule at a time."""

import pytest

from gateway.store import outbox
from gateway.sync import messages, protocol, sender
from gateway.sync.protocol import Ack, Fork, Position, Resend
from gateway.sync.sender import MarkDone, NewEpoch
from tests.sync.paper import PaperGateway, PaperReceiver, heal


def a_gateway(records: int, size: int = 0) -> PaperGateway:
    gateway = PaperGateway()
    gateway.link.sent.clear()
    for _ in range(records):
        gateway.commit(size)
    return gateway


def batches(gateway: PaperGateway) -> list[protocol.Batch]:
    return [
        messages.decode_batch(body) for topic, body in gateway.link.sent if topic.endswith("rec")
    ]


def position(gateway: PaperGateway, seq: int) -> Position:
    chain = outbox.chain_at(gateway.db, seq)
    assert chain is not None
    return Position(seq, chain)


def ack(gateway: PaperGateway, seq: int) -> None:
    message = Ack(gateway.state.epoch, position(gateway, seq))
    gateway.hear("lanegate/1/north/dn/ack", messages.encode(message))


def unacked(gateway: PaperGateway) -> int:
    return outbox.meta(gateway.db).unacked


def test_at_most_four_batches_of_two_hundred_are_under_way():
    gateway = a_gateway(1001)
    while gateway.send(500):
        pass
    assert [len(batch.lines) for batch in batches(gateway)] == [200, 200, 200, 200]
    ack(gateway, 200)
    assert gateway.send(500)
    assert batches(gateway)[-1].before.seq == 800


def test_a_batch_is_cut_before_128_kib_but_never_empty():
    gateway = a_gateway(3, size=60_000)
    gateway.commit(200_000)
    while gateway.send():
        pass
    assert [len(batch.lines) for batch in batches(gateway)] == [2, 1, 1]


def test_an_acknowledgement_covers_all_before_it_and_nothing_behind():
    gateway = a_gateway(6)
    gateway.send(3)
    gateway.send(3)
    ack(gateway, 4)
    assert unacked(gateway) == 2
    assert len(gateway.state.window) == 1


def test_an_old_acknowledgement_takes_nothing_back():
    gateway = a_gateway(6)
    gateway.send()
    ack(gateway, 6)
    ack(gateway, 2)
    assert unacked(gateway) == 0
    assert (gateway.state.acked.seq, gateway.state.sent.seq) == (6, 6)


def test_an_acknowledgement_may_come_after_a_crash_before_anything_is_sent_again():
    gateway = a_gateway(6)
    gateway.send()
    gateway.crash()
    ack(gateway, 5)
    assert unacked(gateway) == 1
    gateway.send()
    assert batches(gateway)[-1].before.seq == 5


@pytest.mark.parametrize(("seq", "why"), [(3, "has another record 3"), (9, "9, which never was")])
def test_an_acknowledgement_of_another_history_begins_a_new_one(seq, why):
    gateway = a_gateway(6)
    gateway.send()
    before = gateway.bodies()
    ack(gateway, 2)
    old = gateway.state.epoch
    foreign = Ack(old, Position(seq, b"\1" * 32))
    gateway.hear("lanegate/1/north/dn/ack", messages.encode(foreign))
    assert why in gateway.forks[0]
    assert gateway.state.epoch != old
    assert unacked(gateway) == 7
    assert gateway.bodies()[:6] == before
    records = outbox.records_after(gateway.db, 0, 9)
    assert [record.seq for record in records] == [1, 2, 3, 4, 5, 6, 7]
    assert "history_forked" in records[6].body


def test_messages_about_another_epoch_mean_nothing():
    gateway = a_gateway(3)
    gateway.send()
    before = gateway.state
    at = position(gateway, 3)
    assert sender.on_ack(before, Ack("another", at), at.chain) == (before, None)
    assert sender.on_fork(before, Fork("another", at)) is None
    assert sender.on_resend(before, Resend("another", 1), at.chain, 99.0) is before


def test_a_fork_of_this_epoch_begins_a_new_one():
    gateway = a_gateway(3)
    order = Fork(gateway.state.epoch, Position(8, b"\1" * 32))
    effect = sender.on_fork(gateway.state, order)
    assert isinstance(effect, NewEpoch)
    assert "record 8" in effect.reason


def test_the_right_acknowledgement_is_to_be_made_durable():
    gateway = a_gateway(3)
    gateway.send()
    at = position(gateway, 3)
    state, effect = sender.on_ack(gateway.state, Ack(gateway.state.epoch, at), at.chain)
    assert effect == MarkDone(gateway.state.epoch, at)
    assert state.acked == at
    assert state.window == ()


def test_three_batches_behind_a_lost_one_make_it_go_out_once_more_not_three_times():
    gateway, receiver = a_gateway(8), PaperReceiver()
    while gateway.send(2):
        pass
    gateway.link.sent.pop(0)
    for message in gateway.link.sent:
        receiver.hear(*message)
    assert receiver.counted == {"resend": 3}
    gateway.link.sent.clear()
    for message in receiver.link.sent:
        gateway.hear(*message)
        gateway.send(8)
    assert [batch.before.seq for batch in batches(gateway)] == [0]


def test_silence_makes_it_say_hello_and_send_again_with_growing_patience():
    gateway = a_gateway(2)
    gateway.send()
    waits = []
    for _ in range(6):
        waits.append(sender.patience_s(gateway.state))
        gateway.tick(waits[-1] - 0.01)
        assert gateway.state.window
        gateway.tick(0.02)
        assert not gateway.state.window
        assert gateway.send()
    assert waits == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]
    ack(gateway, 2)
    assert sender.patience_s(gateway.state) == 5.0


def test_a_cloud_set_back_to_a_backup_gets_its_records_again():
    gateway, receiver = PaperGateway(), PaperReceiver()
    for _ in range(5):
        gateway.commit()
    heal(gateway, receiver)
    receiver.start(PaperReceiver().db)
    gateway.commit()
    heal(gateway, receiver)
    assert receiver.applied() == gateway.bodies()
    assert gateway.forks == []
