"""One connection's talk with the cloud: events in, records out. All in the event loop."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gateway.store import Meta, Store
from gateway.sync import protocol, sender
from gateway.sync.broker import Arrived, Connection, Event, Over, Ready, Taken
from gateway.sync.protocol import MAX_RECORDS, Fork, Hello, MalformedError, Resend, up
from gateway.sync.redial import Ending
from gateway.sync.sender import Effect, MarkDone, NewEpoch, Sender

log = logging.getLogger(__name__)

MAX_WAITING = 256
TICK_S = 1.0
RECEIPT_S = 10.0
LEAVE_S = 2.0
NEW_EPOCH_PAUSE_S = 60.0


@dataclass(slots=True)
class Figures:
    """What outlives a connection; times are monotonic seconds. `acked` is set at each ack."""

    acked: asyncio.Event = field(default_factory=asyncio.Event)
    taken: int = 0
    not_understood: int = 0
    acked_at: float | None = None
    minted_at: float = float("-inf")


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who talks: the gateway's name, and what is random for each start of its program."""

    gateway: str
    inst: str


class Conversation:
    """`hear`, `wake`, `show` and `leave` only leave word; `run` does what follows from it."""

    def __init__(
        self,
        store: Store,
        speaker: Speaker,
        figures: Figures,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._store = store
        self._speaker = speaker
        self._figures = figures
        self._inbox: deque[Arrived] = deque()
        self._poked = asyncio.Event()
        self._receipts: dict[int, float] = {}
        self._ready = False
        self._over: Over | None = None
        self._state: bytes | None = None
        self._farewell: bytes | None = None
        self._sender: Sender | None = None

    @property
    def ready(self) -> bool:
        return self._ready and self._over is None

    @property
    def answering(self) -> bool:
        return self.ready and self._sender is not None and self._sender.retries == 0

    # --- leaving word

    def hear(self, event: Event) -> None:
        match event:
            case Ready():
                self._ready = True
            case Over():
                self._over = self._over or event
            case Taken(mid):
                self._receipts.pop(mid, None)
                self._figures.taken += 1
            case Arrived() if len(self._inbox) < MAX_WAITING:
                self._inbox.append(event)
            case Arrived(topic):
                log.warning("uplink: too many messages wait; one on %s is dropped", topic)
        self._poked.set()

    def wake(self) -> None:
        self._poked.set()

    def show(self, state: bytes) -> None:
        """Publish this state, unless a later one comes first."""
        self._state = state
        self._poked.set()

    def leave(self, last_state: bytes) -> None:
        self._farewell = last_state
        self._poked.set()

    # --- following it

    async def wait_until_ready(self, patience_s: float) -> Over | None:
        """None: ready. Else why not."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while not self._ready and self._over is None and self._farewell is None:
                    await self._news()
        if self._over is None and not self._ready:
            return Over(Ending.MUTE, f"no answer within {patience_s:g} s")
        return self._over

    async def run(self, connection: Connection) -> Over:
        """From `Ready` to the end. Raises `StoreError`."""
        meta = await self._store.meta()
        self._adopt(meta)
        self._say_hello(connection, meta)
        while self._over is None and self._farewell is None:
            await self._step(connection)
            # Not `wait_for`: in Python 3.11 that may swallow the cancellation of this task.
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await self._news()
        return self._over or await self._take_leave(connection, self._farewell or b"")

    async def _step(self, connection: Connection) -> None:
        while self._inbox:
            message = self._inbox.popleft()
            await self._obey(message, connection)
            connection.settle(message)
        if self._state is not None:
            state, self._state = self._state, None
            self._publish(connection, "state", state, retain=True)
        await self._watch(connection)
        await self._send_what_fits(connection)

    async def _news(self) -> None:
        await self._poked.wait()
        self._poked.clear()

    async def _watch(self, connection: Connection) -> None:
        """Look for what never announces itself: silence."""
        now = self._clock()
        oldest = min(self._receipts.values(), default=now)
        if not connection.alive():
            self._over = self._over or Over(Ending.LOST, "its thread ended")
        elif now - oldest > RECEIPT_S:
            self._over = Over(Ending.LOST, f"it took no message for {RECEIPT_S:g} s")
        before = self._here
        self._sender = sender.on_time(before, now)
        if self._sender.retries > before.retries:
            log.info(
                "uplink: no answer from the cloud; sending again from %d", before.acked.seq + 1
            )
            self._say_hello(connection, await self._store.meta())

    async def _send_what_fits(self, connection: Connection) -> None:
        while self._over is None and sender.has_room(self._here):
            records = await self._store.unsent(self._here.sent.seq, MAX_RECORDS)
            if not records:
                return
            self._sender, batch = sender.send(self._here, records, self._clock())
            self._publish(connection, "rec", protocol.encode_batch(batch))

    async def _obey(self, message: Arrived, connection: Connection) -> None:
        try:
            _, leaf = protocol.split_topic(message.topic)
            if leaf == "ack":
                await self._on_ack(protocol.decode_ack(message.payload), connection)
            elif leaf == "ctl":
                await self._on_ctl(protocol.decode_ctl(message.payload), connection)
        except MalformedError as error:
            self._figures.not_understood += 1
            log.warning("uplink: a message on %s is not understood: %s", message.topic, error)

    async def _on_ack(self, ack: protocol.Ack, connection: Connection) -> None:
        own = await self._store.chain_at(ack.upto.seq)
        after, effect = sender.on_ack(self._here, ack, own)
        await self._carry_out(effect, connection)
        if not isinstance(effect, NewEpoch):
            self._sender = after

    async def _on_ctl(self, order: Resend | Fork | None, connection: Connection) -> None:
        match order:
            case Resend(_, from_seq):
                chain = await self._store.chain_at(from_seq - 1)
                self._sender = sender.on_resend(self._here, order, chain, self._clock())
            case Fork():
                await self._carry_out(sender.on_fork(self._here, order), connection)

    async def _carry_out(self, effect: Effect | None, connection: Connection) -> None:
        match effect:
            case MarkDone(_, upto):
                await self._store.acked(upto)
                self._figures.acked_at = self._clock()
                self._figures.acked.set()
            case NewEpoch(reason):
                await self._begin_epoch(reason, connection)

    async def _begin_epoch(self, reason: str, connection: Connection) -> None:
        now = self._clock()
        if now - self._figures.minted_at < NEW_EPOCH_PAUSE_S:
            log.debug("uplink: %s; but a new epoch has only just begun", reason)
            return
        self._figures.minted_at = now
        new = await self._store.mint_epoch(reason, datetime.now(UTC))
        log.warning("uplink: %s; %d records go on in epoch %s", reason, new.unacked, new.epoch)
        self._adopt(new)
        self._say_hello(connection, new)

    async def _take_leave(self, connection: Connection, last_state: bytes) -> Over:
        self._publish(connection, "state", last_state, retain=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_S):
                while self._receipts and self._over is None:
                    await self._news()
                connection.close()
                while self._over is None:
                    await self._news()
        return self._over or Over(Ending.CLOSED, "by this gateway")

    # --- small words

    @property
    def _here(self) -> Sender:
        if self._sender is None:
            raise RuntimeError("the conversation has not begun")
        return self._sender

    def _adopt(self, meta: Meta) -> None:
        self._sender = sender.sender(self._speaker.inst, meta.epoch, meta.acked)

    def _say_hello(self, connection: Connection, meta: Meta) -> None:
        hello = Hello(
            self._speaker.gateway, self._speaker.inst, meta.epoch, meta.last, meta.acked.seq + 1
        )
        self._publish(connection, "hello", protocol.encode(hello))

    def _publish(
        self, connection: Connection, leaf: str, payload: bytes, *, retain: bool = False
    ) -> None:
        mid = connection.publish(up(self._speaker.gateway, leaf), payload, retain=retain)
        self._receipts[mid] = self._clock()
