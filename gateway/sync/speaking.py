"""Who talks to the cloud, and what is known of it beyond one connection."""

import asyncio
import logging
from dataclasses import dataclass, field

from gateway import __version__
from gateway.sync.desk import Desk
from gateway.sync.fields import MalformedError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who talks: the gateway's name, and what is random for each start of its program."""

    gateway: str
    inst: str


@dataclass(slots=True)
class Figures:
    """What outlives a connection; times are monotonic seconds. `acked` is set at each ack."""

    acked: asyncio.Event = field(default_factory=asyncio.Event)
    taken: int = 0
    not_understood: int = 0
    acked_at: float | None = None
    _desk: Desk | None = None
    _complaints: dict[str, str] = field(default_factory=dict)

    def desk(self, speaker: Speaker) -> Desk:
        """One for the whole run of the program: `begin` makes it ready for a connection."""
        self._desk = self._desk or Desk(speaker.inst, __version__)
        return self._desk

    def misunderstood(self, topic: str, error: MalformedError) -> None:
        """Counted each time; the same again on a topic is for the curious."""
        self.not_understood += 1
        new = self._complaints.get(topic) != str(error)
        self._complaints[topic] = str(error)
        words = "uplink: a message on %s is not understood: %s"
        log.log(logging.WARNING if new else logging.DEBUG, words, topic, error)
