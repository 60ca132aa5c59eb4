"""How one set of rights becomes another: all of it, in one transaction, or nothing."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence

from gateway.rights import rows
from gateway.rights.held import Delta, GapError, Held, RightsError, SetHash
from gateway.rights.text import RightText
from gateway.store.database import transaction

SHOWN = 12


def replace(db: sqlite3.Connection, rights: Iterable[RightText], version: int, digest: str) -> None:
    with transaction(db):
        rows.empty(db)
        now = SetHash()
        count = _put(db, rights, now)
        _must_be(now, digest, "the full set")
        rows.set_held(db, Held(version, now.text, count))


def apply(db: sqlite3.Connection, delta: Delta) -> None:
    with transaction(db):
        before = rows.held(db)
        if delta.hash and (before.version, before.hash) == (delta.version, delta.hash):
            return  # it came twice
        if before.version != delta.from_version:
            raise GapError(
                f"the change makes version {delta.version} of {delta.from_version}, but"
                f" {before.version} is held; a full set is needed"
            )
        _must_name_once(delta)
        now = SetHash(before.hash)
        gone = [rows.drop(db, name) for name in _replaced(delta)]
        for digest in filter(None, gone):
            now.take(digest)
        count = before.count - len(gone) + gone.count(None) + _put(db, delta.set, now)
        _must_be(now, delta.hash, "the set after the change")
        rows.set_held(db, Held(delta.version, now.text, count))


def _replaced(delta: Delta) -> list[str]:
    return [*(right.right_id for right in delta.set), *delta.drop]


def _put(db: sqlite3.Connection, rights: Iterable[RightText], now: SetHash) -> int:
    count = 0
    for count, right in enumerate(rights, 1):
        try:
            now.add(rows.put(db, right))
        except sqlite3.IntegrityError:
            raise RightsError(
                f"right {count}: a second one has the id {right.right_id}; give each its own"
            ) from None
    return count


def _must_name_once(delta: Delta) -> None:
    if twice := _twice(_replaced(delta)):
        raise RightsError(f"the change names right {twice[0]} twice; set it or drop it, once")


def _twice(names: Sequence[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]


def _must_be(now: SetHash, digest: str, what: str) -> None:
    if digest and now.text != digest:
        raise RightsError(
            f"{what} has the hash {now.text[:SHOWN]}..., not {digest[:SHOWN]}... as it should;"
            " a right is missing, too many or another one: send the full set again"
        )
