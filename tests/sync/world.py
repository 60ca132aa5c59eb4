"""A whole world for the simulation: boxes, a broker, a cloud, and everything that may befall them.

All of it hangs on one seed. The boxes and the cloud are the real cores over real SQLite.
"""

import json
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.store import keeping, moving, outbox
from gateway.sync import messages, receipts
from gateway.sync.protocol import Slow, down, split_topic
from tests.sync.paper import GW, PaperGateway, PaperReceiver, opened

RETAIN_S = 1000.0
CLOUD_BACKUP_LIMIT_S = 900.0
MOST_WAITING = 60


class Box(PaperGateway):
    """A gateway of the simulation: its commits are told to the world, its dice are the world's."""

    def __init__(self, world: "World", number: int) -> None:
        self.world = world
        self.number = number
        self.committed: list[str] = []
        form = messages.encode_batch if world.seed % 8 else messages.pack_batch
        super().__init__(form=form, first_start=number * 1000)

    def pass_id(self) -> str:
        return f"{self.world.dice.getrandbits(128):032x}"

    def pass_by(self) -> None:
        """One vehicle; the transaction is whole or was never there."""
        pass_id = self.pass_id()
        plate = f"京A{self.world.dice.randrange(10**5):05}"
        body = f'{{"ending":"passed","pass_id":"{pass_id}","plate":{{"text":"{plate}"}}}}'
        self.db.execute("begin immediate")
        outbox.append(self.db, "pass", body, pass_id)
        if self.world.dice.random() < 0.1:
            self.db.execute("rollback")
            return
        self.db.execute("commit")
        self.committed.append(pass_id)
        self.world.committed[pass_id] = body


