"""Whether the time of day can be trusted, and when it jumps. Time-outs never depend on it."""

import asyncio
import ctypes
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from gateway.lane.events import Noticed
from gateway.lane.reports import AlarmCode
from gateway.lane.types import Now

log = logging.getLogger(__name__)

LOOK_S = 5.0
STEP_S = 2.0
EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
"""This program was written after that: a clock that says less was never set."""

TIMESYNCD = Path("/run/systemd/timesync/synchronized")
TIMESYNCD_FOR_S = 12 * 3600.0
"""It touches this file whenever it sets the clock: at the latest every 34 minutes, if it can."""

_TIMEX_BYTES = 512
_TIME_ERROR = 5

# --- pure --------------------------------------------------------------------------------


def stepped_s(before: Now, now: Now) -> float:
    """By how much the wall clock moved against the monotonic one; slow corrections are 0."""
    moved_s = (now.wall - before.wall).total_seconds() - (now.mono - before.mono)
    return moved_s if abs(moved_s) > STEP_S else 0.0


def doubt(wall: datetime, *, synchronised: bool | None) -> str:
    """Why the time of day is not trusted; empty where it is. None: nobody knows."""
    if wall < EARLIEST:
        return (
            f"the clock says {wall:%Y-%m-%d}, which is long past: set it, and look at the battery"
            " on the mainboard"
        )
    if synchronised is None:
        return (
            "nobody says whether the clock is right: use systemd-timesyncd, or let the system calls"
            " adjtimex and clock_adjtime through to lanegate (in its systemd unit)"
        )
    if not synchronised:
        return (
            "no time server sets the clock: start systemd-timesyncd or chrony and let it reach its"
            " server (`timedatectl` shows it)"
        )
    return ""


def step_words(moved_s: float) -> str:
    way = "forward" if moved_s > 0 else "back"
    return f"the clock went {way} by {abs(moved_s):.1f} s; times in records jump here"


# --- the shell ---------------------------------------------------------------------------


def kernel_synchronised() -> bool | None:
    """What the kernel knows of the clock; reading it needs no rights. None where it won't say."""
    try:
        timex = ctypes.create_string_buffer(_TIMEX_BYTES)
        answer = ctypes.CDLL(None).adjtimex(timex)
    except (OSError, AttributeError):
        return None
    return None if answer < 0 else answer != _TIME_ERROR


def synchronised(
    kernel: Callable[[], bool | None] = kernel_synchronised, touched: Path = TIMESYNCD
) -> bool | None:
    """The kernel's word; in a sandbox that keeps it from us, systemd-timesyncd's. None: neither."""
    if (said := kernel()) is not None:
        return said
    try:
        age_s = time.time() - touched.stat().st_mtime
    except OSError:
        return None
    return age_s < TIMESYNCD_FOR_S


async def watch_clock(
    clock: Callable[[], Now],
    *,
    untrusted: Callable[[str], None],
    tell_lanes: Callable[[Noticed], None],
    synchronised: Callable[[], bool | None] = synchronised,
    look_s: float = LOOK_S,
) -> None:
    """Until cancelled. `untrusted` hears a sentence at each look, empty where all is well."""
    before, doubted = clock(), ""
    while True:
        now = clock()
        if moved_s := stepped_s(before, now):
            tell_lanes(Noticed(AlarmCode.CLOCK_STEPPED, step_words(moved_s)))
        words = doubt(now.wall, synchronised=synchronised())
        if words != doubted:
            log.warning("clock: %s", words or "trusted again")
        untrusted(words)
        before, doubted = now, words
        await asyncio.sleep(look_s)
