"""One connection's talk with the cloud: events in, records out. All in the event loop."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from gateway.store import Store
from gateway.sync import messages, protocol
from gateway.sync.asking import encode_wanted
from gateway.sync.broker import Arrived, Connection, Event, Over, Ready, Taken
from gateway.sync.courier import Courier
from gateway.sync.desk import Outcome
from gateway.sync.downlink import LEAVES, Downlink, Lines
from gateway.sync.fields import MalformedError
from gateway.sync.protocol import Have, Hello, Order, Want, up
from gateway.sync.redial import Ending
from gateway.sync.speaking import Figures, Speaker

__all__ = ["Conversation", "Figures", "Speaker"]

log = logging.getLogger(__name__)

MAX_WAITING = 256
TICK_S = 1.0
RECEIPT_S, PICTURE_S = 10.0, 30.0
LEAVE_S = 2.0


class Conversation:
    """`hear`, `wake`, `show` and `leave` only leave word; `run` does what follows from it.

    What `post` is given goes out at once, before all that waits.
    """

    def __init__(
        self,
        store: Store,
        speaker: Speaker,
        figures: Figures,
        clock: Callable[[], float] = time.monotonic,
        *,
        courier: Courier | None = None,
        downlink: Downlink | None = None,
    ) -> None:
        self._clock = clock
        self._downlink = downlink or Downlink(None, figures.misunderstood)
        self._lines = Lines(self._downlink)
        self._posts: deque[tuple[str, bytes]] = deque()
        self._connection: Connection | None = None
        self._courier = courier
        self._picture: tuple[int, float] | None = None
        self._patient_until = float("-inf")
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
        self._desk = figures.desk(speaker)
        self._begun = False

    @property
    def ready(self) -> bool:
        return self._ready and self._over is None

    @property
    def answering(self) -> bool:
        return self.ready and self._begun and self._desk.here.retries == 0

    # --- leaving word

    def hear(self, event: Event) -> None:
        match event:
            case Ready():
                self._ready = True
            case Over():
                self._over = self._over or event
            case Taken(mid):
                self._take_receipt(mid)
            case Arrived(topic) if (leaf := topic.rpartition("/")[2]) in LEAVES:
                self._lines.take(leaf, event)
            case Arrived() if len(self._inbox) < MAX_WAITING:
                self._inbox.append(event)
            case Arrived(topic):
                log.warning("uplink: too many messages wait; one on %s is dropped", topic)
        self._poked.set()

    def _take_receipt(self, mid: int) -> None:
        self._figures.taken += 1
        published = self._receipts.pop(mid, None)
        if published is not None:
            self._desk.link_s = self._clock() - published
        if self._courier and self._picture and self._picture[0] == mid:
            now = self._clock()
            # What went out behind it only leaves now, and is answered later by as much.
            self._receipts = dict.fromkeys(self._receipts, now)
            self._patient_until = now + (now - self._picture[1])
            self._picture = None
            self._courier.taken()

    def wake(self) -> None:
        self._poked.set()

    def show(self, state: bytes) -> None:
        """Publish this state, unless a later one comes first."""
        self._state = state
        self._poked.set()

    def leave(self, last_state: bytes) -> None:
        self._farewell = last_state
        self._poked.set()

    def post(self, leaf: str, payload: bytes) -> None:
        self._posts.append((leaf, payload))
        self._send_posts()

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
        carrying_out = asyncio.create_task(self._lines.run(partial(self._settle, connection)))
        try:
            return await self._run(connection)
        finally:
            carrying_out.cancel()
            await asyncio.gather(carrying_out, return_exceptions=True)
            if self._courier:
                self._courier.cut()

    async def _run(self, connection: Connection) -> Over:
        await self._store.finish_epoch()
        await self._begin(connection)
        while self._over is None and self._farewell is None:
            await self._step(connection)
            # Not `wait_for`: in Python 3.11 that may swallow the cancellation of this task.
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await self._news()
        return self._over or await self._take_leave(connection, self._farewell or b"")

    async def _begin(self, connection: Connection) -> None:
        now = self._store.clock.now()
        self._say(connection, await self._store.look(lambda shelf: self._desk.begin(shelf, now)))
        self._begun = True
        self._connection = connection
        self._send_posts()

    async def _step(self, connection: Connection) -> None:
        while self._inbox:
            message = self._inbox.popleft()
            await self._obey(message, connection)
            connection.settle(message)
        if self._state is not None:
            state, self._state = self._state, None
            self._publish(connection, "state", state, retain=True)
        if (wanted := self._downlink.wanted()) is not None:
            self._publish(connection, "ask", encode_wanted(wanted))
        await self._watch(connection)
        if await self._send_what_fits(connection) and not self._poked.is_set():
            self._send_a_picture(connection)

    async def _news(self) -> None:
        await self._poked.wait()
        self._poked.clear()

    async def _watch(self, connection: Connection) -> None:
        """Look for what never announces itself: silence."""
        now = self._clock()
        oldest = min(self._receipts.values(), default=now)
        if self._picture:
            # What was sent behind a picture is taken after it.
            oldest = min(oldest + PICTURE_S, self._picture[1] + PICTURE_S)
        if not connection.alive():
            self._over = self._over or Over(Ending.LOST, "its thread ended")
        elif now - oldest > RECEIPT_S:
            self._over = Over(Ending.LOST, f"it took no message for {RECEIPT_S:g} s")
        if not self._picture and now >= self._patient_until and self._desk.silent(now):
            moment = self._store.clock.now()
            hello = await self._store.look(lambda shelf: self._desk.hello(shelf, moment))
            log.info("uplink: no answer from the cloud; from %d again", hello.oldest_unacked)
            self._say(connection, hello)

    async def _send_what_fits(self, connection: Connection) -> bool:
        """Whether no record waits or is in flight any more."""
        while self._over is None:
            mono, now = self._clock(), self._store.clock.now()
            found = await self._store.look(partial(self._desk.batch, mono=mono, now=now))
            if isinstance(found, Outcome):
                await self._follow(found, connection)
                if found.unfit is None:
                    return found.rest
                continue
            # In a thread: packing takes milliseconds, which the lanes would feel.
            payload = await asyncio.to_thread(self._desk.encode, found)
            self._publish(connection, "rec", payload)
        return False

    def _send_a_picture(self, connection: Connection) -> None:
        snap = self._courier.next() if self._courier else None
        if snap is None:
            return
        mid = self._publish(connection, f"snap/{snap.name}", snap.jpeg)
        if snap.jpeg:
            self._picture = mid, self._receipts.pop(mid)
        else:
            self._poked.set()

    async def _obey(self, message: Arrived, connection: Connection) -> None:
        order: Order | None = None
        try:
            _, leaf = protocol.split_topic(message.topic)
            if leaf == "ack":
                order = messages.decode_ack(message.payload)
            elif leaf == "ctl":
                order = messages.decode_ctl(message.payload)
        except MalformedError as error:
            self._figures.misunderstood(message.topic, error)
        if isinstance(order, Want | Have):
            if self._courier:
                self._courier.hear(order)
        elif order is not None:
            hear = partial(self._desk.hear, message=order, mono=self._clock())
            await self._follow(await self._store.serve(hear), connection)

    async def _follow(self, outcome: Outcome, connection: Connection) -> None:
        if outcome.acked:
            self._figures.acked_at = self._clock()
            self._figures.acked.set()
        if outcome.fork:
            new = await self._store.mint_epoch(outcome.fork)
            words = "uplink: %s; %d records go on in epoch %s"
            log.warning(words, outcome.fork, new.unacked, new.epoch)
            await self._begin(connection)
        if outcome.unfit is not None:
            seq, code = outcome.unfit
            await self._store.serve(lambda shelf: shelf.bury(seq, code))

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

    def _settle(self, connection: Connection, message: Arrived) -> None:
        connection.settle(message)
        self._poked.set()

    def _send_posts(self) -> None:
        while self._connection is not None and self._posts:
            self._publish(self._connection, *self._posts.popleft())

    def _say(self, connection: Connection, hello: Hello) -> None:
        self._publish(connection, "hello", messages.encode(hello))

    def _publish(
        self, connection: Connection, leaf: str, payload: bytes, *, retain: bool = False
    ) -> int:
        mid = connection.publish(up(self._speaker.gateway, leaf), payload, retain=retain)
        self._receipts[mid] = self._clock()
        return mid
