"""One connection to the MQTT broker, from its first packet to its end, on paho's own thread.

A connection never comes back by itself: its owner opens a new one, so nothing that waited in
paho's memory can be sent again behind the owner's back.
"""

import logging
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from gateway.ports import DeviceError, reveal
from gateway.sync.redial import Ending, MqttProtocol
from gateway.sync.settings import UplinkSettings

log = logging.getLogger(__name__)

SESSION_EXPIRY_S = 24 * 3600
MAX_IN_FLIGHT = 100

P = ParamSpec("P")

_NOT_ALLOWED = {
    "Bad user name or password",
    "Not authorized",
    "Banned",
    "Bad authentication method",
}
_WRONG_VERSION = "Unsupported protocol version"
_TAKEN_OVER = "Session taken over"


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


def _guarded(
    callback: Callable[Concatenate["Connection", P], None],
) -> Callable[Concatenate["Connection", P], None]:
    """An exception in a callback would end paho's thread, and nobody would be told."""

    @wraps(callback)
    def call(connection: "Connection", /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            callback(connection, *args, **kwargs)
        except Exception:
            log.exception("mqtt: %s failed; closing the connection", callback.__name__)
            connection.cut()

    return call


class Connection:
    """`deliver` is called with each event in paho's thread; it must neither block nor raise."""

    def __init__(
        self,
        settings: UplinkSettings,
        account: Account,
        protocol: MqttProtocol,
        deliver: Callable[[Event], None],
    ) -> None:
        self._settings = settings
        self._account = account
        self._deliver = deliver
        self._v5 = protocol is MqttProtocol.V5
        self._client: Any = None
        self._thread: threading.Thread | None = None
        self._answered = self._abandoned = self._over = False

    def open(self, patience_s: float) -> None:
        """Start connecting; `Ready` or `Over` follows. Raises `DeviceError` for a bad secret."""
        self._client = self._make_client()
        self._client.connect_timeout = patience_s
        options = self._v5_options() if self._v5 else {}
        where = (self._settings.host, self._settings.port, self._settings.keepalive_s)
        self._client.connect_async(*where, **options)
        self._client.loop_start()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int:
        """Hand a message to paho (QoS 1); `Taken` with the returned number follows."""
        mid: int = self._client.publish(topic, payload, qos=1, retain=retain).mid
        return mid

    def settle(self, message: Arrived) -> None:
        """Tell the broker that the message is dealt with."""
        self._client.ack(message.mid, 1)

    def alive(self) -> bool:
        """Paho's thread may have died of an error of its own, while paho says 'connected'."""
        return self._thread is None or self._thread.is_alive()

    def close(self) -> None:
        """Take leave: the broker keeps the will to itself."""
        self._abandoned = True
        self._client.disconnect()

    def cut(self) -> None:
        """Break off without leave: the broker publishes the will. Works on a dead link too."""
        self._abandoned = True
        if self._client is None:
            return
        sock = self._client.socket()
        if sock is None:
            self._client.disconnect()
            return
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError as error:
            log.debug("mqtt: the socket was gone already: %s", error)

    # --- making the client

    def _make_client(self) -> Any:
        from paho.mqtt import client as paho
        from paho.mqtt.enums import CallbackAPIVersion

        kind: dict[str, Any] = {} if self._v5 else {"clean_session": False}
        client: Any = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._account.client_id,
            protocol=paho.MQTTv5 if self._v5 else paho.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
            **kind,
        )
        client.max_inflight_messages_set(MAX_IN_FLIGHT)
        self._introduce(client)
        client.on_pre_connect = self._on_pre_connect
        client.on_socket_open = self._on_socket_open
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        return client

    def _introduce(self, client: Any) -> None:
        settings = self._settings
        if settings.username is not None:
            password = None if settings.password is None else reveal(settings.password)
            client.username_pw_set(settings.username, password)
        if settings.tls is not None:
            tls = settings.tls
            try:
                client.tls_set(ca_certs=tls.ca, certfile=tls.cert, keyfile=tls.key)
            except (OSError, ValueError) as error:
                files = ", ".join(file for file in (tls.ca, tls.cert, tls.key) if file)
                raise DeviceError(
                    f"mqtt: TLS files {files}: {error}; look at their names, rights and content"
                ) from error
        if self._account.will is not None:
            topic, payload = self._account.will
            client.will_set(topic, payload, qos=1, retain=True)

    def _v5_options(self) -> dict[str, Any]:
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.properties import Properties

        properties: Any = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = SESSION_EXPIRY_S
        return {"clean_start": False, "properties": properties}

    # --- in paho's thread

    @_guarded
    def _on_pre_connect(self, *_: object) -> None:
        self._thread = threading.current_thread()

    @_guarded
    def _on_socket_open(self, _client: Any, _userdata: Any, sock: socket.socket) -> None:
        if self._abandoned:
            sock.shutdown(socket.SHUT_RDWR)
            return
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        dead_after_ms = self._settings.keepalive_s * 1000
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, dead_after_ms)

    @_guarded
    def _on_connect(self, client: Any, _u: Any, _flags: Any, reason: Any, *_: object) -> None:
        self._answered = True
        if reason.is_failure:
            self._end(_refusal(str(reason)), str(reason))
        elif self._abandoned:
            client.disconnect()
        else:
            client.subscribe([(topic, 1) for topic in self._account.topics])

    @_guarded
    def _on_subscribe(self, _c: Any, _u: Any, _mid: int, reasons: list[Any], *_: object) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            self._end(Ending.NOT_ALLOWED, f"subscription refused: {refused[0]}")
            self.cut()
        else:
            self._deliver(Ready())

    @_guarded
    def _on_publish(self, _client: Any, _userdata: Any, mid: int, *_: object) -> None:
        self._deliver(Taken(mid))

    @_guarded
    def _on_message(self, _client: Any, _userdata: Any, message: Any) -> None:
        try:
            topic = str(message.topic)
        except UnicodeDecodeError:
            topic = ""
        self._deliver(Arrived(topic, bytes(message.payload), message.mid))

    @_guarded
    def _on_connect_fail(self, client: Any, *_: object) -> None:
        # Paho calls this while it handles the error, and tells it nowhere else.
        reason = sys.exception()
        client.disconnect()
        self._end(Ending.UNREACHABLE, str(reason))

    @_guarded
    def _on_disconnect(self, _c: Any, _u: Any, _flags: Any, reason: Any, *_: object) -> None:
        if not self._answered:
            self._end(Ending.MUTE, str(reason))
        elif str(reason) == _TAKEN_OVER:
            self._end(Ending.TAKEN_OVER, str(reason))
        else:
            self._end(Ending.LOST if reason.is_failure else Ending.CLOSED, str(reason))

    def _end(self, ending: Ending, detail: str) -> None:
        if not self._over:
            self._over = True
            self._deliver(Over(ending, detail))


def _refusal(reason: str) -> Ending:
    if reason == _WRONG_VERSION:
        return Ending.WRONG_VERSION
    return Ending.NOT_ALLOWED if reason in _NOT_ALLOWED else Ending.REFUSED