@dataclass
class World:
    """`committed`: what each pass says, by its id.

    `diskless`: passes that no disk holds any more because one was replaced; `gone`: those of them
    that the cloud did not have either, or lost with a backup. `rotten`: rows that were changed.
    """

    seed: int
    dice: random.Random = field(init=False)
    committed: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    diskless: set[str] = field(default_factory=set)
    rotten: set[str] = field(default_factory=set)
    acknowledged: set[tuple[str, int, bytes]] = field(default_factory=set)
    happened: Counter[str] = field(default_factory=Counter)
    now: float = 0.0
    box_class: type[Box] = Box
    retain_s: float = RETAIN_S

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.cloud = PaperReceiver()
        self.boxes = [self.new_box(0)]
        self.images: list[tuple[bytes, int]] = []
        self.cloud_image = (self.cloud.db.serialize(), 0.0)
        self.up: list[tuple[str, bytes]] = []
        self.down: list[tuple[str, bytes]] = []

    def new_box(self, number: int) -> Box:
        return self.box_class(self, number)

    # --- one step ------------------------------------------------------------------------

    def play(self, steps: int) -> None:
        names, weights = zip(*WEIGHTS.items(), strict=True)
        for name in self.dice.choices(names, weights, k=steps):
            self.happened[name] += 1
            getattr(self, name)()
            self.collect()
            self.check_always()

    def collect(self) -> None:
        """What was said goes to the broker, which keeps only so much."""
        for box in self.boxes:
            self.up += box.link.sent
            box.link.sent.clear()
        for topic, payload in self.cloud.link.sent:
            if topic.endswith("/ack"):
                ack = messages.decode_ack(payload)
                self.acknowledged.add((ack.epoch, *ack.upto))
        self.down += self.cloud.link.sent
        self.cloud.link.sent.clear()
        del self.up[:-MOST_WAITING], self.down[:-MOST_WAITING]

    @property
    def box(self) -> Box:
        return self.dice.choice(self.boxes)

    def vehicles_pass(self) -> None:
        box = self.box
        for _ in range(self.dice.randint(1, 3)):
            box.pass_by()

    def a_box_sends(self) -> None:
        self.box.send(self.dice.randint(1, 5))

    def messages_arrive(self) -> None:
        """In order, both ways, as on a good link."""
        waiting, self.up = self.up, []
        for message in waiting:
            self.cloud.hear(*message)
        self.collect()
        waiting, self.down = self.down, []
        for message in waiting:
            self.tell_boxes(message)

    def a_message_arrives(self) -> None:
        """Any one, out of order; it may stay with the broker and come again."""
        queue = self.dice.choice((self.up, self.down))
        if not queue:
            return
        place = self.dice.randrange(len(queue))
        message = queue[place] if self.dice.random() < 0.3 else queue.pop(place)
        if queue is self.up:
            self.cloud.hear(*message)
        else:
            self.tell_boxes(message)

    def tell_boxes(self, message: tuple[str, bytes]) -> None:
        """Two boxes under one name: each hears what is meant for the other."""
        for box in self.boxes:
            if len(self.boxes) == 1 or self.dice.random() < 0.7:
                box.hear(*message)

    def a_message_is_lost(self) -> None:
        queue = self.dice.choice((self.up, self.down))
        if queue:
            queue.pop(self.dice.randrange(len(queue)))

    def the_broker_is_wiped(self) -> None:
        self.up.clear()
        self.down.clear()
        for box in self.boxes:
            box.reconnect()

    def time_goes_by(self) -> None:
        seconds = self.dice.choice((0.5, 6.0, 61.0))
        self.now += seconds
        self.cloud.now = self.now
        for box in self.boxes:
            box.tick(seconds)
            keeping.ran(box.db, seconds)
            keeping.prune(box.db, self.retain_s)

    def a_box_crashes(self) -> None:
        self.box.crash()

    def a_box_crashes_while_an_epoch_begins(self) -> None:
        box = self.box
        moving.begin(box.db, GW, "a test")
        for _ in range(self.dice.randrange(3)):
            if moving.under_way(box.db):
                box.move()
                box.pass_by()
        box.crash()

    def an_image_is_made(self) -> None:
        box = self.box
        self.images.append((box.db.serialize(), len(box.committed)))

    def an_image_is_restored(self) -> None:
        """What was committed since, and is not in the cloud, is gone with the disk."""
        if self.images:
            box = self.box
            image, _ = self.dice.choice(self.images)
            self.replace_disk(box, image)

    def replace_disk(self, box: Box, image: bytes) -> None:
        before = on_disk(box)
        box.db = opened(image)
        self.diskless |= before
        self.note_gone()
        box.crash()

    def note_gone(self) -> None:
        self.diskless -= self.on_disks()
        self.gone |= self.diskless - self.in_cloud()

    def a_box_is_cloned(self) -> None:
        if len(self.boxes) < 2:
            twin = self.new_box(len(self.boxes))
            twin.db = opened(self.boxes[0].db.serialize())
            twin.crash()
            self.boxes.append(twin)

    def the_cloud_is_backed_up(self) -> None:
        self.cloud_image = (self.cloud.db.serialize(), self.now)

    def the_cloud_is_restored(self) -> None:
        """From a backup that is not older than the boxes keep what was acknowledged."""
        image, made_at = self.cloud_image
        if self.now - made_at < CLOUD_BACKUP_LIMIT_S:
            self.cloud.start(opened(image))
            self.note_gone()
            self.cloud.session.ask_all_to_go_on()

    def a_row_rots(self) -> None:
        """A flipped bit in a record that waits. Nobody may take it for what was written."""
        box = self.box
        sql = (
            "select outbox.rowid, pass_id from outbox, meta where kind = 'pass'"
            " and seq > acked_seq and outbox.epoch = meta.epoch"
        )
        waiting = box.db.execute(sql).fetchall()
        if waiting:
            row, pass_id = self.dice.choice(waiting)
            if self.dice.random() < 0.3:
                box.db.execute("update outbox set chain = zeroblob(32) where rowid = ?", (row,))
                return
            box.db.execute("update outbox set body = body || ' ' where rowid = ?", (row,))
            self.diskless.add(pass_id)
            self.note_gone()
            self.rotten.add(pass_id)

    def a_record_is_poison(self) -> None:
        """What no cloud can read."""
        outbox.append(self.box.db, "pass", f'"{self.dice.random()}"')

    def the_cloud_asks_for_patience(self) -> None:
        slow = Slow(self.dice.choice((0.5, 3.0)), self.dice.choice((0.0, 5.0, 30.0)))
        self.down.append((down(GW, "ctl"), messages.encode(slow)))

    def the_cloud_dies_at_a_message(self) -> None:
        """Before its commit, or between the commit and the answer."""
        if self.up:
            before = self.cloud.db.serialize()
            self.cloud.hear(*self.dice.choice(self.up))
            self.cloud.link.sent.clear()
            committed = self.dice.random() < 0.5
            self.cloud.start(opened(self.cloud.db.serialize() if committed else before))
            self.cloud.session.ask_all_to_go_on()

    def the_cloud_restarts(self) -> None:
        self.cloud.start(opened(self.cloud.db.serialize()))
        self.cloud.session.ask_all_to_go_on()

    # --- what is where -------------------------------------------------------------------

    def in_cloud(self) -> set[str]:
        return {row[0] for row in self.cloud.db.execute("select pass_id from pass")}

    def on_disks(self) -> set[str]:
        return set().union(*map(on_disk, self.boxes))

    def check_always(self) -> None:
        """I3 and I8."""
        for box in self.boxes:
            meta = outbox.meta(box.db)
            done = (meta.epoch, *meta.acked)
            assert not meta.acked.seq or done in self.acknowledged, "I3: done, but not in the cloud"
        for topic, payload in self.up:
            if split_topic(topic)[1] != "rec":
                assert "京".encode() not in payload, "I8: a plate where none belongs"

    # --- the end -------------------------------------------------------------------------

    def heal(self) -> None:
        """The faults are over. I5: then every outbox empties, one box after the other."""
        for box in self.boxes:
            self.up.clear()
            self.down.clear()
            box.reconnect()
            for _ in range(60):
                while box.send():
                    pass
                self.collect()
                self.messages_arrive_at(box)
                if box.quiet():
                    break
                self.cloud.now += 7.0
                box.tick(7.0)
            else:
                raise AssertionError("I5: an outbox never became empty")

    def messages_arrive_at(self, box: Box) -> None:
        waiting, self.up = self.up, []
        for message in waiting:
            self.cloud.hear(*message)
        self.collect()
        waiting, self.down = self.down, []
        for message in waiting:
            box.hear(*message)
        self.collect()

    def check_end(self) -> None:
        cloud = self.cloud.db
        held = dict(
            cloud.execute("select pass_id, body from record where applied and kind = 'pass'")
        )
        missing = set(self.committed) - self.gone - set(held)
        assert not missing, f"I1: {len(missing)} committed passes are nowhere"
        for pass_id, body in held.items():
            assert self.committed.get(pass_id) == body, "I10: a pass id means two passes"
        summary = receipts.summary_of(cloud)
        assert summary["duplicated"] == 0, "I2: a record counts twice"
        ids = [row[0] for row in cloud.execute(
            "select pass_id from record where applied and kind = 'pass'"
        )]  # fmt: skip
        assert len(ids) == len(set(ids)), "I2: a pass was applied twice"
        assert summary["gaps"] == 0, "I4: there is a gap"
        self.check_losses(held)
        losses = cloud.execute("select count(*) from loss").fetchone()[0]
        assert losses == 0 or self.gone, "I9: a loss was counted where nothing is lost"

    def check_losses(self, held: Iterable[str]) -> None:
        """Where a box's disk was replaced before it looked, nobody could tell."""
        if self.happened["an_image_is_restored"]:
            return
        sql = "select body from record where applied and kind = 'loss'"
        told = sum(json.loads(row[0])["records"] for row in self.cloud.db.execute(sql))
        assert told >= len(self.rotten - set(held)), "I9: a loss that nobody counted"


def on_disk(box: Box) -> set[str]:
    sql = "select pass_id from outbox where kind = 'pass' and body not like '% '"
    return {row[0] for row in box.db.execute(sql)}


WEIGHTS = {
    "vehicles_pass": 20,
    "a_box_sends": 24,
    "messages_arrive": 14,
    "a_message_arrives": 20,
    "a_message_is_lost": 5,
    "the_broker_is_wiped": 2,
    "time_goes_by": 8,
    "a_box_crashes": 3,
    "a_box_crashes_while_an_epoch_begins": 1,
    "an_image_is_made": 4,
    "an_image_is_restored": 3,
    "a_box_is_cloned": 2,
    "the_cloud_is_backed_up": 3,
    "the_cloud_is_restored": 2,
    "the_cloud_restarts": 1,
    "the_cloud_dies_at_a_message": 2,
    "the_cloud_asks_for_patience": 1,
    "a_row_rots": 1,
    "a_record_is_poison": 1,
}


def simulate(seed: int, steps: int = 50, **different) -> World:
    """Raises `AssertionError` with the invariant's name."""
    world = World(seed, **different)
    world.play(steps)
    world.heal()
    world.check_end()
    return world
