"""The cloud's half of the protocol, one rule at a time."""

import dataclasses

import pytest

from gateway.store import moving, outbox
from gateway.sync import messages, protocol
from gateway.sync.protocol import Batch, Position, chain_over
from tests.sync.paper import GW, PaperGateway, PaperReceiver, copy_of, heal

REC = protocol.up(GW, "rec")
HELLO = protocol.up(GW, "hello")


def a_pair(records: int = 6) -> tuple[PaperGateway, PaperReceiver]:
    """A gateway whose records are not sent yet, its hello thrown away."""
    gateway = PaperGateway()
    for _ in range(records):
        gateway.commit()
    gateway.link.sent.clear()
    return gateway, PaperReceiver()


def taken(gateway: PaperGateway, size: int = 2) -> list[bytes]:
    """The payloads of all batches, each of `size` records."""
    while gateway.send(size):
        pass
    waiting, gateway.link.sent = gateway.link.sent, []
    return [payload for _, payload in waiting]


def last_answer(receiver: PaperReceiver) -> object:
    topic, payload = receiver.link.sent[-1]
    return (messages.decode_ack if topic.endswith("ack") else messages.decode_ctl)(payload)


def test_a_batch_twice_is_stored_once_and_acknowledged_twice():
    gateway, receiver = a_pair()
    first, *_ = taken(gateway)
    receiver.hear(REC, first)
    receiver.hear(REC, first)
    assert len(receiver.applied()) == 2
    assert receiver.counted == {"ack": 2}


def test_a_batch_that_overlaps_what_is_known_adds_only_the_rest():
    gateway, receiver = a_pair()
    receiver.hear(REC, taken(gateway, 2)[0])
    gateway.reconnect()
    gateway.link.sent.clear()
    receiver.hear(REC, taken(gateway, 5)[0])
    assert receiver.applied() == gateway.bodies()[:5]
    assert last_answer(receiver).upto.seq == 5


def test_a_batch_behind_a_gap_is_not_stored_and_the_gap_is_asked_for():
    gateway, receiver = a_pair()
    first, _, third = taken(gateway)
    receiver.hear(REC, first)
    receiver.hear(REC, third)
    assert len(receiver.applied()) == 2
    assert last_answer(receiver) == protocol.Resend(gateway.state.epoch, 3)


def test_known_numbers_with_other_content_are_a_fork_and_change_nothing():
    gateway, receiver = a_pair(2)
    twin = PaperGateway()
    twin.db = copy_of(gateway.db)
    gateway.commit()
    twin.commit(size=9)
    twin.crash()
    twin.link.sent.clear()
    receiver.hear(REC, taken(gateway, 5)[0])
    before = receiver.applied()
    receiver.hear(REC, taken(twin, 5)[0])
    assert receiver.counted == {"ack": 1, "fork": 1}
    assert receiver.applied() == before


def test_a_batch_that_continues_another_chain_is_a_fork():
    gateway, receiver = a_pair(4)
    first, second = map(messages.decode_batch, taken(gateway))
    receiver.hear(REC, messages.encode_batch(first))
    before = Position(2, b"\2" * 32)
    last = chain_over(before.chain, second.lines)[-1]
    receiver.hear(
        REC, messages.encode_batch(dataclasses.replace(second, before=before, last_chain=last))
    )
    assert receiver.counted == {"ack": 1, "fork": 1}


def broken(batch: Batch, kind: str) -> Batch:
    if kind == "a changed byte":
        lines = tuple(line.replace(b"pass-1", b"pass-7") for line in batch.lines)
        return dataclasses.replace(batch, lines=lines)
    lines = {
        "swapped": batch.lines[::-1],
        "no object": (b"[]", *batch.lines[1:]),
        "no body": (b'{"kind":"pass","schema":1,"seq":1}', *batch.lines[1:]),
        "bad text": (
            b'{"body":{"a":"\\ud800"},"kind":"pass","schema":1,"seq":1}',
            *batch.lines[1:],
        ),
    }[kind]
    return dataclasses.replace(
        batch, lines=lines, last_chain=chain_over(batch.before.chain, lines)[-1]
    )


