"""The book of rights beside other programs, and with a file that is damaged."""

import asyncio
import logging
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pytest

from gateway.rights import Delta, GapError, Held, RightsBook, RightsError
from gateway.rights.held import digest_of
from gateway.store import StoreError
from tests.rights.some import ONE, OTHER, SECOND, a_right, hash_of, of, told, two


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "rights.db"


# --- beside other work -------------------------------------------------------------------


def test_the_old_set_is_told_while_a_new_one_is_being_written(path):
    begun, go_on = threading.Event(), threading.Event()

    def slowly():
        yield from (a_right(f"new{number}") for number in range(3000))
        begun.set()
        assert go_on.wait(60)

    async def story(book):
        await two(book)
        writing = asyncio.create_task(book.replace(slowly(), 3))
        await asyncio.to_thread(begun.wait, 60)
        during = await of(book), book.state
        go_on.set()
        held = await writing
        return during, held.count, len(await of(book))

    assert told(path, story) == ((["one", "other"], SECOND), 3000, 3000)


def test_a_book_that_is_closed_says_so(path):
    async def story():
        book = RightsBook.open(path)
        await book.close()
        await book.close()
        with pytest.raises(StoreError, match="the book is closed"):
            await book.of("京A12345")

    asyncio.run(story())


def test_what_is_held_outlives_a_power_cut(path):
    """A kill does not show it: the system's cache outlives a program."""

    async def story(book):
        return book._writing.do(lambda db: db.execute("pragma synchronous").fetchone())

    full = (2,)
    assert told(path, story) == full


BY_ANOTHER = """
import asyncio, sys
from pathlib import Path
from gateway.rights import RightsBook
from tests.rights.some import a_right

async def story():
    book = RightsBook.open(Path(sys.argv[1]))
    await book.replace([a_right("theirs")], 7)
    await book.close()

asyncio.run(story())
"""


def by_another_program(path):
    subprocess.run([sys.executable, "-c", BY_ANOTHER, str(path)], check=True, timeout=100)


def test_what_another_program_writes_is_seen_by_the_next_question(path):
    async def story(book):
        await two(book)
        before = await of(book)
        await asyncio.to_thread(by_another_program, path)
        after = await of(book), book.state.version
        await book.apply(Delta(7, 8, "", (ONE,), ()))
        return before, after, await of(book)

    assert told(path, story) == (["one", "other"], (["theirs"], 7), ["one", "theirs"])


def moved_away(path):
    for file in path.parent.glob("rights.db*"):
        file.rename(path.parent / f"old-{file.name}")


def test_a_file_that_was_moved_away_is_seen_by_the_next_question(path):
    async def story(book):
        await two(book)
        moved_away(path)
        gone = await of(book), book.state
        await asyncio.to_thread(by_another_program, path)
        return gone, await of(book), (await book.apply(Delta(7, 8, "", (ONE,), ()))).count

    assert told(path, story) == (([], Held()), ["theirs"], 2)


# --- damage ------------------------------------------------------------------------------


def changed(path, sql, *values):
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(sql, values)


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("update rights set body = ? where id = 'one'", '{"id":"one"}'),
        ("update rights set body = ? where id = 'one'", "rubbish"),
        ("update rights set digest = ? where id = 'one'", b""),
        ("update rights set body = replace(body, '12345', '1234?') where ? and id = 'one'", 1),
    ],
)
def test_a_damaged_right_is_logged_and_the_others_go_on(path, caplog, sql, value):
    told(path, two)
    changed(path, sql, value)
    with caplog.at_level(logging.ERROR):
        assert told(path, of) == ["other"]
    assert "right one is damaged and counts for nothing" in caplog.text


def test_a_damaged_right_cannot_be_changed_unnoticed_but_a_full_set_mends_it(path):
    told(path, two)
    changed(path, "update rights set digest = ? where id = 'one'", b"\1" * 32)
    new = a_right("one", version=2)

    async def story(book):
        with pytest.raises(RightsError, match="send the full set again"):
            await book.apply(Delta(2, 3, hash_of([new, OTHER]), (new,), ()))
        await book.replace([new, OTHER], 3, hash_of([new, OTHER]))
        return await of(book)

    assert told(path, story) == ["one", "other"]


def test_a_right_that_is_sound_and_makes_no_sense_is_left_out(path, caplog):
    """As a newer program may have written it."""
    told(path, two)
    body = '{"id":"one","kind":"king"}'
    changed(path, "update rights set body = ?, digest = ? where id = 'one'", body, digest_of(body))
    with caplog.at_level(logging.ERROR):
        assert told(path, of) == ["other"]
    assert "right one cannot be understood" in caplog.text


def overwritten(path, start=0):
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\xa5" * 8192)


def aside(path):
    """Files of changes that went with them not counted."""
    found = path.parent.glob("rights.db.damaged-*")
    return [file.name for file in found if not file.name.endswith(("-wal", "-shm"))]


def test_a_damaged_file_is_put_aside_at_the_start(path, caplog):
    told(path, two)
    overwritten(path)

    async def story(book):
        return book.state, await of(book), len(aside(path)), (await two(book)).count

    assert told(path, story) == (Held(), [], 1, 2)
    assert aside(path) == []
    assert "no right is known until a full set comes" in caplog.text


def test_a_file_that_is_damaged_while_it_is_open_is_put_aside(path):
    async def story(book):
        await book.replace((a_right(f"r{n}", plates=[f"京A{n:05}"]) for n in range(3000)), 2)
        overwritten(path, 4096)
        overwritten(path, 8192 * 4)
        after = [len(await of(book, f"京A{n:05}")) for n in range(0, 3000, 100)]
        assert book.state == Held()
        with pytest.raises(GapError):
            await book.apply(Delta(2, 3, "", (ONE,), ()))
        return after[-1], len(aside(path)), await two(book), await of(book)

    assert told(path, story) == (0, 1, SECOND, ["one", "other"])
    assert list(path.parent.glob("*damaged*")) == []


def test_who_only_looks_leaves_a_damaged_file_as_it_is(path):
    told(path, two)
    overwritten(path)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="damaged, or no SQLite file"):
        RightsBook.open(path, mends=False)
    assert path.read_bytes() == before
    assert aside(path) == []
