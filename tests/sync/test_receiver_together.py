"""Many messages in one transaction: all of it is stored before any of it is answered."""

import sqlite3
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.store import outbox
from gateway.sync import messages, protocol
from gateway.sync.broker import Arrived
from gateway.sync.cloud.postgresql import open_postgresql
from gateway.sync.cloud.sqlite import SqliteDatabase
from gateway.sync.protocol import Ack, Batch, Fork, Moment, canonical, chain_over, genesis
from tests.sync.paper import (
    GW,
    RECEIVER_TEMPLATE,
    PaperGateway,
    PaperReceiver,
    copy_of,
    heal,
    opened,
)

REC = protocol.up(GW, "rec")


@pytest.fixture(params=["sqlite", "postgresql"])
def receiver(request):
    if request.param == "sqlite":
        yield PaperReceiver()
        return
    db = open_postgresql(request.getfixturevalue("postgres").new_database())
    yield PaperReceiver(db)
    db.close()


def arrived(gateway: PaperGateway, size: int = 200) -> list[Arrived]:
    while gateway.send(size):
        pass
    waiting, gateway.link.sent = gateway.link.sent, []
    return [Arrived(topic, payload, mid) for mid, (topic, payload) in enumerate(waiting, 1)]


def answers(receiver):
    return [
        (messages.decode_ack if topic.endswith("ack") else messages.decode_ctl)(payload)
        for topic, payload in receiver.link.sent
    ]


def test_a_bad_message_among_good_ones_spoils_only_itself(receiver):
    gateway = PaperGateway()
    for _ in range(4):
        gateway.commit()
    hello, first, second = arrived(gateway, 2)
    bad = Arrived(REC, first.payload[:-9], 9)
    receiver.session.deal_with_all([hello, first, bad, second, Arrived("nonsense", b"", 10)])
    assert [answer.upto.seq for answer in answers(receiver)] == [0, 2, 4]
    assert receiver.counted == {"ack": 3, "malformed": 2}
    assert receiver.link.settled == 5
    assert receiver.figures.commits == 1


def test_two_boxes_with_one_history_in_one_transaction_are_told_apart(receiver):
    gateway = PaperGateway()
    gateway.commit()
    twin = PaperGateway()
    twin.db = copy_of(gateway.db)
    twin.crash()
    for _ in range(3):
        gateway.commit()
    twin.commit(size=5)
    for one in (gateway, twin):
        one.link.sent.clear()
    receiver.session.deal_with_all([*arrived(gateway), *arrived(twin)])
    kinds = [type(answer) for answer in answers(receiver)]
    assert kinds == [Ack, Fork]


def test_an_epoch_and_the_one_before_it_in_one_transaction_count_once(receiver):
    gateway = PaperGateway()
    for _ in range(3):
        gateway.commit()
    old = arrived(gateway)
    gateway._follow(gateway.desk._fork("a test", 1e9))
    receiver.session.deal_with_all([*old, *arrived(gateway)])
    assert receiver.passes() == 3
    assert receiver.summary() == {"passes": 3, "records": 7, "duplicated": 0, "gaps": 0}
    assert receiver.figures.known == 3


def test_a_pass_that_ends_in_the_same_transaction_is_written_once_and_told_in_order(receiver):
    gateway = PaperGateway()
    for ending in (None, "passed", "turned_back"):
        body = {"pass_id": "p", "verdict": "allow", "ending": ending, "plate": {"text": ending}}
        outbox.append(gateway.db, "pass", canonical(body), "p")
    receiver.session.deal_with_all(arrived(gateway, 1))
    sql = "select kind, plate, was from event order by event_id"
    assert receiver.session._db.execute(sql).fetchall() == [
        ("passed", "passed", None),
        ("corrected", "turned_back", "passed"),
    ]
    sql = "select ending from pass"
    assert receiver.session._db.execute(sql).fetchall() == [("turned_back",)]


