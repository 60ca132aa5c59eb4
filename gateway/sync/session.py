"""One connection of a receiver: messages are judged, stored, and only then answered."""

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from gateway.store.records import utc_text
from gateway.sync import messages, protocol, receipts
from gateway.sync.broker import Arrived, Event, Over, Ready
from gateway.sync.cloud import pictures
from gateway.sync.cloud.database import Database
from gateway.sync.cloud.figures import Figures
from gateway.sync.cloud.pictures import Asking, PictureFolder
from gateway.sync.fields import MalformedError
from gateway.sync.filing import Filing
from gateway.sync.judging import Judge, Letter, Picture, opened, picture_kept, tell_malformed
from gateway.sync.protocol import Ack, Batch, Order, Resend
from gateway.sync.redial import Ending
from gateway.sync.turns import Turns
from gateway.sync.work import Memory, Work

log = logging.getLogger(__name__)

LOOK_S = 0.2
LOOK_AT_HELD_S = 0.01
TRIES = 5
IDLE = timedelta(seconds=2)
GO_ON_AT_ONCE = 500
ASK_EVERY_S = 60.0
TEND_S = 20.0
ASK_AGAIN = timedelta(hours=1)
ASKING = ""
"""Stands among the gateways' names for who asks for pictures: one receiver at a time."""


class Link(Protocol):
    """What a session needs of `gateway.sync.broker.Connection`."""

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int: ...
    def settle(self, message: Arrived) -> None: ...
    def alive(self) -> bool: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Manner:
    """How a receiver works.

    `hold_s`: how long a batch waits for the one before it; more than 0 where others share the
    work. `pictures`: None where the files are not wanted.
    """

    hold_s: float = 0.0
    pictures: PictureFolder | None = None
    asking: Asking = Asking.NONE


def _now() -> datetime:
    return datetime.now(UTC)


