"""The rights follow the cloud's word, whatever is lost, doubled or damaged on the way."""

import asyncio
import json
import random

import pytest

from gateway.rights import RightsBook, rights_of
from gateway.store import StoreError
from gateway.sync.asking import RightsWanted
from gateway.sync.fields import MalformedError
from gateway.sync.rightsfeed import RightsFeed
from tests.sync.righting import as_bytes, delta, full, hash_of, held, manifest, right, rights

THREE, FIVE = rights(3), rights(5)


class Scene:
    """A feed over a real book, with a clock that stands still until it is moved."""

    def __init__(self, folder, book) -> None:
        self.folder, self.book, self.now = folder, book, 0.0
        self.alarms: list[str] = []
        self.restart()

    def restart(self) -> None:
        self.feed = RightsFeed(self.book, self.folder / "set", self._alarm, lambda: self.now)

    async def _alarm(self, text: str) -> None:
        self.alarms.append(text)

    async def word(self, version: int, objects) -> None:
        await self.feed.hear("rights", manifest(version, objects))

    async def sets(self, *messages: bytes) -> None:
        for message in messages:
            await self.feed.hear("rights-set", message)

    def asked(self, seconds: float = 0.0) -> RightsWanted | None:
        self.now += seconds
        return self.feed.wanted()

    @property
    def version(self) -> int:
        return self.book.state.version

    def spooled(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("set/*/*"))


@pytest.fixture
def played(tmp_path):
    def play(story, book_class=RightsBook):
        async def run():
            book = book_class.open(tmp_path / "rights.db")
            try:
                await story(Scene(tmp_path, book))
            finally:
                await book.close()

        asyncio.run(run())

    return play


def test_the_word_of_a_set_that_is_not_held_leads_to_a_question_and_the_set_to_rest(played):
    async def story(scene):
        assert scene.asked(1000) is None
        await scene.word(41, FIVE)
        assert scene.asked() is None
        assert scene.asked(1.0) == RightsWanted(0, "0" * 64)
        await scene.sets(*full(41, FIVE))
        assert held(scene.book) == (41, hash_of(FIVE), 5)
        assert scene.asked(1000) is None
        await scene.word(41, FIVE)
        assert scene.asked(1000) is None
        assert scene.alarms == []

    played(story)


def test_parts_come_in_any_order_and_twice_and_wait_on_the_disk(played):
    async def story(scene):
        parts = full(7, rights(40), parts=8) * 2
        random.Random(3).shuffle(parts)
        last = next(i for i in range(len(parts)) if set(parts[: i + 1]) == set(parts))
        await scene.sets(*parts[:last])
        assert scene.version == 0
        assert len(scene.spooled()) == 7
        await scene.sets(*parts[last:])
        assert (scene.version, scene.book.state.count) == (7, 40)
        assert not list(scene.folder.glob("set/*"))

    played(story)


def test_a_lost_part_is_asked_for_again_and_the_others_are_not_forgotten(played):
    async def story(scene):
        first, second, third = full(2, FIVE, parts=3)
        await scene.word(2, FIVE)
        assert scene.asked(1)
        scene.now += 10
        await scene.sets(first, third)
        assert scene.asked(29) is None
        assert scene.asked(1) == RightsWanted(0, "0" * 64)
        await scene.sets(second)
        assert scene.version == 2

    played(story)


def test_a_change_is_applied_once_and_one_that_does_not_fit_asks_for_all(played):
    async def story(scene):
        await scene.sets(*full(1, THREE))
        grown = [*THREE, right(9)]
        change = delta(1, 2, [right(9)], [], grown)
        await scene.sets(change)
        await scene.word(2, grown)
        await scene.sets(change)
        assert held(scene.book) == (2, hash_of(grown), 4)
        assert scene.asked(1000) is None
        await scene.sets(delta(3, 4, [], ["r-9"], THREE))
        assert scene.version == 2
        wanted = scene.asked(1)
        assert "from version 3 to 4 does not fit: this box holds version 2" in wanted.why
        assert scene.alarms == []

    played(story)


