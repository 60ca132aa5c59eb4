"""A question on its way over a bus: who is served first, and until when it may begin."""

from dataclasses import dataclass

from drivers.modbus.pdu import Question
from gateway.ports import DeviceError, Turn


class NoAnswerError(DeviceError):
    """The line works and the slave gave no right answer; `silent` if it gave none at all."""

    def __init__(self, sentence: str, *, silent: bool) -> None:
        super().__init__(sentence)
        self.silent = silent


class AwayError(DeviceError):
    """The slave did not answer before, and was not asked this time."""


@dataclass(frozen=True, slots=True)
class Errand:
    """`asked_at` and `not_after` are in the event loop's seconds, which are monotonic."""

    question: Question
    turn: Turn
    asked_at: float
    not_after: float

    @property
    def slave(self) -> int:
        return self.question.slave

    @property
    def is_order(self) -> bool:
        return self.turn is Turn.ORDER

    def require_time(self, begins_at: float, line: str) -> None:
        """Refuse what could begin only after its time."""
        if begins_at > self.not_after:
            raise DeviceError(
                f"{line}: had no time to {self.question.words} of slave {self.slave} "
                f"for {begins_at - self.asked_at:.1f} s and did not send it"
            )
