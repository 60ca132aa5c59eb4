"""The camera and the rest of the box, as a lane sees them: what it asks is written down."""

import asyncio
import hashlib
from collections.abc import Callable

from gateway.lane.events import Command, LaneEvent, PhotoTaken
from gateway.lane.states import Lane
from tests.storyteller.chronicle import Chronicle

PHOTO_S = 0.2


class Witness:
    """The runner's `eyes` and its `outside`. A photo comes `PHOTO_S` after it was asked for."""

    def __init__(self, chronicle: Chronicle, send: Callable[[LaneEvent], None]) -> None:
        self.camera_works = True
        self._chronicle = chronicle
        self._send = send

    def photograph(self, subject: str) -> None:
        self._chronicle.write("photo", subject=subject)
        if self.camera_works:
            taken = PhotoTaken(subject, hashlib.sha256(subject.encode()).hexdigest())
            asyncio.get_running_loop().call_later(PHOTO_S, self._send, taken)

    def look_again(self) -> None:
        self._chronicle.write("look again")

    def fire(self, *, reset: bool) -> None:
        self._chronicle.write("fire told", what="reset" if reset else "told")

    def answered(self, order_id: str, answer: str) -> None:
        how = "obeyed" if answer == "done" else "refused"
        self._chronicle.write("agent", how=how, answer=answer, order_id=order_id)

    def moved(self, before: Lane, after: Lane, commands: tuple[Command, ...]) -> None:
        """Signs and voices listen here; a story has none."""
