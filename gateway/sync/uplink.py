"""Carries the outbox to the cloud over MQTT, and the gateway's state with it.

    uplink = Uplink(settings, store, "north-gate")
    task_group.create_task(uplink.run())      # trouble with the network never ends it
    uplink.wake()                             # after each commit
    uplink.publish_state({"lanes": ...})      # the latest wins
    await uplink.ask(question, 0.8)           # about parking; None where no answer came
    await uplink.drain(5.0)                   # before the end: send what waits, take leave

The store is the queue: nothing is kept here that a crash could lose.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from random import SystemRandom

from gateway.ports import DeviceError
from gateway.store import BoxAlarm, Store, StoreError
from gateway.sync import redial
from gateway.sync.asking import Question
from gateway.sync.broker import Account, Connection, Event, Over
from gateway.sync.conversation import Conversation
from gateway.sync.courier import Courier, Pictures
from gateway.sync.credentials import Credentials
from gateway.sync.downlink import LEAVES, Downlink, Parking
from gateway.sync.protocol import canonical, down, up
from gateway.sync.redial import Ending
from gateway.sync.settings import UplinkSettings
from gateway.sync.speaking import Figures, Speaker
from gateway.sync.telling import Answer

log = logging.getLogger(__name__)

OFFLINE = canonical({"online": False}).encode()
LEAVE_S = 3.0
REST_S = 60.0
TELL_AGAIN_S = 3600.0
# Paho's own time limit for TCP comes first, and says what went wrong.
CONNECT_SPARE_S = 0.5


@dataclass(frozen=True, slots=True)
class UplinkStatus:
    """For health. `trouble` is empty while there is a connection.

    `answering` is False while the cloud is silent on what was sent to it; `taken` counts the
    broker's receipts; `acked_age_s` is the time since the cloud's last acknowledgement.
    """

    connected: bool
    answering: bool
    protocol: str
    trouble: str
    taken: int
    not_understood: int
    acked_age_s: float | None


class Uplink:
    """One gateway's connection to its broker, made again and again. Lives in one event loop."""

    def __init__(
        self,
        settings: UplinkSettings,
        store: Store,
        gateway: str,
        pictures: Pictures | None = None,
        *,
        parking: Parking | None = None,
    ) -> None:
        self._settings = settings
        self.credentials = Credentials(settings.tls, gateway) if settings.tls else None
        self._store = store
        self._speaker = Speaker(gateway, secrets.token_hex(8))
        self._figures = Figures()
        self._downlink = Downlink(parking, self._figures.misunderstood)
        self._courier = None
        if pictures is not None:
            self._courier = Courier(pictures, settings.pictures, settings.picture_kb_s)
            self._courier.ready = self.wake
        self._redial = redial.redial(settings.protocol, settings.reconnect_max_s)
        self._talk: Conversation | None = None
        self._state: Mapping[str, object] = {}
        self._trouble = "not connected yet"
        self._since = float("inf")
        self._twin_told_at = float("-inf")
        self._stopping = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def connected(self) -> bool:
        return self._talk is not None and self._talk.ready

    @property
    def online(self) -> bool:
        """There is a connection, and the cloud behind it answers."""
        return self._talk is not None and self._talk.answering

    def status(self) -> UplinkStatus:
        acked_at = self._figures.acked_at
        return UplinkStatus(
            connected=self.connected,
            answering=self._talk is not None and self._talk.answering,
            protocol=str(self._redial.protocol),
            trouble="" if self.connected else self._trouble,
            taken=self._figures.taken,
            not_understood=self._figures.not_understood,
            acked_age_s=None if acked_at is None else time.monotonic() - acked_at,
        )

    def wake(self) -> None:
        """There are new rows in the outbox."""
        if self._talk is not None:
            self._talk.wake()

    async def ask(self, question: Question, wait_s: float) -> Answer | None:
        """Goes out at once. None: offline, or no answer in time; a late one goes to `parking`."""
        talk = self._talk
        if talk is None or not talk.ready:
            return None
        return await self._downlink.ask(question, wait_s, partial(talk.post, "ask"))

    def publish_state(self, state: Mapping[str, object]) -> None:
        """Retained by the broker; while there is no connection, only the latest is kept."""
        self._state = dict(state)
        if self._talk is not None:
            self._talk.show(self._state_bytes())

    async def run(self) -> None:
        """Until `drain` or cancellation; cancelled, it leaves the will to the broker."""
        self._idle.clear()
        carrying = self._courier and asyncio.create_task(self._carry(self._courier))
        try:
            while not self._stopping.is_set():
                await self._pause()
                if not self._stopping.is_set():
                    await self._once()
        finally:
            if carrying:
                carrying.cancel()
            self._idle.set()

    async def _carry(self, courier: Courier) -> None:
        """An error in what carries pictures stops no pass."""
        while True:
            try:
                await courier.run()
            except Exception:
                log.exception("uplink: pictures rest for %g s", REST_S)
            await asyncio.sleep(REST_S)

    async def drain(self, timeout_s: float) -> None:
        """Wait until all is acknowledged, at most so long; then take leave and end `run`."""
        with suppress(TimeoutError, StoreError):
            async with asyncio.timeout(timeout_s):
                await self._all_acked()
        self._stopping.set()
        if self._talk is not None:
            self._talk.leave(OFFLINE)
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_S):
                await self._idle.wait()

    async def _all_acked(self) -> None:
        news = self._figures.acked
        while not self._idle.is_set() and (await self._store.meta()).unacked:
            await news.wait()
            news.clear()

    async def _pause(self) -> None:
        wait = SystemRandom().uniform(0.0, self._redial.wait_up_to_s)
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._stopping.wait()

    async def _once(self) -> None:
        """One connection, from dialling to its end."""
        # A long wait for an answer that never came is no connection that lasted.
        self._since = float("inf")
        talk = Conversation(
            self._store,
            self._speaker,
            self._figures,
            courier=self._courier,
            downlink=self._downlink,
        )
        talk.show(self._state_bytes())
        connection = self._connection(talk)
        self._talk = talk
        try:
            # In a thread: it imports paho and reads key files, while the lane goes on.
            await asyncio.to_thread(connection.open, self._redial.patience_s)
            over = await self._converse(talk, connection)
            self._ended(over)
            if over.ending is Ending.TAKEN_OVER:
                await self._tell_of_a_twin()
        except (DeviceError, StoreError) as error:
            self._redial = redial.ended(self._redial, Ending.REFUSED)
            self._tell(str(error))
        finally:
            self._talk = None
            connection.cut()

    def _connection(self, talk: Conversation) -> Connection:
        loop = asyncio.get_running_loop()

        def deliver(event: Event) -> None:
            with suppress(RuntimeError):  # the loop has ended, and with it all interest in this
                loop.call_soon_threadsafe(talk.hear, event)

        gateway = self._speaker.gateway
        account = Account(
            client_id=gateway,
            topics=tuple(down(gateway, leaf) for leaf in ("ack", "ctl", *LEAVES)),
            will=(up(gateway, "state"), OFFLINE),
        )
        return Connection(
            self._settings,
            account,
            self._redial.protocol,
            deliver,
            credentials=self.credentials,
        )

    async def _converse(self, talk: Conversation, connection: Connection) -> Over:
        over = await talk.wait_until_ready(self._redial.patience_s + CONNECT_SPARE_S)
        if over is not None:
            return over
        self._redial = redial.connected(self._redial)
        self._since = time.monotonic()
        self._trouble = ""
        log.info("uplink: connected to %s, MQTT %s", self._settings.host, self._redial.protocol)
        return await talk.run(connection)

    async def _tell_of_a_twin(self) -> None:
        """Once an hour is enough for a person."""
        now = time.monotonic()
        if now - self._twin_told_at > TELL_AGAIN_S:
            self._twin_told_at = now
            detail = (
                f"another box connects as {self._speaker.gateway}: a copy of this one, or one with"
                " its certificate; find it, and give one of the two a name and a certificate of its"
                " own"
            )
            await self._store.alarm_of_box(BoxAlarm.CLONED, detail, datetime.now(UTC))

    def _ended(self, over: Over) -> None:
        if self._stopping.is_set():
            log.info("uplink: ended")
            return
        lasted_s = time.monotonic() - self._since
        self._redial = redial.ended(self._redial, over.ending, lasted_s)
        where = f"{self._settings.host}:{self._settings.port}"
        self._tell(f"broker {where} {over.ending} ({over.detail})")

    def _tell(self, trouble: str) -> None:
        """Each new trouble once; the tries that end the same way are for the curious."""
        log.log(
            logging.DEBUG if trouble == self._trouble else logging.WARNING, "uplink: %s", trouble
        )
        self._trouble = trouble

    def _state_bytes(self) -> bytes:
        return canonical({"inst": self._speaker.inst, **self._state, "online": True}).encode()
