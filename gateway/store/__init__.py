"""SQLite: passes, alarms and the outbox. `Store` is the door; one thread owns the file."""

from gateway.store.database import StoreError
from gateway.store.outbox import Meta
from gateway.store.passes import read_passes
from gateway.store.store import Store

__all__ = ["Meta", "Store", "StoreError", "read_passes"]