def test_what_only_one_of_the_databases_could_keep_is_kept_by_both_alike(receiver):
    gateway = PaperGateway()
    hostile = {
        "pass_id": "p\0",
        "plate": {"text": "京A\0"},
        "reason": "\u2028",
        "deep": {"\0": "\0"},
    }
    outbox.append(gateway.db, "pass", canonical(hostile), "p")
    outbox.append(gateway.db, "pass", canonical({"pass_id": "q" * 5000}), "q")
    outbox.append(gateway.db, "alarm", canonical({"phase": "\0"}))
    heal(gateway, receiver)
    db = receiver.session._db
    assert db.execute("select pass_id, plate from pass").fetchall() == [("p\ufffd", "京A\ufffd")]
    assert db.execute("select count(*) from record").fetchone()[0] == 3


@pytest.mark.parametrize("field", ["gateway", "epoch", "inst"])
def test_names_that_no_database_takes_for_a_key_are_not_understood(receiver, field):
    line = protocol.record_line(1, 2, "pass", "{}")
    names = {"gateway": GW, "epoch": "e1", "inst": "a"} | {field: "x" * 5000}
    start = genesis(names["epoch"])
    chain = chain_over(start.chain, [line])[-1]
    batch = Batch(names["epoch"], names["inst"], start, (line,), chain)
    receiver.hear(protocol.up(names["gateway"], "rec"), messages.encode_batch(batch))
    assert receiver.counted == {"malformed": 1}


def test_of_all_that_is_heard_in_a_boot_the_quickest_message_tells_the_time(receiver):
    work = receiver.session._work()
    for mono_ms, under_way_ms in ((1000, 0), (1500, 0), (1200, 300)):
        sent = Moment("2026-01-01T00:00:00.000Z", "b0", "ok", mono_ms)
        assert work.learn_offset(GW, sent) == under_way_ms
        receiver.session._memory.forget()
    row = receiver.session._db.execute("select offset_ms from boot").fetchone()
    assert row[0] == 1767225600000 - 1500


def test_what_the_database_refuses_for_ever_keeps_nobody_else_waiting(receiver):
    """Should a text get through that a column cannot take: here, one that a constraint forbids."""
    good, bad = PaperGateway(), PaperGateway()
    good.commit()
    bad.commit()
    db = receiver.session._db
    db.execute("create unique index of_the_test on record (kind)")
    outbox.append(bad.db, "alarm", canonical({"alarm_id": "a"}))
    bad.commit()
    theirs = [Arrived(m.topic.replace(GW, "south"), m.payload, m.mid) for m in arrived(good)]
    receiver.session.deal_with_all([*arrived(bad), *theirs])
    assert receiver.link.settled == 4
    assert receiver.counted["malformed"] == 1
    assert db.execute("select gw, kind from record").fetchall() == [("south", "pass")]
    assert [topic for topic, _ in receiver.link.sent if "south" in topic][-1].endswith("ack")


class FullDisk(SqliteDatabase):
    """Everything goes well up to the commit."""

    full = True

    @contextmanager
    def writing(self, names):
        with super().writing(names):
            yield
            if self.full:
                raise sqlite3.OperationalError("database or disk is full")


def test_a_commit_that_fails_answers_nothing_and_settles_nothing():
    db = FullDisk(opened(RECEIVER_TEMPLATE), Path(":memory:"))
    gateway, receiver = PaperGateway(), PaperReceiver(db)
    gateway.commit()
    hello, batch = arrived(gateway)
    with pytest.raises(sqlite3.OperationalError):
        receiver.session.deal_with_all([hello, batch])
    assert (receiver.link.sent, receiver.link.settled) == ([], 0)
    assert receiver.counted == {"database_error": 1}
    db.full = False
    receiver.session.deal_with_all([hello, batch])
    assert receiver.link.settled == 2
    assert receiver.summary()["records"] == 1


class InEachOthersWay(FullDisk):
    """As two receivers may be: the first tries end without anybody's fault."""

    tries = 0

    def passing(self, error):
        self.tries += 1
        self.full = self.tries < 3
        return True


def test_a_transaction_that_stood_in_anothers_way_is_done_again_and_counted_once():
    db = InEachOthersWay(opened(RECEIVER_TEMPLATE), Path(":memory:"))
    gateway, receiver = PaperGateway(), PaperReceiver(db)
    gateway.commit()
    bad = Arrived(REC, b"no batch", 9)
    receiver.session.deal_with_all([*arrived(gateway), bad])
    assert receiver.counted == {"ack": 2, "malformed": 1, "database_error": 3}
    assert (receiver.figures.records, receiver.link.settled) == (1, 3)
