"""Answers that did not come in time and may come yet."""

from dataclasses import dataclass
from typing import NamedTuple

from drivers.modbus import rtu_frame
from drivers.modbus.errand import Errand
from drivers.modbus.pdu import Question

LATEST_S = 2.0


class Shape(NamedTuple):
    """All by which an RTU answer can be told from another."""

    slave: int
    function: int
    answer_bytes: int


@dataclass(slots=True)
class _Debt:
    question: Question
    answers: int
    quiet_until: float
    gone_at: float


class Debts:
    """What slaves owe us. Times are in the event loop's seconds."""

    def __init__(self) -> None:
        self._debts: dict[Shape, _Debt] = {}

    def add(self, question: Question, quiet_until: float) -> None:
        """A question was sent; while it is unanswered the line should be quiet until then."""
        debt = self._debts.get(_shape(question))
        answers = debt.answers if debt is not None else 0
        gone_at = quiet_until + LATEST_S
        self._debts[_shape(question)] = _Debt(question, answers + 1, quiet_until, gone_at)

    def paid(self, question: Question) -> None:
        """One answer of this shape came."""
        debt = self._debts.get(_shape(question))
        if debt is None:
            return
        debt.answers -= 1
        if not debt.answers:
            self.forgive(question)

    def end_quiet(self, question: Question) -> None:
        """The slave said something: answers may be owed still, but need not be waited for."""
        debt = self._debts.get(_shape(question))
        if debt is not None:
            debt.quiet_until = 0.0

    def forgive(self, question: Question) -> None:
        """No answer of this shape can come any more."""
        self._debts.pop(_shape(question), None)

    def owed(self, question: Question, now: float) -> int:
        """How many answers may come that would pass for this question's."""
        debt = self._debts.get(_shape(question))
        return debt.answers if debt is not None and now < debt.gone_at else 0

    def quiet_until(self, errand: Errand) -> float:
        """When the line is free. An order need not wait for what other slaves owe."""
        return max(
            (
                debt.quiet_until
                for shape, debt in self._debts.items()
                if shape.slave == errand.slave or not errand.is_order
            ),
            default=0.0,
        )

    def hear(self, received: bytearray, now: float) -> None:
        """Take late answers out of what came in, and strike them off."""
        for shape, debt in list(self._debts.items()):
            if now >= debt.gone_at:
                del self._debts[shape]
                continue
            while shape in self._debts:
                found = rtu_frame.find_answer(bytes(received), debt.question)
                if found is None:
                    break
                del received[: found[1]]
                self.paid(debt.question)


def _shape(question: Question) -> Shape:
    return Shape(question.slave, question.function, question.answer_bytes)
