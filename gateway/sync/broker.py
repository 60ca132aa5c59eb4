"""One connection to the MQTT broker, from its first packet to its end, on paho's own thread.

A connection never comes back by itself: its owner opens a new one, so nothing that waited in
paho's memory can be sent again behind the owner's back.
"""

import logging
import math
import socket
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from gateway.ports import reveal
from gateway.sync.credentials import Credentials, Loaded
from gateway.sync.link import Account, Arrived, Event, Over, Ready, Taken
from gateway.sync.redial import Ending, MqttProtocol
from gateway.sync.settings import UplinkSettings
from gateway.sync.tls import judged

__all__ = ["Account", "Arrived", "Connection", "Event", "Over", "Ready", "Taken"]

log = logging.getLogger(__name__)

MAX_IN_FLIGHT = 100
WILL_DELAY_S = 5
"""A box that is back at once, as with a new certificate, was never away."""


P = ParamSpec("P")

_NOT_ALLOWED = {
    "Bad user name or password",
    "Not authorized",
    "Banned",
    "Bad authentication method",
}
_WRONG_VERSION = "Unsupported protocol version"
_TAKEN_OVER = "Session taken over"
_OF_THE_FILES = (Ending.CERTIFICATE_REFUSED, Ending.UNTRUSTED, Ending.NOT_ALLOWED)


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
    """`deliver` is called with each event in paho's thread; it must neither block nor raise.

    `credentials` outlive a connection that is given them: new files end it, and the next one uses
    them. Without, the settings' files are read for this one.
    """

    def __init__(
        self,
        settings: UplinkSettings,
        account: Account,
        protocol: MqttProtocol,
        deliver: Callable[[Event], None],
        *,
        credentials: Credentials | None = None,
    ) -> None:
        self._credentials = credentials or (Credentials(settings.tls) if settings.tls else None)
        self._loaded: Loaded | None = None
        self._sock: socket.socket | None = None
        self._settings = settings
        self._account = account
        self._deliver = deliver
        self._v5 = protocol is MqttProtocol.V5
        self._client: Any = None
        self._thread: threading.Thread | None = None
        self._answered = self._abandoned = self._renewing = self._over = False

    def open(self, patience_s: float) -> None:
        """Start connecting; `Ready` or `Over` follows.

        Raises `DeviceError` for a secret or TLS files that cannot be used.
        """
        self._client = self._make_client()
        self._client.connect_timeout = patience_s
        options = self._v5_options() if self._v5 else {}
        where = (self._settings.host, self._settings.port, self._keepalive_s(patience_s))
        self._client.connect_async(*where, **options)
        self._client.loop_start()

    def _keepalive_s(self, patience_s: float) -> int:
        """Paho gives up an answer that is later than this: a slow way needs as long as we wait."""
        return max(self._settings.keepalive_s, math.ceil(patience_s))

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

    def _renew(self) -> None:
        """Make room for a connection with the new files; the broker keeps the will to itself."""
        if self._answered:
            self._renewing = True
            self.close()

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
        if self._credentials is not None:
            self._loaded = self._credentials.for_dialling()
            self._credentials.renewed = self._renew
            client.tls_set_context(self._loaded.context)
        if self._account.will is not None:
            topic, payload = self._account.will
            late = _properties("WILLMESSAGE", WillDelayInterval=WILL_DELAY_S) if self._v5 else None
            client.will_set(topic, payload, qos=1, retain=True, properties=late)

    def _v5_options(self) -> dict[str, Any]:
        session_s = self._account.session_s
        properties = _properties("CONNECT", SessionExpiryInterval=session_s)
        return {"clean_start": session_s == 0, "properties": properties}

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
        self._sock = sock
        dead_after_ms = self._client.keepalive * 1000
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
            return
        self._deliver(Ready())
        if self._loaded is not None and self._credentials is not None:
            newest = self._credentials.proved(self._loaded)
            if not newest:
                self._renew()

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
        self._end(*self._judged(reason))

    @_guarded
    def _on_disconnect(self, _c: Any, _u: Any, _flags: Any, reason: Any, *_: object) -> None:
        if self._renewing:
            self._end(Ending.RENEWED, "there are new certificate files")
        elif alert := getattr(self._sock, "alert", None):
            self._end(*self._judged(alert))
        elif not self._answered:
            hint = "" if self._settings.tls else "; if the port speaks TLS, set `tls`"
            self._end(Ending.MUTE, f"{reason}{hint}")
        elif str(reason) == _TAKEN_OVER:
            self._end(Ending.TAKEN_OVER, str(reason))
        else:
            self._end(Ending.LOST if reason.is_failure else Ending.CLOSED, str(reason))

    def _judged(self, error: BaseException | None) -> tuple[Ending, str]:
        tls = self._settings.tls
        if tls is None:
            return Ending.UNREACHABLE, str(error)
        known = tls.ca or "the system's authorities"
        return judged(error, self._settings.host, known, datetime.now(UTC))

    def _end(self, ending: Ending, detail: str) -> None:
        if self._over:
            return
        self._over = True
        if ending in _OF_THE_FILES and self._went_back():
            why = f"with the new certificate files it {ending}: {detail}; the ones before go on"
            ending, detail = Ending.RENEWED, why
        self._deliver(Over(ending, detail))

    def _went_back(self) -> bool:
        loaded, credentials = self._loaded, self._credentials
        return loaded is not None and credentials is not None and credentials.failed(loaded)


def _properties(packet: str, **values: int) -> Any:
    """Properties of MQTT 5, by the standard's names."""
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    properties: Any = Properties(getattr(PacketTypes, packet))  # type: ignore[no-untyped-call]
    for name, value in values.items():
        setattr(properties, name, value)
    return properties


def _refusal(reason: str) -> Ending:
    if reason == _WRONG_VERSION:
        return Ending.WRONG_VERSION
    return Ending.NOT_ALLOWED if reason in _NOT_ALLOWED else Ending.REFUSED