def test_an_old_change_that_comes_late_is_passed_over(played):
    async def story(scene):
        await scene.sets(*full(3, THREE))
        await scene.sets(delta(1, 2, [], ["r-4"], FIVE[:4]))
        await scene.word(3, THREE)
        await scene.sets(delta(2, 3, [], ["r-3"], THREE), delta(1, 2, [], ["r-4"], FIVE[:4]))
        assert scene.version == 3
        assert scene.asked(1000) is None

    played(story)


def test_a_change_and_the_word_of_it_lead_to_no_question_in_either_order(played):
    async def story(scene):
        await scene.sets(*full(1, THREE))
        await scene.word(1, THREE)
        shrunk = THREE[:2]
        await scene.sets(delta(1, 2, [], ["r-2"], shrunk))
        assert scene.asked(0.5) is None
        await scene.word(2, shrunk)
        assert scene.asked(100) is None
        await scene.word(3, THREE)
        assert scene.asked(0.5) is None
        await scene.sets(delta(2, 3, [right(2)], [], THREE))
        assert scene.asked(100) is None

    played(story)


def test_a_newer_set_drops_a_half_collected_one_and_late_parts_of_that_are_ignored(played):
    async def story(scene):
        old, new = full(5, THREE, parts=2), full(6, FIVE, parts=2)
        await scene.sets(old[0], new[0], old[1], old[0])
        assert scene.version == 0
        await scene.sets(new[1])
        assert scene.version == 6
        await scene.sets(*old)
        assert scene.version == 6
        assert scene.spooled() == []

    played(story)


def test_a_cloud_that_was_set_back_is_followed_to_its_lower_version(played):
    async def story(scene):
        await scene.sets(*full(9, FIVE))
        await scene.word(9, FIVE)
        late = full(10, THREE, parts=2)
        await scene.sets(late[0])
        await scene.word(4, THREE)
        assert scene.asked(1) == RightsWanted(9, hash_of(FIVE))
        first, second = full(4, THREE, parts=2)
        await scene.sets(first, late[1], second)
        assert held(scene.book) == (4, hash_of(THREE), 3)
        assert scene.asked(100) is None

    played(story)


def test_the_hash_decides_where_two_sets_have_one_version(played):
    async def story(scene):
        await scene.sets(*full(3, THREE))
        await scene.word(3, FIVE)
        assert scene.asked(1) == RightsWanted(3, hash_of(THREE))
        await scene.sets(*full(3, FIVE))
        assert held(scene.book) == (3, hash_of(FIVE), 5)

    played(story)


def test_a_bad_right_changes_nothing_and_is_told_to_people_once_and_to_the_cloud(played):
    async def story(scene):
        await scene.sets(*full(1, THREE))
        await scene.word(2, FIVE)
        assert scene.asked(1)
        bad = full(2, [*FIVE, right(6, plates=[])], digest=hash_of(FIVE))
        for _ in range(2):
            await scene.sets(*bad)
            assert held(scene.book) == (1, hash_of(THREE), 3)
            wanted = scene.asked(60)
            assert (wanted.version, wanted.digest) == (1, hash_of(THREE))
            assert "r-6" in wanted.why
        assert len(scene.alarms) == 1
        assert "version 2, is not taken" in scene.alarms[0]
        assert "stay in force" in scene.alarms[0]
        await scene.sets(*full(2, FIVE))
        assert scene.version == 2
        assert scene.asked(1000) is None

    played(story)


def test_a_set_or_a_change_with_a_wrong_hash_is_not_taken(played):
    async def story(scene):
        await scene.sets(*full(1, THREE))
        await scene.sets(*full(2, FIVE, digest="ab" * 32))
        await scene.sets(delta(1, 2, [right(9)], [], [], digest="ab" * 32))
        assert held(scene.book) == (1, hash_of(THREE), 3)
        assert len(scene.alarms) == 2
        assert scene.asked(60).why
        assert scene.spooled() == []

    played(story)


def test_a_message_that_is_not_understood_is_said_and_asked_for_again(played):
    async def story(scene):
        await scene.sets(*full(1, THREE))
        (whole,) = full(2, FIVE)
        third_of_two = json.dumps(json.loads(whole) | {"part": 3, "parts": 2}).encode()
        for payload in (b"\xff", as_bytes(kind="full"), whole + b" " * 2**20, third_of_two):
            with pytest.raises(MalformedError):
                await scene.sets(payload)
        assert "not understood" in scene.asked(60).why
        with pytest.raises(MalformedError):
            await scene.feed.hear("rights", b"{}")
        await scene.feed.hear("rights", b"")
        await scene.sets(as_bytes(kind="dance"))
        assert scene.version == 1

    played(story)


