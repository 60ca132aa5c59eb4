"""What a scanner reads becomes `CodeSeen` events; one that is away is asked again and again."""

import asyncio
import logging
from collections.abc import Callable

from gateway.inbox import Inbox
from gateway.lane.events import CodeSeen
from gateway.ports import DeviceError, Scanner

log = logging.getLogger(__name__)

LONGEST_PAUSE_S = 30.0
SETTLED_S = 2.0


class ScannerWatch:
    """`told` gets what is wrong with the scanner as a sentence, empty once it is well again."""

    def __init__(
        self,
        lane: str,
        scanner: Scanner,
        inbox: Inbox,
        *,
        told: Callable[[str], None] = lambda _: None,
        first_pause_s: float = 1.0,
    ) -> None:
        self._lane = lane
        self._scanner = scanner
        self._inbox = inbox
        self._told = told
        self._first_pause_s = self._pause_s = first_pause_s
        self._trouble = ""

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            well = asyncio.get_running_loop().call_later(SETTLED_S, self._note, "")
            try:
                async for code in self._scanner.codes():
                    self._note("")
                    self._inbox.put(CodeSeen(code))
            except DeviceError as error:
                self._note(str(error))
            finally:
                well.cancel()
            await asyncio.sleep(self._pause_s)
            self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)

    def _note(self, trouble: str) -> None:
        if trouble and not self._trouble:
            log.warning("%s: scanner: %s", self._lane, trouble)
        elif self._trouble and not trouble:
            log.info("%s: scanner is back", self._lane)
        if not trouble:
            self._pause_s = self._first_pause_s
        if trouble != self._trouble:
            self._trouble = trouble
            self._told(trouble)
