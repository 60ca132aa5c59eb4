"""What stays cost until now, where tariffs are at hand."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway.config import Config, ConfigError
from gateway.lane.types import Direction
from gateway.parking.opening import RIGHTS
from gateway.parking.tariffbook import read_calendar, read_tariffs
from gateway.rights import RightsBook
from gateway.rules.clock import Calendar
from gateway.rules.decision import Policy, fee_of
from gateway.rules.rights import Right
from gateway.rules.tariff import Fee, NoTariffError, TariffSet
from gateway.store.stays import known_of

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Till:
    """Of one box, at one moment."""

    config: Config
    database: Path
    tariffs: TariffSet
    calendar: Calendar
    at: datetime

    def fees(self, found: Iterable[Row]) -> dict[str, Fee]:
        """By the session's id; only of vehicles that are inside. Raises `StoreError`."""
        inside = [row for row in found if row["closing"] is None]
        book = self.config.data / RIGHTS
        plates = {row["plate"] for row in inside if row["plate"]}
        held = asyncio.run(_rights(book, plates)) if book.exists() else {}
        fees = {
            row["session_id"]: self._fee(row["session_id"], held.get(row["plate"], ()))
            for row in inside
        }
        return {session_id: fee for session_id, fee in fees.items() if fee is not None}

    def _fee(self, session_id: str, rights: tuple[Right, ...]) -> Fee | None:
        facts = known_of(self.database, session_id, rights, self.at)
        if facts is None or facts.session is None:
            return None
        policy = Policy(Direction.EXIT, facts.session.area, calendar=self.calendar)
        try:
            return fee_of(facts.session, self.at, facts, self.tariffs, policy)
        except NoTariffError:
            return None


def till(config: Config, file: Path, database: Path, at: datetime) -> Till | None:
    """None where the box has no car park, or no tariffs that can be used."""
    if config.parking is None:
        return None
    try:
        tariffs, calendar = read_tariffs(config, file), read_calendar(config, file)
    except ConfigError:
        return None
    return Till(config, database, tariffs, calendar, at)


async def _rights(path: Path, plates: Iterable[str]) -> dict[str, tuple[Right, ...]]:
    book = RightsBook.open(path, mends=False)
    try:
        return {plate: await book.of(plate) for plate in plates}
    finally:
        await book.close()
