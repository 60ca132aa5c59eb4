"""What a lane's runner asks of the parts around it, and what stands there where they are not."""

from typing import Protocol

from gateway.lane.events import Command
from gateway.lane.states import Lane


class Eyes(Protocol):
    """What a lane asks of its camera; pictures come back as `PhotoTaken`."""

    def photograph(self, subject: str) -> None: ...
    def look_again(self) -> None: ...


class Blind:
    """For a lane without a camera."""

    def photograph(self, subject: str) -> None:
        pass

    def look_again(self) -> None:
        pass


class Outside(Protocol):
    """What a lane tells the box that it is in."""

    def fire(self, *, reset: bool) -> None: ...
    def answered(self, order_id: str, answer: str) -> None: ...
    def moved(self, before: Lane, after: Lane, commands: tuple[Command, ...]) -> None: ...


class Alone:
    """For a lane that is alone in its box."""

    def fire(self, *, reset: bool) -> None:
        pass

    def answered(self, order_id: str, answer: str) -> None:
        pass

    def moved(self, before: Lane, after: Lane, commands: tuple[Command, ...]) -> None:
        pass