@pytest.mark.parametrize("kind", ["a changed byte", "swapped"])
def test_a_broken_batch_is_counted_and_neither_stored_nor_acknowledged(kind):
    gateway, receiver = a_pair(2)
    batch = messages.decode_batch(taken(gateway)[0])
    receiver.hear(REC, messages.encode_batch(broken(batch, kind)))
    assert receiver.counted == {"malformed": 1}
    assert receiver.applied() == []
    assert receiver.link.settled == 1


@pytest.mark.parametrize("topic", ["", "lanegate/1/north/up/rec", "lanegate/1/north/up/hello"])
@pytest.mark.parametrize("payload", [b"", b"\xff", b"{}", b"[[" * 50_000])
def test_bad_bytes_are_counted_and_settled(topic, payload):
    receiver = PaperReceiver()
    receiver.hear(topic, payload)
    assert receiver.counted == {"malformed": 1}
    assert receiver.link.settled == 1


def test_a_hello_is_answered_with_how_far_everything_is_stored():
    gateway, receiver = a_pair()
    receiver.hear(REC, taken(gateway)[0])
    gateway.say_hello()
    receiver.hear(*gateway.link.sent[-1])
    assert last_answer(receiver).upto == Position(2, outbox.chain_at(gateway.db, 2))


def test_a_gateway_that_believes_more_is_stored_than_is_hears_it_at_its_hello():
    gateway, receiver = a_pair()
    heal(gateway, receiver)
    empty = PaperReceiver()
    gateway.say_hello()
    empty.hear(*gateway.link.sent[-1])
    assert last_answer(empty) == protocol.Resend(gateway.state.epoch, 1)


def test_a_restored_backup_is_told_at_its_hello():
    gateway, receiver = a_pair()
    backup = copy_of(gateway.db)
    gateway.commit()
    heal(gateway, receiver)
    gateway.db = backup
    gateway.crash()
    receiver.hear(*gateway.link.sent[-1])
    assert receiver.counted["fork"] == 1


def test_an_old_hello_that_arrives_late_is_not_taken_for_a_restored_backup():
    gateway, receiver = a_pair()
    gateway.say_hello()
    late = gateway.link.sent.pop()
    gateway.commit()
    for payload in taken(gateway):
        receiver.hear(REC, payload)
    receiver.hear(*late)
    assert receiver.counted["fork"] == 0


def test_what_comes_again_under_a_new_epoch_is_kept_but_counts_once():
    gateway, receiver = a_pair(3)
    for payload in taken(gateway):
        receiver.hear(REC, payload)
    receiver.link.sent.clear()
    moving.at_once(gateway.db, GW, "a test")
    gateway.crash()
    heal(gateway, receiver)
    assert receiver.applied() == gateway.bodies()
    assert receiver.summary() == {"passes": 3, "records": 6, "duplicated": 0, "gaps": 0}


def test_the_summary_sees_a_record_that_was_applied_twice_and_a_gap():
    gateway, receiver = a_pair(3)
    heal(gateway, receiver)
    receiver.db.execute("update record set digest = (select digest from record where seq = 1)")
    receiver.db.execute("delete from record where seq = 2")
    assert receiver.summary() == {"passes": 3, "records": 2, "duplicated": 1, "gaps": 1}


def test_two_gateways_with_the_same_epoch_do_not_mix():
    gateway, receiver = a_pair(2)
    payload = taken(gateway)[0]
    receiver.hear(REC, payload)
    receiver.hear(protocol.up("south", "rec"), payload)
    assert [topic for topic, _ in receiver.link.sent] == [
        "lanegate/1/north/dn/ack",
        "lanegate/1/south/dn/ack",
    ]
    assert receiver.summary()["records"] == 4
