"""Whose history the file tells, and the steps of a new one, each one transaction of the store."""

import logging
import sqlite3

from gateway.store import keeping, moving, outbox
from gateway.store.database import transaction

log = logging.getLogger(__name__)


def adopt(db: sqlite3.Connection, gateway: str) -> None:
    """Make the file this gateway's; records of a box under another name start a new history."""
    with transaction(db):
        known = outbox.read_meta(db)
        if known is None:
            outbox.create_meta(db, gateway)
        elif known.gateway != gateway:
            log.warning("store: was %s's, is now %s's; new epoch", known.gateway, gateway)
            moving.at_once(db, gateway, "the box has a new name")


def begin(db: sqlite3.Connection, reason: str) -> None:
    moving.begin(db, outbox.meta(db).gateway, reason)


def step(db: sqlite3.Connection) -> bool:
    """Whether there is nothing left to move."""
    if moving.under_way(db) is None:
        return True
    if moved := moving.step(db):
        keeping.forked(db, moved)
    return moved is not None
