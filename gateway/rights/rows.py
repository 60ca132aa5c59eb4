"""The book's tables: a row for each right and for each of its plates, and which set they make."""

import sqlite3
from dataclasses import astuple
from typing import TYPE_CHECKING, NamedTuple

from gateway.rights.held import Held, digest_of
from gateway.rights.text import RightText

if TYPE_CHECKING:
    from sqlite_utils import Database


def _first_form(db: "Database") -> None:
    db.execute(
        "create table rights (id text primary key, body text not null, digest blob not null) strict"
    )
    db.execute(
        "create table plates (plate text, id text, primary key (plate, id)) strict, without rowid"
    )
    db.execute(
        "create table held (one integer primary key check (one = 1), version integer not null,"
        " hash text not null, count integer not null) strict"
    )
    db.execute("insert into held values (1, ?, ?, ?)", astuple(Held()))


FORMS = (_first_form,)


class Row(NamedTuple):
    """A right as it was written; `body` is its canonical line."""

    right_id: str
    body: str
    digest: bytes

    @property
    def is_sound(self) -> bool:
        return digest_of(self.body) == self.digest


def held(db: sqlite3.Connection) -> Held:
    return Held(*db.execute("select version, hash, count from held").fetchone())


def set_held(db: sqlite3.Connection, now: Held) -> None:
    db.execute("update held set version = ?, hash = ?, count = ?", astuple(now))


def of_plate(db: sqlite3.Connection, plate: str) -> list[Row]:
    """By their ids."""
    found = db.execute(
        "select id, body, digest from plates join rights using (id) where plate = ? order by id",
        (plate,),
    )
    return [Row(*row) for row in found]


def of_id(db: sqlite3.Connection, right_id: str) -> list[Row]:
    found = db.execute("select id, body, digest from rights where id = ?", (right_id,))
    return [Row(*row) for row in found]


def put(db: sqlite3.Connection, right: RightText) -> bytes:
    """Write a right whose id is free; gives its digest. Raises `sqlite3.IntegrityError`."""
    line = right.line()
    digest = digest_of(line)
    db.execute("insert into rights values (?, ?, ?)", (right.right_id, line, digest))
    plates = [(plate, right.right_id) for plate in right.plates]
    db.executemany("insert into plates values (?, ?)", plates)
    return digest


def drop(db: sqlite3.Connection, right_id: str) -> bytes | None:
    """Gives the digest of what went; None where nothing had this id."""
    found = of_id(db, right_id)
    if not found:
        return None
    sound = found[0].is_sound
    among = "plate in (select value from json_each(?, '$.plates')) and" if sound else ""
    values = (found[0].body, right_id) if sound else (right_id,)
    db.execute(f"delete from plates where {among} id = ?", values)  # noqa: S608 -- one of two texts
    db.execute("delete from rights where id = ?", (right_id,))
    return found[0].digest


def empty(db: sqlite3.Connection) -> None:
    db.execute("delete from plates")
    db.execute("delete from rights")
