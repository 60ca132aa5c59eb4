"""What a connection to the broker tells its owner, and who connects."""

from dataclasses import dataclass

from gateway.sync.redial import Ending


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
    """Who connects, to hear what; `will` is (topic, payload), retained if the link breaks."""

    client_id: str
    topics: tuple[str, ...]
    will: tuple[str, bytes] | None = None
