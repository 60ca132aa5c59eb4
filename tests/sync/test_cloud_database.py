"""The receiver's two databases: where they are, what form they have, what they say of trouble."""

import contextlib
import sqlite3
from collections.abc import Callable

import pytest

from gateway.store.database import StoreError
from gateway.sync.cloud.address import read_address
from gateway.sync.cloud.database import Database, Table, UnusableError
from gateway.sync.cloud.forms import FORMS
from gateway.sync.cloud.postgresql import open_postgresql
from gateway.sync.cloud.sqlite import open_sqlite

NEWER = (
    *FORMS,
    "create table later (name text primary key, number {int}, content {blob}){strict}",
)
LATER = Table("later", ("name", "number", "content"), ("name",))
Opener = Callable[..., Database]


@pytest.fixture(params=["sqlite", "postgresql"])
def opener(request, tmp_path) -> Opener:
    """Opens the same database again and again."""
    if request.param == "sqlite":
        return lambda forms=FORMS: open_sqlite(tmp_path / "received.db", forms)
    url = request.getfixturevalue("postgres").new_database()
    return lambda forms=FORMS: open_postgresql(url, forms=forms)


def test_an_older_form_is_brought_up_and_keeps_what_it_has(opener):
    with contextlib.closing(opener()) as db:
        db.execute("insert into start values ('north', 'e1', 'a')")
    with contextlib.closing(opener(NEWER)) as db:
        db.insert(LATER, [("a", 1, b"\0")])
        assert db.execute("select gw from start").fetchall() == [("north",)]
    with contextlib.closing(opener(NEWER)) as db:
        assert db.execute("select name from later").fetchall() == [("a",)]


def test_a_newer_form_than_the_program_knows_is_refused(opener):
    opener(NEWER).close()
    with pytest.raises(
        StoreError, match=r"written by a newer lanegate \(form 2, this program knows"
    ):
        opener()


def test_a_step_that_fails_leaves_the_form_before_it(opener):
    opener().close()
    broken = (*FORMS, "create table later (name text); create nonsense")
    with pytest.raises(StoreError):
        opener(broken)
    with contextlib.closing(opener(NEWER)) as db:
        assert db.execute("select count(*) from later").fetchone()[0] == 0


def test_rows_go_in_and_come_out_of_both_alike(opener):
    with contextlib.closing(opener(NEWER)) as db:
        with db.writing(["north"]):
            db.insert(LATER, [("a", 1, b"\0\xff"), ("b", None, None)])
            db.upsert(LATER, [("b", 2**62, b""), ("京", 3, b"x")])
            db.upsert(LATER, [("a", 9, b"no")], changes="number = excluded.number")
            assert not db.insert_new(LATER, ("a", 0, b""))
            assert db.insert_new(LATER, ("c", 0, b""))
        sql = "select name, number, content from later where number > ? and name"
        found = db.among(sql, (0,), {"a", "b", "c", "京", "none"})
        assert sorted(found) == [("a", 9, b"\0\xff"), ("b", 2**62, b""), ("京", 3, b"x")]
        assert list(db.among(sql, (0,), [])) == []


def test_a_transaction_that_fails_leaves_nothing(opener):
    with contextlib.closing(opener(NEWER)) as db:
        with contextlib.suppress(*db.errors), db.writing(["north"]):
            db.insert(LATER, [("a", 1, b"")])
            db.insert(LATER, [("a", 1, b"")])
        assert db.execute("select count(*) from later").fetchone()[0] == 0


def test_what_is_acknowledged_is_on_the_disk_even_where_the_server_would_not_wait(postgres):
    import psycopg

    url = postgres.new_database()
    name = url.split("/")[3].partition("?")[0]
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(f"alter database {name} set synchronous_commit = off")
    with contextlib.closing(open_postgresql(url)) as db:
        assert db.execute("show synchronous_commit").fetchone()[0] == "on"


def test_a_database_that_cannot_hold_plates_is_refused(postgres):
    import psycopg

    with psycopg.connect(postgres.url("postgres"), autocommit=True) as db:
        db.execute("create database narrow encoding 'LATIN1' template template0")
    with pytest.raises(UnusableError, match="LATIN1, which cannot hold plates"):
        open_postgresql(postgres.url("narrow"))


def test_a_server_that_is_not_there_is_a_sentence_and_worth_waiting_for(tmp_path, postgres):
    with pytest.raises(StoreError, match="look at the address") as caught:
        open_postgresql(f"postgresql://lanegate@/none?host={tmp_path}")
    assert not isinstance(caught.value, UnusableError)


def test_a_file_that_another_program_locks_is_a_sentence(tmp_path):
    db = open_sqlite(tmp_path / "received.db")
    with contextlib.closing(
        sqlite3.connect(tmp_path / "received.db", isolation_level=None)
    ) as other:
        other.execute("begin immediate")
        db.execute("pragma busy_timeout = 1")
        with pytest.raises(db.errors) as caught, db.writing(["north"]):
            pass
    assert "another program keeps it locked" in str(db.explain(caught.value))
    db.close()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("received.db", "no address of a database"),
        ("sqlite://", "names no file"),
        ("mysql://host/db", "write sqlite:///path"),
        ("postgresql://me:secret@host/db", "use --db-password"),
    ],
)
def test_an_address_that_is_none_is_told_what_to_write(text, said):
    with pytest.raises(ValueError, match=said) as caught:
        read_address(text)
    assert "secret@" not in str(caught.value)


@pytest.mark.parametrize("form", ["sqlite://{}", "sqlite:///{}", "sqlite:{}"])
def test_a_file_is_named_with_as_many_slashes_as_people_write(form, tmp_path):
    path = tmp_path / "received.db"
    read_address(form.format(path)).open().close()
    assert path.exists()
