"""The book of rights: what it holds, and what it refuses."""

import sqlite3
import tempfile
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.rights import Delta, GapError, Held, RightsError, rights_of
from gateway.rights.decoding import right_of
from gateway.rights.held import NOTHING
from tests.rights.some import ONE, OTHER, SECOND, a_right, fields, hash_of, of, told, two


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "rights.db"


# --- what it holds -----------------------------------------------------------------------


def test_a_new_book_holds_nothing(path):
    async def story(book):
        return book.state, await book.of("京A12345"), await book.right("one")

    assert told(path, story) == (Held(0, NOTHING, 0), (), None)


def test_a_set_is_held_also_by_the_next_start(path):
    assert told(path, two) == SECOND

    async def story(book):
        return book.state, await of(book), await of(book, "京B99999"), await book.right("other")

    right = right_of(OTHER.line())
    assert told(path, story) == (SECOND, ["one", "other"], ["other"], right)


def test_a_full_set_leaves_nothing_of_the_one_before(path):
    async def story(book):
        await two(book)
        held = await book.replace([a_right("new", plates=["京C11111"])], 1)
        return held.version, held.count, await of(book), await of(book, "京C11111")

    assert told(path, story) == (1, 1, [], ["new"])


def test_what_is_no_longer_held_is_in_no_file(path):
    async def story(book):
        await two(book)
        await book.apply(Delta(2, 3, "", (), ("other",)))
        before = [file.name for file in path.parent.iterdir() if b"B99999" in file.read_bytes()]
        await book.replace([], 4)
        after = [file.name for file in path.parent.iterdir() if b"A12345" in file.read_bytes()]
        return before, after

    assert told(path, story) == ([], [])


RIGHT_IDS = st.sampled_from("abcdef")
PLATES = st.sampled_from(["京A11111", "京A22222", "京A33333"])
SETS = st.dictionaries(RIGHT_IDS, st.lists(PLATES, min_size=1, max_size=3), max_size=6)
STEPS = st.lists(st.tuples(st.booleans(), SETS, st.sets(RIGHT_IDS), st.booleans()), max_size=5)


def rights(drawn, version):
    return [a_right(name, version=version, plates=plates) for name, plates in drawn.items()]


async def stepped(book, steps, seen):
    """Each step's version, what came, and the book after it, are told to `seen`."""
    model, versions = {}, count(1)
    for is_full, drawn, dropped, is_wrong in steps:
        version = next(versions)
        new = {right.right_id: right for right in rights(drawn, version)}
        drop = sorted(dropped - new.keys())
        after = new if is_full else {k: v for k, v in model.items() if k not in drop} | new
        digest = hash_of(after.values())
        if is_wrong:
            digest = digest[:-1] + ("0" if digest[-1] != "0" else "1")
        before = book.state
        try:
            if is_full:
                await book.replace(iter(new.values()), version, digest)
            else:
                delta = Delta(before.version, version, digest, tuple(new.values()), tuple(drop))
                await book.apply(delta)
        except RightsError:
            assert is_wrong
            assert book.state == before
        else:
            assert not is_wrong
            assert book.state == Held(version, digest, len(after))
            model = after
        await seen(book, model)


async def held_as_in(book, model):
    for plate in ("京A11111", "京A22222", "京A33333"):
        found = {right.right_id: right for right in await book.of(plate)}
        wanted = {name: right for name, right in model.items() if plate in right.plates}
        assert found == {name: right_of(right.line()) for name, right in wanted.items()}


@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_sets_and_changes_in_any_order_leave_what_a_dictionary_would(steps):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rights.db"
        told(path, lambda book: stepped(book, steps, held_as_in))
        rows_of_nobody = "select count(*) from plates where id not in (select id from rights)"
        with closing(sqlite3.connect(path)) as db:
            assert db.execute(rows_of_nobody).fetchone() == (0,)
            assert db.execute("pragma integrity_check").fetchone() == ("ok",)


# --- what it refuses ---------------------------------------------------------------------


def refused(path, attempt):
    """What was said to the attempt; nothing changed by it, now and after a start."""

    async def story(book):
        await two(book)
        with pytest.raises(RightsError) as failure:
            await attempt(book)
        return type(failure.value), str(failure.value), book.state, await of(book)

    kind, sentence, *held = told(path, story)
    assert held == [SECOND, ["one", "other"]]

    async def again(book):
        return [book.state, await of(book)]

    assert told(path, again) == held
    return kind, sentence


def test_a_set_with_another_hash_changes_nothing(path):
    kind, sentence = refused(path, lambda book: book.replace([ONE], 3, "ab" * 32))
    assert kind is RightsError
    assert "the full set has the hash" in sentence
    assert "not abababababab... as it should" in sentence


def test_a_set_with_a_bad_right_at_its_end_changes_nothing(path):
    many = [fields(f"r{number}") for number in range(2000)]
    mixed = rights_of([*many, fields("bad", kind="king")])
    kind, sentence = refused(path, lambda book: book.replace(mixed, 3))
    assert kind is RightsError
    assert sentence.startswith("right 2001 (id 'bad'): kind: 'king' is not known here")


def test_a_set_with_two_rights_of_one_id_changes_nothing(path):
    kind, sentence = refused(path, lambda book: book.replace([ONE, OTHER, ONE], 3))
    assert kind is RightsError
    assert sentence == "right 3: a second one has the id one; give each its own"


@pytest.mark.parametrize("since", [1, 3, 0])
def test_a_change_of_another_version_asks_for_the_full_set(path, since):
    kind, sentence = refused(path, lambda book: book.apply(Delta(since, 9, "", (), ())))
    assert kind is GapError
    assert sentence == (
        f"the change makes version 9 of {since}, but 2 is held; a full set is needed"
    )


@pytest.mark.parametrize(
    ("put", "drop"), [((), ("one", "one")), ((ONE, ONE), ()), ((ONE,), ("one",))]
)
def test_a_change_that_names_a_right_twice_changes_nothing(path, put, drop):
    kind, sentence = refused(path, lambda book: book.apply(Delta(2, 3, "", put, drop)))
    assert (kind, "names right one twice" in sentence) == (RightsError, True)


def test_a_change_with_another_hash_changes_nothing(path):
    delta = Delta(2, 3, SECOND.hash, (a_right("one", version=2),), ("other",))
    kind, sentence = refused(path, lambda book: book.apply(delta))
    assert (kind, "the set after the change has the hash" in sentence) == (RightsError, True)


def test_a_change_that_comes_twice_is_taken_once(path):
    new = a_right("new", plates=["京C11111"])
    delta = Delta(2, 3, hash_of([ONE, new]), (new,), ("other", "never-held"))

    async def story(book):
        await two(book)
        return await book.apply(delta), await book.apply(delta), await of(book)

    held = Held(3, delta.hash, 2)
    assert told(path, story) == (held, held, ["one"])
