"""Somebody on the broker who says what only the cloud should say."""

import contextlib
import hashlib
from collections.abc import Iterator

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from gateway.sync import messages, protocol
from gateway.sync.protocol import Ack, Order, Position
from tests.faults import judge
from tests.faults.site import Box

NOWHERE = hashlib.sha256(b"nowhere").digest()


class Forger:
    """Speaks to the box `name`; knows whatever stands in its file."""

    def __init__(self, port: int, name: str) -> None:
        self._name = name
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def says(self, order: Order) -> None:
        leaf = "ack" if isinstance(order, Ack) else "ctl"
        self.says_bytes(leaf, messages.encode(order))

    def says_bytes(self, leaf: str, payload: bytes) -> None:
        sent = self._client.publish(protocol.down(self._name, leaf), payload, qos=1)
        sent.wait_for_publish(20)


@contextlib.contextmanager
def a_forger(port: int, name: str) -> Iterator[Forger]:
    forger = Forger(port, name)
    try:
        yield forger
    finally:
        forger.close()


def history(box: Box) -> tuple[str, Position]:
    """The box's epoch and its last record."""
    ((epoch, seq, chain),) = judge.rows(box.db, "select epoch, last_seq, last_chain from meta")
    return epoch, Position(seq, bytes(chain))