def test_what_was_collected_outlives_the_program(played):
    async def story(scene):
        parts = full(2, FIVE, parts=3)
        await scene.sets(*parts[:2])
        scene.restart()
        await scene.sets(parts[2])
        assert scene.version == 2

    played(story)


class BookOnAFullDisk(RightsBook):
    """Fails as often as `fails` says."""

    fails = 1

    async def replace(self, rights, version, digest=""):
        if self.fails:
            self.fails -= 1
            raise StoreError("no room")
        return await super().replace(rights, version, digest)


def test_a_set_that_was_whole_when_the_disk_failed_or_the_program_ended_is_built_later(played):
    async def again(scene):
        parts = full(2, FIVE, parts=2)
        await scene.sets(parts[0])
        with pytest.raises(StoreError):
            await scene.sets(parts[1])
        assert len(scene.spooled()) == 2
        await scene.sets(parts[1])
        assert scene.version == 2

    async def too_late(scene):
        scene.book.fails = 1
        with pytest.raises(StoreError):
            await scene.sets(*full(4, THREE, parts=2))
        scene.restart()
        await scene.word(5, FIVE)
        assert scene.version == 3
        await scene.sets(*full(5, FIVE))
        assert scene.version == 5
        assert scene.spooled() == []

    async def anew(scene):
        scene.book.fails = 1
        with pytest.raises(StoreError):
            await scene.sets(*full(3, THREE, parts=2))
        scene.restart()
        await scene.word(3, THREE)
        assert scene.version == 3
        assert scene.asked(100) is None

    played(again, BookOnAFullDisk)
    played(anew, BookOnAFullDisk)
    played(too_late, BookOnAFullDisk)


def test_a_set_that_is_held_already_is_not_built_again_from_what_was_left_of_it(played):
    async def story(scene):
        with pytest.raises(StoreError):
            await scene.sets(*full(2, FIVE, parts=2))
        await scene.book.replace(rights_of(FIVE), 2, hash_of(FIVE))
        scene.book.fails = 1
        scene.restart()
        await scene.word(2, FIVE)
        assert scene.book.fails == 1
        assert scene.spooled() == []

    played(story, BookOnAFullDisk)


class SlowBook(RightsBook):
    """Has the new set, and does not say so yet."""

    async def apply(self, delta):
        held = await super().apply(delta)
        await asyncio.sleep(0.05)
        return held


def test_nothing_is_asked_for_while_a_change_is_being_taken(played):
    async def story(scene):
        await scene.sets(*full(1, THREE))
        await scene.word(1, THREE)
        scene.now += 1000
        taking = asyncio.create_task(scene.sets(delta(1, 2, [right(3), right(4)], [], FIVE)))
        while scene.version == 1:
            assert scene.asked() is None
            await asyncio.sleep(0.001)
        assert scene.asked() is None
        await taking
        assert scene.asked() is None

    played(story, SlowBook)


def test_a_spool_that_cannot_be_written_is_a_sentence(played):
    async def story(scene):
        (scene.folder / "set").write_text("in the way")
        with pytest.raises(StoreError, match="look at the disk's room and rights"):
            await scene.sets(*full(1, THREE))

    played(story)


def test_a_part_that_was_damaged_on_the_disk_is_never_taken(played):
    async def story(scene):
        first, second = full(2, FIVE, parts=2)
        await scene.sets(first)
        (part,) = scene.folder.glob("set/*/1.json")
        part.write_bytes(part.read_bytes()[:-9])
        await scene.sets(second)
        assert scene.version == 0
        assert "damaged" in scene.alarms[0]
        assert scene.asked(60).why
        await scene.sets(first, second)
        assert scene.version == 2

    played(story)


def test_folders_of_others_beside_the_parts_are_left_alone(played):
    async def story(scene):
        other = scene.folder / "set" / "notes"
        other.mkdir(parents=True)
        await scene.sets(*full(1, THREE, parts=2))
        assert scene.version == 1
        assert other.is_dir()

    played(story)
