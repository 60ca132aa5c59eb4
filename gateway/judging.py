"""How a lane's question about a plate or a code gets its answer, at once or a little later."""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from gateway.inbox import Inbox
from gateway.lane.events import Decide, Decided
from gateway.lane.types import Decision, Now, Reason, Verdict
from gateway.rules.access import AccessList, decide, decide_code

log = logging.getLogger(__name__)


class Judge(Protocol):
    """Knows rights, sessions and fees. It may ask elsewhere; the lane goes on meanwhile."""

    async def judged(self, command: Decide, access: AccessList, now: Now) -> Decided: ...


def by_lists(command: Decide, access: AccessList) -> Decided:
    """A code that is good is leave by itself; a bad one takes nothing from a plate that may."""
    text = command.reading.text if command.reading else ""
    decision = decide(text, access) if text else Decision(Verdict.DENY, Reason.UNKNOWN_PLATE)
    if command.code and decision.verdict is Verdict.DENY:
        decision = decide_code(command.code, access)
    return Decided(command.pass_id, text or command.code, decision)


class Judging:
    """Answers go into the lane's inbox. Without a judge the lists decide."""

    def __init__(
        self, lane: str, inbox: Inbox, access: AccessList, clock: Callable[[], Now]
    ) -> None:
        self.access = access
        self.judge: Judge | None = None
        self._lane = lane
        self._inbox = inbox
        self._clock = clock
        self._under_way: set[asyncio.Task[None]] = set()

    def ask(self, command: Decide) -> None:
        """Returns at once."""
        if self.judge is None:
            self._inbox.put(by_lists(command, self.access))
            return
        task = asyncio.create_task(self._answer(command, self.judge))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _answer(self, command: Decide, judge: Judge) -> None:
        """An error in a rule's code costs this vehicle a call to a person, and nobody else."""
        try:
            decided = await judge.judged(command, self.access, self._clock())
        except Exception:
            log.exception("%s: visit %s could not be judged", self._lane, command.pass_id)
            asked = command.reading.text if command.reading else command.code
            undecided = Decision(Verdict.DENY, Reason.UNDECIDED)
            decided = Decided(command.pass_id, asked, undecided)
        self._inbox.put(decided)

    def stop(self) -> None:
        for task in self._under_way:
            task.cancel()
