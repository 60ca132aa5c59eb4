"""Reads a lane's inputs again and again, and says `unknown` where it cannot."""

import asyncio
import logging
import time
from collections.abc import Callable

from gateway.inbox import Inbox
from gateway.lane.events import (
    InputsSeen,
    Noticed,
)
from gateway.lane.reports import AlarmCode
from gateway.lane.types import Inputs
from gateway.ports import DeviceError, InputReader

log = logging.getLogger(__name__)

LOST_PERIOD_S = 1.0


class Poller:
    """One question each `period_s`. What was heard last counts for `fresh_s`, not longer.

    A board that is lost is asked once a second only: its silence takes time on a line that
    other lanes share.
    """

    def __init__(
        self,
        lane: str,
        inputs: InputReader,
        inbox: Inbox,
        *,
        period_s: float,
        fresh_s: float,
        told: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._lane = lane
        self._inputs = inputs
        self._inbox = inbox
        self._period_s = period_s
        self._fresh_s = fresh_s
        self._told = told
        self._heard_at = -fresh_s
        self._lost = ""
        self._last = Inputs()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            asked = time.monotonic()
            await self._ask(asked)
            period_s = max(self._period_s, LOST_PERIOD_S) if self._lost else self._period_s
            await asyncio.sleep(max(0.0, asked + period_s - time.monotonic()))

    async def _ask(self, asked: float) -> None:
        try:
            inputs = await self._inputs.read()
        except DeviceError as error:
            if asked - self._heard_at > self._fresh_s:
                self._inbox.put(InputsSeen(self._last.lost(), asked))
                self._tell(str(error))
        else:
            self._heard_at, self._last = asked, inputs
            self._inbox.put(InputsSeen(inputs, asked))
            self._tell("")

    def _tell(self, lost: str) -> None:
        """One alarm for each loss; the health follows the newest sentence."""
        if lost and not self._lost:
            self._inbox.put(Noticed(AlarmCode.INPUTS_LOST, lost))
        elif self._lost and not lost:
            log.info("%s: inputs are back", self._lane)
        self._lost = lost
        self._told(lost)