class Session:
    """`figures` and `listening` outlive it; `mono` and `now` are the receiver's clocks.

    `tend` is called now and then. Raises the database's errors: nothing of the transaction was
    answered then.
    """

    def __init__(
        self,
        db: Database,
        link: Link,
        figures: Figures,
        listening: threading.Event,
        *,
        manner: Manner | None = None,
        tend: Callable[[], object] = bool,
        mono: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._db = db
        self._link = link
        self._figures = figures
        self._listening = listening
        self._manner = manner or Manner()
        self._mono = mono
        self._now = now
        self._memory = Memory()
        self._turns = Turns()
        self._judge = Judge(self._manner.hold_s, mono)
        self._to_go_on: deque[tuple[str, Resend]] = deque()
        self._ask_at = mono()
        self._tend = tend
        self._tend_at = mono() + TEND_S

    # --- the loop

    def run(
        self, inbox: "queue.Queue[Event]", stopping: threading.Event, patience_s: float
    ) -> Over:
        """Until the connection's end or `stopping`."""
        give_up = time.monotonic() + patience_s
        while not stopping.is_set():
            arrived, other = self._next(inbox)
            if arrived:
                self.deal_with_all(arrived, waiting=inbox.qsize() + len(self._turns))
            match other:
                case Ready():
                    self.ask_all_to_go_on()
                    self._figures.connected = True
                    self._listening.set()
                case Over() as over:
                    return over
            if self._listening.is_set():
                self._look_around()
            elif time.monotonic() > give_up:
                return Over(Ending.MUTE, f"no answer within {patience_s:g} s")
        self._link.close()
        return Over(Ending.CLOSED, "by this receiver")

    def _next(self, inbox: "queue.Queue[Event]") -> tuple[list[Arrived], Event | None]:
        """Messages whose turn it is, and what else came."""
        other: Event | None = None
        look_s = LOOK_AT_HELD_S if self._judge.held else LOOK_S
        try:
            event = inbox.get(timeout=0.0 if self._turns else look_s)
            while not isinstance(event, Ready | Over):
                if isinstance(event, Arrived):
                    self._turns.put(event)
                event = inbox.get_nowait()
            other = event
        except queue.Empty:
            if not self._turns and not self._link.alive():
                other = Over(Ending.LOST, "its thread ended")
        return self._turns.take(), other

    def _look_around(self) -> None:
        """What has its own time: held batches, orders to go on or for pictures, new files."""
        if self._judge.held and self._may_go_on():
            self.deal_with_all([])
        for _ in range(min(len(self._to_go_on), GO_ON_AT_ONCE)):
            self._say(*self._to_go_on.popleft())
        if self._mono() >= self._tend_at:
            self._tend_at = self._mono() + TEND_S
            self._tend()
        if self._manner.asking is not Asking.NONE and self._mono() >= self._ask_at:
            self._ask_at = self._mono() + ASK_EVERY_S
            self.ask_for_pictures()

    def _may_go_on(self) -> bool:
        """Whether a held batch follows what is stored by now, or has waited long enough."""
        held = self._judge.held
        known = receipts.epochs_of(self._db, {letter.gw for letter in held})
        for letter in held:
            if self._mono() - letter.since >= self._manner.hold_s:
                return True
            if isinstance(letter.says, Batch) and letter.says.epoch in known[letter.gw]:
                upto = known[letter.gw][letter.says.epoch].upto
                if upto.seq >= letter.says.before.seq:
                    return True
        return False

    # --- what is said unasked

    def ask_all_to_go_on(self) -> None:
        """What was sent while nobody listened would else come only after the gateways' patience.

        Where others share the work, those gateways are left alone that one of them is busy with.
        """
        log.info("receiver: ready")
        idle_since = utc_text(self._now() - IDLE) if self._manner.hold_s else "~"
        for gw, epoch, upto in receipts.newest_epochs(self._db, idle_since):
            self._to_go_on.append((gw, Resend(epoch, upto.seq + 1)))
            self._figures.counted["go_on"] += 1
        for _ in range(min(len(self._to_go_on), GO_ON_AT_ONCE)):
            self._say(*self._to_go_on.popleft())

    def ask_for_pictures(self) -> None:
        now = self._now()
        with self._db.writing((ASKING,)):
            found = pictures.orders(self._db, utc_text(now), utc_text(now - ASK_AGAIN))
        for gw, wants in found.items():
            for want in wants:
                self._figures.counted["want"] += 1
                self._say(gw, want)

    # --- messages

    def deal_with(self, message: Arrived, waiting: int = 0) -> None:
        self.deal_with_all([message], waiting)

    def deal_with_all(self, arrived: Sequence[Arrived], waiting: int = 0) -> None:
        """One transaction for all. `waiting`: how many messages stand behind these."""
        work = self._work()
        letters = list(self._opened(work, arrived))
        self._deal_with_letters(work, letters, waiting)

    def _deal_with_letters(self, work: Work, letters: Sequence[Letter], waiting: int) -> None:
        """What no database can ever take must not keep the others waiting."""
        began = self._mono()
        try:
            if letters or self._judge.held:
                work = self._stored(work, letters, waiting)
                self._figures.committed(self._mono() - began)
        except self._db.errors as error:
            if not self._db.hopeless(error):
                raise
            log.error("receiver: cannot be stored: %s", self._db.explain(error))  # noqa: TRY400
            if len(letters) > 1:
                self._conclude(work)
                for letter in letters:
                    self._deal_with_letters(self._work(), [letter], waiting)
                return
            work.settled += [letter.message for letter in (*letters, *self._judge.held)]
            work.counted["malformed"] += 1
            self._judge.held = ()
        self._conclude(work)

    def _conclude(self, work: Work) -> None:
        self._account(work)
        for gw, order in work.answers:
            self._say(gw, order)
        for message in work.settled:
            self._link.settle(message)

    def _work(self) -> Work:
        everything = self._manner.asking is Asking.ALL
        filing = Filing(self._db, all_pictures=everything)
        return Work(self._db, utc_text(self._now()), self._memory, filing)

    def _opened(self, work: Work, arrived: Iterable[Arrived]) -> Iterable[Letter]:
        """Those that are for the database; the others are settled."""
        for message in arrived:
            try:
                letter = opened(message, self._mono())
            except MalformedError as error:
                tell_malformed(work, message, error)
            else:
                if self._is_kept(work, letter):
                    yield letter
                    continue
            work.settled.append(message)

    def _is_kept(self, work: Work, letter: Letter) -> bool:
        if isinstance(letter.says, Picture):
            return picture_kept(work, letter.gw, letter.says, self._manner.pictures)
        return letter.says is not None

    def _stored(self, before: Work, letters: Sequence[Letter], waiting: int) -> Work:
        """Two receivers may have stood in each other's way: then all of it again."""
        gateways = {letter.gw for letter in (*letters, *self._judge.held)}
        for last in (False,) * (TRIES - 1) + (True,):
            work = replace(
                self._work(), counted=before.counted.copy(), settled=before.settled.copy()
            )
            try:
                with self._db.writing(gateways):
                    work.know(gateways)
                    held = self._judge.judge(work, letters, waiting)
                    work.finish()
            except self._db.errors as error:
                self._memory.forget()
                self._figures.counted["database_error"] += 1
                if last or not self._db.passing(error):
                    raise
                log.info("receiver: %s; once more", self._db.explain(error))
            else:
                if new := set(held) - set(self._judge.held):
                    work.counted["held"] += len(new)
                self._judge.held = held
                return work
        raise AssertionError("the last try ends or raises")

    def _account(self, work: Work) -> None:
        figures = self._figures
        figures.counted += work.counted
        figures.batches += work.batches
        figures.records += work.filing.records
        figures.passes += work.filing.passes
        figures.known += work.filing.known
        for gw, lag in work.lags.items():
            figures.lags[gw] = time.monotonic(), lag

    def _say(self, gw: str, order: Order) -> None:
        leaf = "ack" if isinstance(order, Ack) else "ctl"
        self._link.publish(protocol.down(gw, leaf), messages.encode(order))
