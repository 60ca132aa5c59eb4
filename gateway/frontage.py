"""What a driver meets at a lane beside the boom: sign, voice and scanner, opened together."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

from gateway.catalog import Catalog
from gateway.config import LaneConfig
from gateway.inbox import Inbox
from gateway.lane.events import Command
from gateway.lane.states import Lane
from gateway.notices import notice_of, resting_notice, standing_notice
from gateway.ports import DriverSettings
from gateway.scanning import ScannerWatch
from gateway.signage import Signage


class Frontage:
    """`told` gets a device's word, "signs" or "scanner", and what is wrong with it, or nothing."""

    def __init__(self, config: LaneConfig, inbox: Inbox, told: Callable[[str, str], None]) -> None:
        self._config = config
        self._inbox = inbox
        self._told = told
        self._lane = Lane()
        self._signage: Signage | None = None

    def moved(self, before: Lane, after: Lane, commands: tuple[Command, ...]) -> None:
        """Returns at once."""
        self._lane = after
        notice = notice_of(before, after, commands, self._config.direction)
        if notice is not None and self._signage is not None:
            self._signage.tell(notice)

    async def run(self) -> None:
        """Until cancelled; may be run again after an error."""
        config = self._config
        async with AsyncExitStack() as stack:
            display = await self._opened(stack, "display", config.display)
            voice = await self._opened(stack, "voice", config.voice)
            scanner = await self._opened(stack, "scanner", config.scanner)
            tasks = await stack.enter_async_context(asyncio.TaskGroup())
            if display is not None or voice is not None:
                tasks.create_task(self._new_signage(display, voice).run())
            if scanner is not None:
                tasks.create_task(self._new_watch(scanner).run())

    async def _opened(
        self, stack: AsyncExitStack, kind: str, settings: DriverSettings | None
    ) -> Any:
        if settings is None:
            return None
        connect = Catalog().connector(kind, settings.driver)
        return await stack.enter_async_context(connect(settings))

    def _new_signage(self, display: Any, voice: Any) -> Signage:
        config = self._config
        rest = resting_notice(self._lane, config.direction)
        signage = self._signage = Signage(
            config.name,
            rest,
            display=display,
            voice=voice,
            language=config.language,
            told=lambda trouble: self._told("signs", trouble),
        )
        if (standing := standing_notice(self._lane, config.direction)) != rest:
            signage.tell(standing)
        return signage

    def _new_watch(self, scanner: Any) -> ScannerWatch:
        name = self._config.name
        return ScannerWatch(
            name, scanner, self._inbox, told=lambda trouble: self._told("scanner", trouble)
        )
