"""The operator's cloud, as far as the receiver leaves it: rights, orders, and the state to see."""

import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from gateway.rights import RightText
from gateway.rights.held import SetHash, digest_of

VERSION = 1


class Cloud:
    """Hears the gateway's retained state and its questions, as any operator's program does."""

    def __init__(self, port: int, gateway: str, rights: Sequence[RightText]) -> None:
        self._topics = f"lanegate/1/{gateway}"
        self._edition = {"version": VERSION, "hash": _hash_of(rights)}
        self._rights = [right.fields() for right in rights]
        self._lock = threading.Lock()
        self._state: dict[str, Any] = {}
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda *_: self._on_connect()
        self._client.on_message = self._on_message
        self._client.connect_async("127.0.0.1", port)
        self._client.loop_start()

    @property
    def state(self) -> Mapping[str, Any]:
        with self._lock:
            return dict(self._state)

    @property
    def ticket_key(self) -> str:
        """What checks the gateway's tickets; empty while the gateway has not said it."""
        return str(self.state.get("parking", {}).get("ticket_key", ""))

    def order(self, what: Mapping[str, Any]) -> None:
        """One telling of an order about parking; it has to say its own id."""
        self._tell("parking", what)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self) -> None:
        self._client.subscribe([(f"{self._topics}/up/{leaf}", 1) for leaf in ("state", "ask")])
        self._tell("rights", self._edition | {"count": len(self._rights)}, retain=True)

    def _on_message(self, _client: Any, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        said = json.loads(message.payload)
        if message.topic.endswith("/state"):
            with self._lock:
                self._state = said
        elif said.get("ask") == "rights":
            whole = {"kind": "full", "part": 1, "parts": 1, "rights": self._rights}
            self._tell("rights-set", self._edition | whole)

    def _tell(self, leaf: str, what: Mapping[str, Any], *, retain: bool = False) -> None:
        payload = json.dumps(what, ensure_ascii=False).encode()
        self._client.publish(f"{self._topics}/dn/{leaf}", payload, qos=1, retain=retain)


def _hash_of(rights: Sequence[RightText]) -> str:
    total = SetHash()
    for right in rights:
        total.add(digest_of(right.line()))
    return total.text
