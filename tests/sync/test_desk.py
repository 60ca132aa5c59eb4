"""The gateway's side: orders to wait, to bury a record, to go back; and its own damage."""

import json

from gateway.store import keeping, outbox
from gateway.sync import messages
from gateway.sync.protocol import Moment, Poison, Position, Slow, down
from tests.sync.paper import GW, PaperGateway, PaperReceiver, copy_of, heal

CTL = down(GW, "ctl")


def a_gateway(records=0) -> PaperGateway:
    gateway = PaperGateway()
    gateway.link.sent.clear()
    for _ in range(records):
        gateway.commit()
    return gateway


def sent(gateway) -> list[int]:
    """How many records each batch has."""
    found = [messages.decode_batch(p) for topic, p in gateway.link.sent if topic.endswith("rec")]
    return [len(batch.lines) for batch in found]


def send_all(gateway) -> None:
    while gateway.send():
        pass


def poison(gateway, seq: int, chain: bytes | None = None) -> None:
    chain = chain or outbox.chain_at(gateway.db, seq)
    order = Poison(gateway.state.epoch, Position(seq, chain), "no_body")
    gateway.hear(CTL, messages.encode(order))


def kinds(gateway) -> list[str]:
    return [row[0] for row in gateway.db.execute("select kind from outbox order by seq")]


# --- slow --------------------------------------------------------------------------------


def test_a_cloud_that_asks_for_patience_gets_it_for_as_long_as_it_asked():
    gateway = a_gateway(100)
    gateway.hear(CTL, messages.encode(Slow(rate=2.0, for_s=10.0)))
    send_all(gateway)
    assert sent(gateway) == [1]
    gateway.now += 1.0
    send_all(gateway)
    assert sent(gateway) == [1, 2]
    gateway.now += 9.5
    send_all(gateway)
    assert sum(sent(gateway)) == 100


def test_a_rate_of_nothing_is_a_pause_and_no_time_ends_it():
    gateway = a_gateway(5)
    gateway.hear(CTL, messages.encode(Slow(rate=0.0, for_s=60.0)))
    gateway.now += 59.0
    send_all(gateway)
    assert sent(gateway) == []
    gateway.hear(CTL, messages.encode(Slow(rate=0.0, for_s=0.0)))
    send_all(gateway)
    assert sent(gateway) == [5]


def test_patience_outlives_the_connection():
    gateway = a_gateway(50)
    gateway.hear(CTL, messages.encode(Slow(rate=1.0, for_s=10.0)))
    gateway.reconnect()
    send_all(gateway)
    assert sum(sent(gateway)) == 1


# --- poison ------------------------------------------------------------------------------


def test_a_record_that_no_cloud_can_store_becomes_a_tombstone_and_all_behind_it_goes_on():
    gateway, receiver = a_gateway(2), PaperReceiver()
    outbox.append(gateway.db, "pass", "[1]", "bad")
    gateway.commit()
    chain = outbox.chain_at(gateway.db, 4)
    heal(gateway, receiver)
    assert kinds(gateway) == ["pass", "pass", "tombstone", "pass", "alarm"]
    assert outbox.chain_at(gateway.db, 4) == chain == receiver.chain(gateway.state.epoch, 4)
    assert receiver.counted["poison"] == 1
    there = gateway.db.execute("select seq, kind, pass_id, body, code from quarantine").fetchall()
    assert there == [(3, "pass", "bad", "[1]", "no_body")]
    here = receiver.db.execute("select seq, code from quarantine").fetchall()
    assert here == [(3, "no_body")]
    assert receiver.summary()["gaps"] == 0
    assert "record_refused" in gateway.bodies()[-1]


def test_an_order_to_bury_is_followed_only_for_the_very_record_that_it_means():
    gateway = a_gateway(3)
    send_all(gateway)
    poison(gateway, 2, chain=b"\1" * 32)
    assert "tombstone" not in kinds(gateway)
    poison(gateway, 2)
    poison(gateway, 2)
    assert kinds(gateway) == ["pass", "tombstone", "pass", "alarm"]


def test_a_copy_whose_bad_record_was_buried_by_the_other_box_buries_it_when_asked_again():
    gateway, receiver = a_gateway(1), PaperReceiver()
    outbox.append(gateway.db, "pass", "[1]", "bad")
    twin = a_gateway()
    twin.db = copy_of(gateway.db)
    twin.crash()
    send_all(gateway)
    for message in gateway.link.sent:
        receiver.hear(*message)
    for message in receiver.link.sent:
        gateway.hear(*message)
    gateway.send(1)
    receiver.hear(*gateway.link.sent[-1])
    acknowledged = receiver.link.sent[-1]
    twin.hear(*acknowledged)
    assert (kinds(twin), twin.state.acked.seq) == (["pass", "pass"], 2)
    receiver.start(PaperReceiver().db)
    receiver.link.sent.clear()
    heal(twin, receiver)
    assert kinds(twin) == ["pass", "tombstone", "alarm"]
    assert receiver.passes() == 1


