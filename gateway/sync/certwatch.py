"""Watches the box's certificate: takes new files, counts its days, and warns before its end."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from gateway.store import BoxAlarm, Store, StoreError
from gateway.store.records import utc_text
from gateway.store.shelf import Shelf
from gateway.sync.credentials import Credentials

log = logging.getLogger(__name__)

LOOK_S = 20.0
"""New files count once two looks in a row found them the same: within a minute."""


async def watch_certificate(
    credentials: Credentials,
    clock: Callable[[], datetime],
    *,
    trusted: Callable[[], bool],
    told: Callable[[dict[str, object] | None], None],
    warn: Callable[[str], Awaitable[None]],
    look_s: float = LOOK_S,
) -> None:
    """Until cancelled. `told` hears `days_left` and `until` at each look, or None.

    None: there is no certificate, or the clock is not `trusted` and nobody knows the days.
    `warn` hears a sentence at each milestone on the way to the end; after a restart it hears it
    again, in the same words, and after a `StoreError` at the next look.
    """
    warned = ""
    while True:
        now = clock() if trusted() else None
        if await asyncio.to_thread(credentials.look, now):
            log.info("tls: new certificate files are in use from now on")
        state, words = await asyncio.to_thread(_state, credentials, now)
        told(state)
        if words and words != warned:
            with contextlib.suppress(StoreError):
                await warn(words)
                warned = words
        await asyncio.sleep(look_s)


async def tell_once(store: Store, committed: Callable[[], None], words: str) -> None:
    """An alarm to the cloud; not again after a restart, while the box keeps the first."""

    def told(shelf: Shelf) -> bool:
        known = "select 1 from alarms where code = ? and detail = ?"
        return bool(shelf.db.execute(known, (BoxAlarm.CERTIFICATE_ENDS, words)).fetchone())

    if not await store.look(told):
        log.warning("tls: %s", words)
        await store.alarm_of_box(BoxAlarm.CERTIFICATE_ENDS, words, datetime.now(UTC))
        committed()


def _state(credentials: Credentials, now: datetime | None) -> tuple[dict[str, object] | None, str]:
    """What is told, and the milestone's sentence."""
    certificate = credentials.certificate
    if certificate is None or now is None:
        return None, ""
    from gateway.sync import certificates

    days = certificates.days_left(certificate, now)
    mark = certificates.milestone(days)
    words = "" if mark is None else certificates.warning(certificate, mark)
    return {"days_left": days, "until": utc_text(certificate.valid_until)}, words
