"""The other end: takes the gateways' batches from the broker, stores them, then acknowledges.

It shows what a cloud has to do, and is enough for a small site. Whatever reaches it twice, out
of order or cut in pieces by a restart is stored once, in order.
"""

import logging
import queue
import signal
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing
from functools import partial
from pathlib import Path
from random import SystemRandom
from types import FrameType

from gateway.ports import DeviceError
from gateway.store.database import explain, open_database
from gateway.sync import protocol, receipts, redial
from gateway.sync.broker import Account, Connection, Event
from gateway.sync.receipts import summary
from gateway.sync.redial import Ending
from gateway.sync.session import Session
from gateway.sync.settings import UplinkSettings

__all__ = ["Receiver", "receive", "summary"]

log = logging.getLogger(__name__)

CLIENT_ID = "lanegate-receiver"
MAX_WAITING = 1000
HAND_OVER_S = 30.0


class Receiver:
    """`run` blocks until `stop`; one receiver for one file and one client id.

    `listening` is set while the broker passes on what arrives; `counted` is for the curious.
    """

    def __init__(self, settings: UplinkSettings, path: Path, *, client_id: str = CLIENT_ID) -> None:
        self.counted: Counter[str] = Counter()
        self.listening = threading.Event()
        self._settings = settings
        self._path = path
        self._client_id = client_id
        self._stopping = threading.Event()
        self._trouble = ""

    def stop(self) -> None:
        """From any thread or from a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Raises `StoreError` where its own file fails: nothing more could be acknowledged."""
        state = redial.redial(self._settings.protocol, self._settings.reconnect_max_s)
        with closing(open_database(self._path, receipts.MIGRATIONS)) as db:
            while not self._stopping.wait(SystemRandom().uniform(0.0, state.wait_up_to_s)):
                try:
                    state = self._once(db, state)
                except sqlite3.Error as error:
                    raise explain(self._path, error) from error

    def _once(self, db: sqlite3.Connection, state: redial.Redial) -> redial.Redial:
        began = time.monotonic()
        inbox: queue.Queue[Event] = queue.Queue(MAX_WAITING)
        account = Account(self._client_id, topics=(protocol.up("+", "#"),))
        connection = Connection(
            self._settings, account, state.protocol, partial(inbox.put, timeout=HAND_OVER_S)
        )
        session = Session(db, connection, self.counted, self.listening)
        try:
            connection.open(state.patience_s)
            over = session.run(inbox, self._stopping, state.patience_s)
        except DeviceError as error:
            self._tell(str(error))
            return redial.ended(state, Ending.REFUSED)
        finally:
            connection.cut()
        if self.listening.is_set():
            self.listening.clear()
            self._trouble = ""
            state = redial.connected(state)
        if not self._stopping.is_set():
            where = f"{self._settings.host}:{self._settings.port}"
            self._tell(f"broker {where} {over.ending} ({over.detail})")
        return redial.ended(state, over.ending, time.monotonic() - began)

    def _tell(self, trouble: str) -> None:
        """Each new trouble once; the tries that end the same way are for the curious."""
        level = logging.DEBUG if trouble == self._trouble else logging.WARNING
        log.log(level, "receiver: %s", trouble)
        self._trouble = trouble


def receive(settings: UplinkSettings, path: Path) -> None:
    """Run a receiver until SIGTERM or SIGINT. Call it in the main thread."""
    receiver = Receiver(settings, path)

    def on_signal(number: int, _frame: FrameType | None) -> None:
        log.info("receiver: %s; ending", signal.Signals(number).name)
        receiver.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    receiver.run()
