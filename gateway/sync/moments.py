"""What two clocks say of one record: how old it was when it was sent, and when it happened. Pure.

The monotonic time of one boot is right even where the time of day is not.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from gateway.sync.protocol import Moment

HISTORICAL_S = 60.0
"""A record that was sent later than this after it happened is history, not news."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def age_s(when: Moment | None, sent: Moment | None) -> float | None:
    """None where the two cannot be compared."""
    if when is None or sent is None:
        return None
    if when.boot == sent.boot:
        return (sent.mono_ms - when.mono_ms) / 1000
    before, after = ms_of(when.at), ms_of(sent.at)
    return None if before is None or after is None else (after - before) / 1000


def is_historical(when: Moment | None, sent: Moment | None) -> bool | None:
    age = age_s(when, sent)
    return None if age is None else age > HISTORICAL_S


def ms_of(text: str) -> int | None:
    """Milliseconds since 1970; None for what is no time of ours."""
    try:
        return (datetime.fromisoformat(text) - EPOCH) // timedelta(milliseconds=1)
    except (ValueError, TypeError):
        return None


def happened_at(when: Moment, offset_ms: int | None) -> str:
    """`offset_ms`: what the receiver's clock showed when `mono_ms` of that boot was 0."""
    if offset_ms is None:
        return when.at
    second, ms = divmod(offset_ms + when.mono_ms, 1000)
    try:
        return f"{_second_text(second)}.{ms:03}Z"
    except OverflowError:
        return when.at


@lru_cache(maxsize=1024)
def _second_text(second: int) -> str:
    return (EPOCH + timedelta(seconds=second)).isoformat(timespec="seconds")[:19]
