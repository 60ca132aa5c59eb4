"""Opens a box's car park: its tariffs, its book of rights and the key that signs tickets."""

import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from gateway.config import Config
from gateway.config.problems import ConfigError
from gateway.lane.types import Now
from gateway.parking.park import Park, Parts
from gateway.parking.tariffbook import good_tariffs, read_calendar
from gateway.rights import RightsBook
from gateway.rules.clock import Calendar
from gateway.store import BoxAlarm, Store, StoreError
from gateway.sync.rightsfeed import RightsFeed
from gateway.tickets import TicketError, TicketKey

log = logging.getLogger(__name__)

RIGHTS, PARTS_OF_RIGHTS = "rights.db", "rights-set"


@contextlib.asynccontextmanager
async def open_park(
    config: Config, path: Path, store: Store, clock: Callable[[], Now]
) -> AsyncIterator[tuple[Park, str]]:
    """The park of a configuration with `parking:`, and what is wrong with the files it names.

    Raises `ConfigError` where there never were good tariffs, and `StoreError`.
    """
    tariffs, trouble = good_tariffs(config, path)
    calendar, no_holidays = _calendar(config, path)
    key, no_tickets = _key(config)
    book = RightsBook.open(config.data / RIGHTS)
    try:
        alarm = partial(_alarm, store)
        feed = RightsFeed(book, config.data / PARTS_OF_RIGHTS, alarm)
        parts = Parts(store, book, feed, key, clock)
        yield Park(config, parts, tariffs, calendar), trouble or no_holidays or no_tickets
    finally:
        await book.close()


def _calendar(config: Config, path: Path) -> tuple[Calendar, str]:
    """A box that was switched off and on opens all the same; without it, no day is a holiday."""
    try:
        return read_calendar(config, path), ""
    except ConfigError as error:
        log.error("calendar not taken, no day counts as a holiday:\n%s", error)  # noqa: TRY400
        return Calendar(), f"calendar refused; no day counts as a holiday: {error.problems[0]}"


def _key(config: Config) -> tuple[TicketKey | None, str]:
    """Whoever cannot pay by a QR code still pays at the booth, by his card, or later."""
    try:
        return TicketKey.open(config.data), ""
    except TicketError as error:
        log.error("no tickets are signed: %s", error)  # noqa: TRY400
        return None, f"no tickets are signed: {error}"


async def _alarm(store: Store, words: str) -> None:
    with contextlib.suppress(StoreError):
        await store.alarm_of_box(BoxAlarm.RIGHTS, words, datetime.now(UTC))
