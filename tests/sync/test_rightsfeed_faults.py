"""Random faults between a cloud and the feed of rights."""

import asyncio
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.rights import GapError, RightsError
from gateway.rights.held import NOTHING, Held, SetHash, digest_of
from gateway.sync.rightsfeed import RightsFeed
from tests.sync.righting import delta, full, hash_of, held, manifest, right


class BookInMemory:
    """Judges as the real book does; tests over that one are elsewhere."""

    def __init__(self) -> None:
        self.lines: dict[str, str] = {}
        self.state = Held(0, NOTHING, 0)

    async def replace(self, rights, version, digest):
        self._take({right.right_id: right.line() for right in rights}, version, digest)
        return self.state

    async def apply(self, delta):
        if delta.from_version != self.state.version:
            raise GapError("another version")
        lines = {key: line for key, line in self.lines.items() if key not in delta.drop}
        lines |= {right.right_id: right.line() for right in delta.set}
        self._take(lines, delta.version, delta.hash)
        return self.state

    def _take(self, lines, version, digest):
        whole = SetHash()
        for line in lines.values():
            whole.add(digest_of(line))
        if whole.text != digest:
            raise RightsError("the hash does not fit")
        self.lines, self.state = lines, Held(version, digest, len(lines))


@dataclass
class Cloud:
    """Says what an integrator's cloud says; `sets` are all that it ever had."""

    numbers: frozenset[int] = frozenset({1, 2, 3})
    version: int = 1
    backup: tuple[int, frozenset[int]] = (1, frozenset({1, 2, 3}))
    sets: set[tuple[int, str]] = field(default_factory=set)
    sent: list[tuple[str, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.say()

    @property
    def objects(self) -> list[dict]:
        return [right(number) for number in sorted(self.numbers)]

    def say(self) -> None:
        self.sets.add((self.version, hash_of(self.objects)))
        self.sent.append(("rights", manifest(self.version, self.objects)))

    def change(self, number: int) -> None:
        before, self.numbers = self.numbers, self.numbers ^ {number}
        self.version += 1
        put = [right(one) for one in self.numbers - before]
        drop = [f"r-{one}" for one in before - self.numbers]
        message = delta(self.version - 1, self.version, put, drop, self.objects)
        self.sent.append(("rights-set", message))
        self.say()

    def save(self) -> None:
        self.backup = self.version, self.numbers

    def restore(self) -> None:
        self.version, self.numbers = self.backup
        self.say()

    def send_all(self, parts: int) -> None:
        messages = full(self.version, self.objects, parts)
        self.sent += [("rights-set", message) for message in messages]


class World:
    def __init__(self, folder) -> None:
        self.folder, self.now = folder, 0.0
        self.cloud, self.book = Cloud(), BookInMemory()
        self.restart()

    def restart(self) -> None:
        self.feed = RightsFeed(self.book, self.folder, self._alarm, lambda: self.now)

    async def _alarm(self, text: str) -> None:
        """People read it."""

    async def deliver(self, place: int) -> None:
        """Any of what is on its way; it may be that it stays and comes again."""
        sent = self.cloud.sent
        if sent:
            leaf, payload = sent[place % len(sent)]
            if place % 3:
                sent.remove((leaf, payload))
            await self.feed.hear(leaf, payload)
            state = self.book.state
            assert state.version == 0 or (state.version, state.hash) in self.cloud.sets

    def ask(self, seconds: float, parts: int) -> None:
        self.now += seconds
        if self.feed.wanted() is not None:
            self.cloud.send_all(parts)

    async def heal(self) -> None:
        """A new connection: the retained word comes again, and from now on all in order."""
        self.cloud.say()
        for _ in range(50):
            while self.cloud.sent:
                await self.feed.hear(*self.cloud.sent.pop(0))
            self.ask(61.0, 2)
        cloud = self.cloud
        assert held(self.book) == (cloud.version, hash_of(cloud.objects), len(cloud.numbers))
        assert self.feed.wanted() is None
        assert not list(self.folder.glob("*/*"))


STEPS = st.one_of(
    st.tuples(st.just("deliver"), st.integers(0, 20)),
    st.tuples(st.just("deliver"), st.integers(0, 20)),
    st.tuples(st.just("change"), st.integers(1, 6)),
    st.tuples(st.just("lose"), st.integers(0, 20)),
    st.tuples(st.just("ask"), st.integers(1, 3)),
    st.sampled_from([("save", 0), ("restore", 0), ("restart", 0)]),
)


async def follow(world: World, word: str, number: int) -> None:
    match word:
        case "deliver":
            await world.deliver(number)
        case "change":
            world.cloud.change(number)
        case "lose" if world.cloud.sent:
            del world.cloud.sent[number % len(world.cloud.sent)]
        case "ask":
            world.ask(20.0, number)
        case "save":
            world.cloud.save()
        case "restore":
            world.cloud.restore()
        case "restart":
            world.restart()


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=40))
def test_whatever_happens_the_box_holds_a_set_of_the_cloud_and_in_the_end_its_last(
    tmp_path_factory, steps
):
    async def story():
        world = World(tmp_path_factory.mktemp("feed"))
        for word, number in steps:
            await follow(world, word, number)
        await world.heal()

    asyncio.run(story())
