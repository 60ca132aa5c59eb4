"""Whose messages a receiver takes next: who has little to say does not wait for who has much."""

from collections import Counter
from dataclasses import dataclass, field

from gateway.sync.link import Arrived

LITTLE_BYTES = 4096
TURN_BYTES = 24 * 1024
"""About one full batch: with more, a transaction takes longer than a driver's patience is worth."""


@dataclass(slots=True)
class Turns:
    """Each gateway's messages keep their order.

    Gateways of which little waits have every other turn to themselves; in the turns between, the
    others come as they arrived.
    """

    _waiting: list[Arrived] = field(default_factory=list)
    _little_went: bool = False

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, message: Arrived) -> None:
        self._waiting.append(message)

    def take(self) -> list[Arrived]:
        """For one transaction; empty only where nothing waits."""
        little, much = self._parted()
        self._little_went = bool(little) and not (self._little_went and much)
        taken = _up_to(little if self._little_went else much, TURN_BYTES)
        going = set(map(id, taken))
        self._waiting = [message for message in self._waiting if id(message) not in going]
        return taken

    def _parted(self) -> tuple[list[Arrived], list[Arrived]]:
        size: Counter[str] = Counter()
        for message in self._waiting:
            size[_gateway(message)] += len(message.payload)
        little = [one for one in self._waiting if size[_gateway(one)] <= LITTLE_BYTES]
        much = [one for one in self._waiting if size[_gateway(one)] > LITTLE_BYTES]
        return little, much


def _gateway(message: Arrived) -> str:
    """As far as the topic tells; a strange one stands for itself."""
    return message.topic.rpartition("/up/")[0] or message.topic


def _up_to(messages: list[Arrived], limit: int) -> list[Arrived]:
    """The first ones, at least one of them."""
    size = 0
    for number, message in enumerate(messages):
        size += len(message.payload)
        if size > limit and number:
            return messages[:number]
    return messages
