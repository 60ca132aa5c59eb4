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
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import SystemRandom
from types import FrameType

from gateway.ports import DeviceError
from gateway.store.database import explain, open_database
from gateway.store.records import utc_text
from gateway.sync import protocol, receipts, redial
from gateway.sync.broker import Account, Arrived, Connection, Event, Over, Ready
from gateway.sync.ledger import Accept, judge_batch, judge_hello
from gateway.sync.protocol import Ack, Batch, Fork, Hello, MalformedError, Position, Resend
from gateway.sync.receipts import summary
from gateway.sync.redial import Ending
from gateway.sync.settings import UplinkSettings

__all__ = ["Receiver", "receive", "summary"]

log = logging.getLogger(__name__)

CLIENT_ID = "lanegate-receiver"
LOOK_S = 0.2
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


class Session:
    """One connection of a receiver."""

    def __init__(
        self,
        db: sqlite3.Connection,
        connection: Connection,
        counted: Counter[str],
        listening: threading.Event,
    ) -> None:
        self._db = db
        self._connection = connection
        self._counted = counted
        self._listening = listening

    def run(
        self, inbox: "queue.Queue[Event]", stopping: threading.Event, patience_s: float
    ) -> Over:
        """Until the connection's end or `stopping`."""
        give_up = time.monotonic() + patience_s
        while not stopping.is_set():
            match self._next(inbox):
                case Ready():
                    self._ask_all_to_go_on()
                    self._listening.set()
                case Arrived() as message:
                    self._deal_with(message)
                case Over() as over:
                    return over
            if not self._listening.is_set() and time.monotonic() > give_up:
                return Over(Ending.MUTE, f"no answer within {patience_s:g} s")
        self._connection.close()
        return Over(Ending.CLOSED, "by this receiver")

    def _next(self, inbox: "queue.Queue[Event]") -> Event | None:
        try:
            return inbox.get(timeout=LOOK_S)
        except queue.Empty:
            return None if self._connection.alive() else Over(Ending.LOST, "its thread ended")

    def _ask_all_to_go_on(self) -> None:
        """What was sent while nobody listened would else come only after the gateways' patience."""
        log.info("receiver: ready")
        newest = {gw: (epoch, upto) for gw, epoch, upto in receipts.epochs(self._db)}
        for gw, (epoch, upto) in newest.items():
            self._answer(gw, Resend(epoch, upto.seq + 1))

    def _deal_with(self, message: Arrived) -> None:
        try:
            gateway, leaf = protocol.split_topic(message.topic)
            if leaf == "rec":
                self._on_batch(gateway, protocol.decode_batch(message.payload))
            elif leaf == "hello":
                self._on_hello(gateway, protocol.decode_hello(message.payload))
        except MalformedError as error:
            self._counted["malformed"] += 1
            log.warning("receiver: a message on %r is not understood: %s", message.topic, error)
        self._connection.settle(message)

    def _on_batch(self, gw: str, batch: Batch) -> None:
        verdict = judge_batch(batch, *self._known(gw, batch.epoch))
        if isinstance(verdict, Accept):
            at = utc_text(datetime.now(UTC))
            receipts.store_batch(self._db, gw, batch, verdict, at)
            self._answer(gw, Ack(batch.epoch, verdict.upto))
        else:
            self._answer(gw, verdict)

    def _on_hello(self, gw: str, hello: Hello) -> None:
        known = receipts.start_known(self._db, gw, hello.epoch, hello.inst)
        verdict = judge_hello(hello, *self._known(gw, hello.epoch), inst_known=known)
        if not isinstance(verdict, Fork):
            receipts.store_start(self._db, gw, hello.epoch, hello.inst)
        self._answer(gw, verdict)

    def _known(self, gw: str, epoch: str) -> tuple[Position, "partial[bytes | None]"]:
        chain_at = partial(receipts.chain_at, self._db, gw, epoch)
        return receipts.position(self._db, gw, epoch), chain_at

    def _answer(self, gw: str, answer: Ack | Resend | Fork) -> None:
        leaf = "ack" if isinstance(answer, Ack) else "ctl"
        self._counted[type(answer).__name__.lower()] += 1
        if isinstance(answer, Fork):
            log.warning("receiver: %s tells another history of epoch %s", gw, answer.epoch)
        self._connection.publish(protocol.down(gw, leaf), protocol.encode(answer))


def receive(settings: UplinkSettings, path: Path) -> None:
    """Run a receiver until SIGTERM or SIGINT. Call it in the main thread."""
    receiver = Receiver(settings, path)

    def on_signal(number: int, _frame: FrameType | None) -> None:
        log.info("receiver: %s; ending", signal.Signals(number).name)
        receiver.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    receiver.run()
