"""The program on the page for integrators does what the page promises, word for word."""

import json
import random
import re
import sqlite3

from gateway.contract import examples
from gateway.store import outbox
from gateway.sync import messages, protocol
from tests.sync.contract_checks import DOCS, keeps
from tests.sync.paper import GW, PaperGateway

PAGE = (DOCS / "mqtt.md").read_text("utf-8")


COUNTED = """
create table counted (body);
create trigger counts after insert on pass begin insert into counted values (new.body); end;
"""
"""How often anything was made of a pass, whatever the table looks like in the end."""


class Stranger:
    """A cloud that knows the page and nothing else."""

    def __init__(self) -> None:
        code, _of_rights = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
        self.words: dict = {}
        exec(compile(code, "mqtt.md", "exec"), self.words)  # noqa: S102 -- our own page
        self.db = sqlite3.connect(":memory:")
        self.db.executescript(self.words["TABLES"] + COUNTED)

    def hear(self, topic: str, payload: bytes) -> tuple[str, bytes] | None:
        leaf = protocol.split_topic(topic)[1]
        answer = self.words[{"rec": "on_rec", "hello": "on_hello"}[leaf]](self.db, GW, payload)
        if answer is None:
            return None
        word, message = answer
        keeps(word, json.dumps(message))
        return protocol.down(GW, word), protocol.canonical(message).encode()

    def counted(self) -> int:
        found: int = self.db.execute("select count(*) from counted").fetchone()[0]
        return found

    def passes(self) -> set[str]:
        return {row[0] for row in self.db.execute("select pass_id from pass")}


def weather(dice: random.Random, gateway: PaperGateway, cloud: Stranger) -> None:
    """Both ways: messages are lost, doubled and swapped."""
    sent, gateway.link.sent = gateway.link.sent, []
    arriving = [one for one in sent for _ in range(dice.choice((0, 1, 1, 1, 2)))]
    dice.shuffle(arriving)
    answers = [answer for one in arriving if (answer := cloud.hear(*one)) is not None]
    dice.shuffle(answers)
    for answer in answers:
        if dice.random() < 0.8:
            gateway.hear(*answer)


def settled(gateway: PaperGateway, cloud: Stranger) -> None:
    gateway.reconnect()
    for _ in range(200):
        while gateway.send():
            pass
        sent, gateway.link.sent = gateway.link.sent, []
        for one in sent:
            if (answer := cloud.hear(*one)) is not None:
                gateway.hear(*answer)
        if gateway.quiet() and not gateway.link.sent:
            return
        gateway.tick(1.0)
    raise AssertionError("the outbox never became empty")


def a_day(seed: int) -> tuple[PaperGateway, Stranger, set[str]]:
    dice = random.Random(seed)
    form = dice.choice((messages.encode_batch, messages.deflate_batch, None))
    gateway, cloud, made = PaperGateway(form=form), Stranger(), set()
    for _ in range(40):
        what = dice.random()
        if what < 0.5:
            made.add(json.loads(gateway.commit())["pass_id"])
        elif what < 0.75:
            gateway.send(dice.randint(1, 4))
        elif what < 0.8:
            gateway.crash()
        else:
            gateway.tick(dice.choice((0.1, 7.0)))
        if dice.random() < 0.5:
            weather(dice, gateway, cloud)
    settled(gateway, cloud)
    return gateway, cloud, made


def test_the_programs_cloud_has_every_pass_once_whatever_the_weather():
    for seed in range(150):
        gateway, cloud, made = a_day(seed)
        assert cloud.passes() == made, f"seed {seed}"
        assert cloud.counted() == len(made), f"seed {seed}"
        assert outbox.meta(gateway.db).unacked == 0
        assert gateway.forks == []


def test_a_restored_box_is_told_to_fork_and_nothing_counts_twice():
    gateway, cloud = PaperGateway(), Stranger()
    gateway.commit()
    settled(gateway, cloud)
    image = gateway.db.serialize()
    gateway.commit()
    settled(gateway, cloud)
    restored = PaperGateway(first_start=50)
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.deserialize(image)
    restored.db = db
    restored.crash()
    restored._names = iter(["after"])
    restored.commit()
    settled(restored, cloud)
    assert len(restored.forks) == 1
    assert cloud.passes() == {"pass-1", "pass-2", "pass-after"}
    assert cloud.counted() == 3


def test_another_history_of_an_epoch_is_seen_in_a_batch_too():
    gateway, cloud = PaperGateway(), Stranger()
    for pass_id in ("one", "two"):
        gateway._names = iter([pass_id])
        gateway.commit()
    settled(gateway, cloud)
    epoch, known = outbox.meta(gateway.db).epoch, outbox.meta(gateway.db).last
    start = protocol.genesis(epoch)
    for count in (1, 2, 3):
        lines = tuple(protocol.record_line(n, 2, "pass", "{}") for n in range(1, count + 1))
        last = protocol.chain_over(start.chain, lines)[-1]
        batch = protocol.Batch(epoch, "10" * 8, start, lines, last)
        answer = cloud.hear(protocol.up(GW, "rec"), messages.encode_batch(batch))
        assert answer is not None
        assert messages.decode_ctl(answer[1]) == protocol.Fork(epoch, known)
    assert cloud.passes() == {"pass-one", "pass-two"}


def test_a_cloud_that_was_set_back_gets_it_again():
    gateway, cloud = PaperGateway(), Stranger()
    for _ in range(5):
        gateway.commit()
    settled(gateway, cloud)
    empty = Stranger()
    settled(gateway, empty)
    assert empty.passes() == cloud.passes()


def test_a_tombstone_does_not_break_its_chain_and_a_damaged_batch_is_dropped():
    cloud = Stranger()
    payload = examples.PAYLOADS["rec"]
    topic = protocol.up(GW, "rec")
    assert cloud.hear(topic, payload.replace(b"allow_list", b"block_list")) is None
    leaf, answer = cloud.hear(topic, payload) or ("", b"")
    ack = messages.decode_ack(answer)
    assert leaf.endswith("/ack")
    assert ack.upto == examples.LAST
