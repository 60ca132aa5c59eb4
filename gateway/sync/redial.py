"""After a connection ended: how long to wait, and which MQTT to speak next. Pure."""

from dataclasses import dataclass, replace
from enum import StrEnum

FIRST_WAIT_S = 5.0
BASE_WAIT_S = 1.0
REFUSED_FACTOR = 20
FIRST_PATIENCE_S = 2.0
MAX_PATIENCE_S = 120.0
STEADY_S = 30.0


class MqttProtocol(StrEnum):
    AUTO = "auto"
    V5 = "5"
    V311 = "3.1.1"


class Ending(StrEnum):
    """Why a connection is over."""

    UNREACHABLE = "cannot be reached"
    MUTE = "took the connection and did not answer"
    WRONG_VERSION = "does not speak this MQTT version"
    NOT_ALLOWED = "refused the user name, the password or the certificate"
    CERTIFICATE_REFUSED = "refused this box's certificate"
    UNTRUSTED = "could not prove who it is"
    NOT_TLS = "answered something that is not TLS"
    REFUSED = "refused the connection"
    TAKEN_OVER = "gave the connection to another client with the same name"
    LOST = "was lost"
    CLOSED = "was closed"
    RENEWED = "is dialled anew"


# A second box with the same name would be thrown out by our next try, and we by its next.
_SLOW = (Ending.NOT_ALLOWED, Ending.CERTIFICATE_REFUSED, Ending.TAKEN_OVER)
_VERSION_DOUBTFUL = (Ending.MUTE, Ending.WRONG_VERSION)


@dataclass(frozen=True, slots=True)
class Redial:
    """`longest_s` caps the wait; after a refusal it is 20 times as long."""

    setting: MqttProtocol
    longest_s: float
    protocol: MqttProtocol
    proven: bool = False
    failures: int = 0
    last: Ending | None = None

    @property
    def patience_s(self) -> float:
        """How long to wait for the broker's answer to CONNECT; longer after each failure."""
        return min(FIRST_PATIENCE_S * 2.0 ** min(self.failures, 10), MAX_PATIENCE_S)

    @property
    def wait_up_to_s(self) -> float:
        """Wait a random time between 0 and this before the next try (full jitter)."""
        if self.last is None:
            return min(FIRST_WAIT_S, self.longest_s)
        if self.last is Ending.RENEWED:
            return min(BASE_WAIT_S, self.longest_s)
        if self.last in _SLOW:
            return self.longest_s * REFUSED_FACTOR
        if self._other_version_next:
            return 0.0
        return min(BASE_WAIT_S * 2.0 ** min(self.failures, 20), self.longest_s)

    @property
    def _other_version_next(self) -> bool:
        return self.last in _VERSION_DOUBTFUL and self.protocol is not self._first

    @property
    def _first(self) -> MqttProtocol:
        return MqttProtocol.V5 if self.setting is MqttProtocol.AUTO else self.setting


def redial(setting: MqttProtocol, longest_s: float) -> Redial:
    first = MqttProtocol.V5 if setting is MqttProtocol.AUTO else setting
    return Redial(setting, longest_s, first)


def connected(state: Redial) -> Redial:
    """The broker answered: what it speaks is known until the program ends or it refuses."""
    return replace(state, proven=True)


def ended(state: Redial, ending: Ending, lasted_s: float = 0.0) -> Redial:
    """Only a connection that lasted a while begins the count again.

    So two boxes with one name, which throw each other out, do it ever less often. A connection
    that made room for one with a new certificate is no failure.
    """
    if ending is Ending.RENEWED:
        return replace(state, last=ending)
    failures = 1 if lasted_s >= STEADY_S else state.failures + 1
    after = replace(state, last=ending, failures=failures)
    unsure = not state.proven or ending is Ending.WRONG_VERSION
    if state.setting is MqttProtocol.AUTO and unsure and ending in _VERSION_DOUBTFUL:
        return replace(after, protocol=_other(state.protocol), proven=False)
    return after


def _other(protocol: MqttProtocol) -> MqttProtocol:
    return MqttProtocol.V311 if protocol is MqttProtocol.V5 else MqttProtocol.V5
