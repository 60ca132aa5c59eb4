"""Between two brokers: a postman who loses messages, brings them twice, late and out of order.

Both brokers gave their receipts; what happens to a message is his dice's affair.
"""

import random
import threading
from collections import Counter

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

MOST_KEPT = 6


class Postman:
    """Up: from the broker at `near` to the one at `far`; down: the other way."""

    def __init__(self, near: int, far: int, dice: random.Random) -> None:
        self.did: Counter[str] = Counter()
        self.honest = False
        self._dice = dice
        self._kept: list[tuple[paho.Client, str, bytes]] = []
        self._lock = threading.Lock()
        self._near = self._client(near, "lanegate/1/+/up/#")
        self._far = self._client(far, "lanegate/1/+/dn/#")
        self._near.user_data_set(self._far)
        self._far.user_data_set(self._near)
        self._near.loop_start()
        self._far.loop_start()

    def become_honest(self) -> None:
        """Bring what was kept, and from now on everything once, at once."""
        with self._lock:
            self.honest = True
            self._bring_kept()

    def close(self) -> None:
        for client in (self._near, self._far):
            client.disconnect()
            client.loop_stop()

    def _client(self, port: int, topic: str) -> paho.Client:
        client = paho.Client(CallbackAPIVersion.VERSION2)
        client.on_connect = lambda client, *_: client.subscribe(topic, 1)
        client.on_message = self._on_message
        client.connect("127.0.0.1", port)
        return client

    def _on_message(self, _client: paho.Client, other: paho.Client, message) -> None:
        letter = (other, str(message.topic), bytes(message.payload))
        with self._lock:
            if self.honest:
                _bring(*letter)
            else:
                self._play(letter)

    def _play(self, letter: tuple[paho.Client, str, bytes]) -> None:
        leaf = letter[1].split("/")[-1]
        match self._dice.choice(("bring", "bring", "lose", "double", "keep")):
            case "lose":
                self.did[f"lost {leaf}"] += 1
            case "double":
                self.did[f"doubled {leaf}"] += 1
                _bring(*letter)
                _bring(*letter)
            case "keep":
                self.did[f"kept {leaf}"] += 1
                self._kept.append(letter)
            case _:
                _bring(*letter)
        if len(self._kept) > MOST_KEPT:
            self._bring_kept()

    def _bring_kept(self) -> None:
        self._dice.shuffle(self._kept)
        for letter in self._kept:
            _bring(*letter)
        self._kept.clear()


def _bring(to: paho.Client, topic: str, payload: bytes) -> None:
    to.publish(topic, payload, qos=1)