def test_a_tombstone_survives_a_new_epoch():
    gateway, receiver = a_gateway(3), PaperReceiver()
    send_all(gateway)
    poison(gateway, 2)
    gateway.link.sent.clear()
    outbox_epoch = gateway.state.epoch
    gateway._follow(gateway.desk._fork("a test", 1e9))
    heal(gateway, receiver)
    assert gateway.state.epoch != outbox_epoch
    assert receiver.counted["malformed"] == 0
    assert [kind for kind in kinds(gateway) if kind == "tombstone"] == ["tombstone"]


# --- its own damage ----------------------------------------------------------------------


def test_a_record_that_changed_on_the_disk_is_never_sent_but_counted_as_lost():
    gateway, receiver = a_gateway(4), PaperReceiver()
    gateway.db.execute("update outbox set body = replace(body, 'pass-2', 'pass-9') where seq = 2")
    heal(gateway, receiver)
    (reason,) = gateway.forks
    assert "record 2 in this gateway's store is missing or not as it was written" in reason
    assert not any("pass-9" in body for body in receiver.applied())
    (loss,) = (json.loads(body) for body in receiver.applied() if "loss_id" in body)
    assert loss["records"] == 1
    assert gateway.db.execute("select code from quarantine").fetchall() == [("damaged",)]


def test_a_record_that_vanished_is_counted_as_lost():
    gateway, receiver = a_gateway(4), PaperReceiver()
    gateway.db.execute("delete from outbox where seq = 3")
    heal(gateway, receiver)
    assert gateway.db.execute("select sum(records) from losses").fetchone() == (1,)
    assert receiver.passes() == 3


def test_a_chain_that_changed_on_the_disk_costs_no_record():
    gateway, receiver = a_gateway(4), PaperReceiver()
    gateway.db.execute("update outbox set chain = zeroblob(32) where seq = 4")
    heal(gateway, receiver)
    assert "do not add up to their chain" in gateway.forks[0]
    assert receiver.passes() == 4
    assert gateway.db.execute("select count(*) from losses").fetchone() == (0,)


# --- a cloud that has less, or more -------------------------------------------------------


def prune_everything(gateway) -> int:
    keeping.ran(gateway.db, 1e6)
    return keeping.prune(gateway.db)


def test_a_cloud_restored_from_its_backup_gets_from_the_gateway_what_it_lost():
    gateway, receiver = a_gateway(6), PaperReceiver()
    heal(gateway, receiver)
    assert keeping.prune(gateway.db) == 0
    receiver.start(PaperReceiver().db)
    heal(gateway, receiver)
    assert receiver.passes() == 6
    assert receiver.db.execute("select count(*) from loss").fetchone() == (0,)


def test_what_the_gateway_let_go_and_the_cloud_lost_is_counted_and_the_rest_goes_on():
    gateway, receiver = a_gateway(6), PaperReceiver()
    heal(gateway, receiver)
    assert prune_everything(gateway) == 6
    gateway.commit()
    receiver.start(PaperReceiver().db)
    heal(gateway, receiver)
    losses = receiver.db.execute("select epoch, seq_from, seq_to from loss").fetchall()
    assert losses == [(gateway.state.epoch, 1, 6)]
    assert receiver.passes() == 1
    assert receiver.summary()["gaps"] == 0
    assert receiver.db.execute("select code from alarm").fetchall() == [("records_lost",)]


def test_what_was_let_go_before_a_new_epoch_is_counted_once_too():
    gateway, receiver = a_gateway(6), PaperReceiver()
    heal(gateway, receiver)
    old = gateway.state.epoch
    prune_everything(gateway)
    gateway._follow(gateway.desk._fork("a test", 1e9))
    receiver.start(PaperReceiver().db)
    for _ in range(2):
        heal(gateway, receiver)
    losses = receiver.db.execute("select epoch, seq_from, seq_to from loss").fetchall()
    assert losses == [(old, 1, 6)]
    assert receiver.summary()["gaps"] == 0


def test_a_cloud_that_reads_packed_batches_gets_them_where_the_link_is_slow():
    gateway, receiver = PaperGateway(form=None), PaperReceiver()
    forms = []
    for link_s in (0.2, 0.2, 0.01, 0.2):
        gateway.desk.link_s = link_s
        gateway.commit()
        gateway.send()
        topic, payload = gateway.link.sent[-1]
        forms.append(payload[:2])
        receiver.hear(topic, payload)
        gateway.now += 10.0
        gateway.hear(*receiver.link.sent[-1])
    # Deflated with care where a link is slow and nothing is known of the cloud yet.
    assert [form[:1] for form in forms] == [b"x", b"P", b"x", b"P"]
    assert (forms[0], forms[2]) == (b"x\x9c", b"x\x01")
    assert receiver.passes() == 4


def test_every_record_says_when_it_was_by_both_clocks_and_how_far_to_trust_them():
    gateway = a_gateway()
    gateway.now = 12.5
    gateway.commit()
    (record,) = outbox.records_after(gateway.db, 0, 9)
    when = messages.read_moment(json.loads(record.line())["when"])
    assert when == Moment("2026-01-01T00:00:00.000Z", "b0" * 16, "ok", 12_500)
