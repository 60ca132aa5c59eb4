"""SQLite: the lanes' books and the outbox. `Store` is the door; one thread owns the file."""

from gateway.store.cases import read_cases
from gateway.store.database import StoreDamagedError, StoreError, StoreFullError
from gateway.store.days import read_account, read_ledger
from gateway.store.figures import Figures, read_figures
from gateway.store.keeping import BoxAlarm
from gateway.store.outbox import Meta
from gateway.store.passes import read_passes
from gateway.store.sessions.words import Changed, Count, Place
from gateway.store.shelf import Shelf
from gateway.store.store import Store
from gateway.store.storefile import QUOTA_BYTES

__all__ = [
    "QUOTA_BYTES",
    "BoxAlarm",
    "Changed",
    "Count",
    "Figures",
    "Meta",
    "Place",
    "Shelf",
    "Store",
    "StoreDamagedError",
    "StoreError",
    "StoreFullError",
    "read_account",
    "read_cases",
    "read_figures",
    "read_ledger",
    "read_passes",
]
