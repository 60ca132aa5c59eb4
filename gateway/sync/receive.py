"""The other end: takes the gateways' batches from the broker, stores them, then acknowledges.

Whatever reaches it twice, out of order or cut in pieces by a restart is stored once, in order.
Several receivers of one group share the work on one PostgreSQL; any of them may die at any time.
"""

import contextlib
import gc
import logging
import queue
import secrets
import signal
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import SystemRandom
from types import FrameType

from gateway.ports import DeviceError
from gateway.store.database import StoreDamagedError, StoreError
from gateway.sync import protocol, redial
from gateway.sync.broker import Account, Connection, Event
from gateway.sync.cloud.address import Address, of_file
from gateway.sync.cloud.database import Database, UnusableError
from gateway.sync.cloud.figures import Figures
from gateway.sync.cloud.metrics import serving
from gateway.sync.cloud.pictures import Asking, PictureFolder
from gateway.sync.credentials import Credentials
from gateway.sync.receipts import summary
from gateway.sync.redial import Ending, MqttProtocol
from gateway.sync.session import Manner, Session
from gateway.sync.settings import UplinkSettings

__all__ = ["Plan", "Receiver", "receive", "summary"]

log = logging.getLogger(__name__)

CLIENT_ID = "lanegate-receiver"
MAX_WAITING = 1000
HAND_OVER_S = 30.0
HOLD_S = 0.5
LONGEST_PAUSE_S = 30.0


@dataclass(frozen=True, slots=True)
class Plan:
    """`group`: the receivers that share the work; empty: this one does all of it alone."""

    client_id: str = ""
    group: str = ""
    pictures: Path | None = None
    asking: Asking = Asking.NONE
    metrics: tuple[str, int] | None = None

    def account(self) -> Account:
        topic = protocol.up("+", "#")
        if not self.group:
            return Account(self.client_id or CLIENT_ID, (topic,))
        name = self.client_id or f"{CLIENT_ID}-{self.group}-{secrets.token_hex(4)}"
        # The broker would keep a dead receiver's share for its session.
        return Account(name, (f"$share/{self.group}/{topic}",), session_s=0)

    def manner(self) -> Manner:
        pictures = None if self.pictures is None else PictureFolder(self.pictures)
        return Manner(HOLD_S if self.group else 0.0, pictures, self.asking)


class Receiver:
    """`run` blocks until `stop`. `listening` is set while the broker passes on what arrives."""

    def __init__(
        self, settings: UplinkSettings, place: Address | Path, plan: Plan | None = None
    ) -> None:
        self.figures = Figures()
        self.listening = threading.Event()
        self._plan = plan or Plan()
        self._address = of_file(place) if isinstance(place, Path) else place
        if self._plan.group:
            settings = settings.model_copy(update={"protocol": MqttProtocol.V5})
            if not self._address.shared:
                raise StoreError(
                    "a group of receivers works on one PostgreSQL; an SQLite file is for one"
                    " receiver: leave --group out, or give --db postgresql://..."
                )
        self._settings = settings
        self._credentials = Credentials(settings.tls) if settings.tls else None
        self._account = self._plan.account()
        self._redial = redial.redial(settings.protocol, settings.reconnect_max_s)
        self._stopping = threading.Event()
        self._failures = 0
        self._opened = False
        self._trouble = ""

    @property
    def counted(self) -> Counter[str]:
        return self.figures.counted

    def stop(self) -> None:
        """From any thread or from a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Raises `StoreError` where waiting does not help: a newer form, a damaged file."""
        with contextlib.ExitStack() as stack:
            if self._plan.metrics is not None:
                port = stack.enter_context(serving(self._plan.metrics, self.figures))
                log.info("receiver: metrics on port %d", port)
            while not self._stopping.wait(self._pause_s()):
                self._with_database()

    def _pause_s(self) -> float:
        if not self._failures:
            return 0.0
        return SystemRandom().uniform(0.0, min(2.0 ** min(self._failures, 10), LONGEST_PAUSE_S))

    def _with_database(self) -> None:
        """Until the end, or until the database fails: then nothing of it was acknowledged."""
        commits = self.figures.commits
        try:
            with closing(self._address.open()) as db:
                self._opened = True
                self._serve(db)
        except (UnusableError, StoreDamagedError):
            raise
        except StoreError as error:
            if not self._opened and not self._address.shared:
                raise
            self._failures = 1 if self.figures.commits > commits else self._failures + 1
            self._tell(str(error))

    def _serve(self, db: Database) -> None:
        while not self._stopping.wait(SystemRandom().uniform(0.0, self._redial.wait_up_to_s)):
            try:
                self._redial = self._once(db, self._redial)
            except db.errors as error:
                raise db.explain(error) from error

    def _once(self, db: Database, state: redial.Redial) -> redial.Redial:
        began = time.monotonic()
        inbox: queue.Queue[Event] = queue.Queue(MAX_WAITING)
        deliver = partial(inbox.put, timeout=HAND_OVER_S)
        connection = Connection(
            self._settings, self._account, state.protocol, deliver, credentials=self._credentials
        )
        manner = self._plan.manner()
        session = Session(
            db, connection, self.figures, self.listening, manner=manner, tend=self._look_at_files
        )
        try:
            connection.open(state.patience_s)
            over = session.run(inbox, self._stopping, state.patience_s)
        except DeviceError as error:
            self._tell(str(error))
            return redial.ended(state, Ending.REFUSED)
        finally:
            connection.cut()
            self.figures.connected = False
            heard = self.listening.is_set()
            self.listening.clear()
        if heard:
            self._trouble = ""
            state = redial.connected(state)
        if not self._stopping.is_set():
            self.figures.counted["connection_lost"] += 1
            self._tell(self._sentence(over.ending, over.detail))
        return redial.ended(state, over.ending, time.monotonic() - began)

    def _look_at_files(self) -> None:
        if self._credentials is not None:
            self._credentials.look(datetime.now(UTC))

    def _sentence(self, ending: Ending, detail: str) -> str:
        said = f"broker {self._settings.host}:{self._settings.port} {ending} ({detail})"
        if self._plan.group and ending in (Ending.WRONG_VERSION, Ending.MUTE):
            said += (
                "; --group needs a broker with MQTT 5 and its shared subscriptions: where it has"
                " only 3.1.1, run one receiver without --group"
            )
        return said

    def _tell(self, trouble: str) -> None:
        """Each new trouble once; the tries that end the same way are for the curious."""
        level = logging.DEBUG if trouble == self._trouble else logging.WARNING
        log.log(level, "receiver: %s", trouble)
        self._trouble = trouble


def receive(settings: UplinkSettings, place: Address | Path, plan: Plan | None = None) -> None:
    """Run a receiver until SIGTERM or SIGINT. Call it in the main thread. Raises `StoreError`."""
    receiver = Receiver(settings, place, plan)

    def on_signal(number: int, _frame: FrameType | None) -> None:
        log.info("receiver: %s; ending", signal.Signals(number).name)
        receiver.stop()

    # Each batch makes thousands of objects that die with it: looking for cycles among them is
    # a tenth of all the work.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    receiver.run()
