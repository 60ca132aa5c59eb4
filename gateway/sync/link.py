"""What a connection to the broker tells its owner, and who connects."""

from dataclasses import dataclass

from gateway.sync.redial import Ending

SESSION_EXPIRY_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Ready:
    """Connected, and the broker has confirmed every subscription."""


@dataclass(frozen=True, slots=True)
class Over:
    """The connection's last event; comes exactly once."""

    ending: Ending
    detail: str


@dataclass(frozen=True, slots=True)
class Taken:
    """The broker took the message `mid`. It may lose it all the same."""

    mid: int


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message; `Connection.settle` it once it is dealt with, else it comes again."""

    topic: str
    payload: bytes
    mid: int


Event = Ready | Over | Taken | Arrived


@dataclass(frozen=True, slots=True)
class Account:
    """Who connects, to hear what; `will` is (topic, payload), retained if the link breaks.

    `session_s`: so long the broker keeps what comes for an absent one; 0: it forgets him.
    """

    client_id: str
    topics: tuple[str, ...]
    will: tuple[str, bytes] | None = None
    session_s: int = SESSION_EXPIRY_S
