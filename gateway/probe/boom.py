"""Measures how long a boom takes, by its limit switches; closes it only while nothing is there."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass

from gateway.lane.types import Boom, Inputs, Level
from gateway.ports import Barrier, DeviceError, InputReader

Tell = Callable[[str], object]

PERIOD_S = 0.02
LONGEST_S = 30.0
WAIT_FREE_S = 60.0
FRESH_S = 0.3
REST_S = 1.0
AGREEING = 2
STEP_S = 0.5


@dataclass(frozen=True, slots=True)
class Travel:
    """Seconds from the order: until the boom left its limit, and until it was at the other."""

    left_s: float
    arrived_s: float


@dataclass(frozen=True, slots=True)
class Measured:
    """`travel_s` is what to write into the lane's `timing:`."""

    up: tuple[Travel, ...]
    down: tuple[Travel, ...]

    @property
    def travel_s(self) -> float:
        """The longest way seen, to the next half second."""
        longest = max(one.arrived_s for one in (*self.up, *self.down))
        return math.ceil(longest / STEP_S) * STEP_S


class PresenceError(DeviceError):
    """Something came under the closing boom, which was told to open."""


async def require_limits(inputs: InputReader) -> Boom:
    """Where the boom is. Raises `DeviceError` where its limits do not say."""
    seen = await inputs.read()
    if seen.boom not in (Boom.UP, Boom.DOWN):
        limits = f"up limit {seen.up_limit}, down limit {seen.down_limit}"
        raise DeviceError(
            f"the limits do not say whether the boom is up or down ({limits}): bring it up or "
            "down with its own remote, and look at both with `lanegate probe inputs`"
        )
    return seen.boom


async def measured(barrier: Barrier, inputs: InputReader, rounds: int, tell: Tell) -> Measured:
    """So many ways up and down, beginning from where the boom is and ending there.

    Raises `DeviceError`; `PresenceError` where a close was broken off.
    """
    up: list[Travel] = []
    down: list[Travel] = []
    for number in range(1, 2 * rounds + 1):
        if await require_limits(inputs) is Boom.DOWN:
            up.append(await raised(barrier, inputs))
            tell(f"way {number} of {2 * rounds}: up in {up[-1].arrived_s:.2f} s")
        else:
            tell("waiting until the closing loop reads free")
            down.append(await lowered(barrier, inputs))
            tell(f"way {number} of {2 * rounds}: down in {down[-1].arrived_s:.2f} s")
        await asyncio.sleep(REST_S)
    return Measured(tuple(up), tuple(down))


async def raised(barrier: Barrier, inputs: InputReader) -> Travel:
    """Opening is always allowed."""
    ordered_at = _now()
    await barrier.open()
    return await _arrived(inputs, Boom.DOWN, Boom.UP, ordered_at, _anything)


async def lowered(barrier: Barrier, inputs: InputReader) -> Travel:
    """Closes where two readings agree that nothing is there; whatever goes wrong then opens."""
    seen_at = await _free(inputs)
    ordered_at = _now()
    try:
        await barrier.close(not_after=seen_at + FRESH_S)
        return await _arrived(inputs, Boom.UP, Boom.DOWN, ordered_at, _require_free)
    except BaseException:
        await asyncio.shield(barrier.open())
        raise


def in_the_way(seen: Inputs) -> str:
    """What forbids closing; empty where nothing does. Unknown counts as occupied."""
    if seen.closing_loop is not Level.OFF:
        return f"the closing loop reads {seen.closing_loop}"
    if seen.beam not in (Level.OFF, Level.NOT_FITTED):
        return f"the beam reads {seen.beam}"
    for name in ("fire", "manual"):
        if getattr(seen, name) is Level.ON:
            return f"the input `{name}` is on"
    return ""


async def _free(inputs: InputReader) -> float:
    """When the last of two agreeing readings was asked for."""
    give_up_at = _now() + WAIT_FREE_S
    agreeing, why = 0, ""
    while _now() < give_up_at:
        asked_at = _now()
        why = in_the_way(await inputs.read())
        agreeing = 0 if why else agreeing + 1
        if agreeing >= AGREEING:
            return asked_at
        await asyncio.sleep(PERIOD_S)
    raise DeviceError(f"the boom is not closed: {why} for {WAIT_FREE_S:.0f} s; is the lane clear?")


def _anything(_seen: Inputs) -> None:
    return


def _require_free(seen: Inputs) -> None:
    if why := in_the_way(seen):
        raise PresenceError(f"closing was broken off and the boom told to open: {why}")


async def _arrived(
    inputs: InputReader,
    start: Boom,
    goal: Boom,
    ordered_at: float,
    require: Callable[[Inputs], None],
) -> Travel:
    left_s: float | None = None
    while _now() < ordered_at + LONGEST_S:
        seen = await inputs.read()
        after_s = _now() - ordered_at
        require(seen)
        if left_s is None and seen.boom is not start:
            left_s = after_s
        if seen.boom is goal:
            return Travel(after_s if left_s is None else left_s, after_s)
        await asyncio.sleep(PERIOD_S)
    did = "moved" if left_s is not None else "did not move"
    raise DeviceError(
        f"the boom {did} and was not {goal} {LONGEST_S:.0f} s after the order: is it switched on, "
        "is its key on automatic, are outputs and limits wired as configured?"
    )


def _now() -> float:
    """The clock of `Barrier.close(not_after=...)`."""
    return asyncio.get_running_loop().time()
