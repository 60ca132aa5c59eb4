"""What one car and one rise of the boom teach about a board's inputs. Pure.

A trace is what the contacts read, oldest first, while one thing happened.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

Contacts = tuple[bool, ...]
ARMING_AND_CLOSING = 2
BOTH_LIMITS = 2


class Seen(NamedTuple):
    at_s: float
    closed: Contacts


Trace = tuple[Seen, ...]


class LessonError(Exception):
    """What happened does not tell which input is which: a sentence with what to look at."""


@dataclass(frozen=True, slots=True)
class Wire:
    """An input, from 1, and the state of its contact that means ON."""

    channel: int
    active: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What the rising boom showed. `notes` are sentences for the technician."""

    up: Wire | None = None
    down: Wire | None = None
    travel_s: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def channels(self) -> frozenset[int]:
        return frozenset(wire.channel for wire in (self.up, self.down) if wire)


@dataclass(frozen=True, slots=True)
class Loops:
    arming: Wire
    closing: Wire
    notes: tuple[str, ...] = ()


def restless(trace: Trace) -> frozenset[int]:
    """Inputs that changed while nothing happened: they teach nothing."""
    return frozenset(channel for channel in channels_of(trace) if flips(trace, channel))


def limits_of(trace: Trace, ignored: Collection[int]) -> Limits:
    """From the boom's rise alone. `travel_s`: from the trace's start to the later limit."""
    moved = [one for one in turned(trace) if one not in ignored]
    moved.sort(key=lambda channel: flips(trace, channel)[0])
    if len(moved) > BOTH_LIMITS:
        raise LessonError(
            f"inputs {_list(sorted(moved))} changed while the boom rose, but only its limits "
            "should: was a vehicle on a loop, or somebody at a button? Clear it and begin again"
        )
    if len(moved) < BOTH_LIMITS:
        return Limits(notes=_missing_limits(moved))
    down, up = moved
    start = trace[0].at_s
    return Limits(
        up=Wire(up, _state(trace[-1], up)),
        down=Wire(down, _state(trace[0], down)),
        travel_s=flips(trace, up)[0] - start,
    )


def loops_of(trace: Trace, ignored: Collection[int]) -> Loops:
    """From one car's way through the lane, in the direction that it is for."""
    touched = [one for one in channels_of(trace) if one not in ignored and flips(trace, one)]
    if stuck := [one for one in touched if one in turned(trace)]:
        raise LessonError(
            f"input {_list(stuck)} did not fall back after the car had gone: does a loop stick, or "
            "did the boom or a button change it? Wait until it is free and begin again"
        )
    if len(touched) < ARMING_AND_CLOSING:
        noticed = f"only input {_list(touched)}" if touched else "no input"
        raise LessonError(
            f"{noticed} noticed the car, and there must be an arming and a closing loop: look at "
            "the lamps of the loop detectors, and at the inputs with `lanegate probe inputs`"
        )
    touched.sort(key=lambda channel: flips(trace, channel)[0])
    arming, closing, *more = touched
    _require_order(trace, arming, closing)
    first, under = (Wire(one, _state(_first_change(trace, one), one)) for one in (arming, closing))
    return Loops(first, under, tuple(_loop_notes(under, more)))


def _require_order(trace: Trace, arming: int, closing: int) -> None:
    """Who came first must be free first: else the car turned round."""
    if flips(trace, arming)[-1] > flips(trace, closing)[-1]:
        raise LessonError(
            f"input {arming} was occupied first and also freed last, after input {closing}: the "
            "car turned back, or two cars came; one car drives through once, without stopping"
        )


def _loop_notes(closing: Wire, more: list[int]) -> Iterator[str]:
    if closing.active == "closed":
        yield (
            f"the closing loop (input {closing.channel}) closes its contact on a vehicle: a broken "
            "wire then reads free; wire its normally-closed contact instead"
        )
    for channel in more:
        yield f"input {channel} noticed the car too: if it is a beam, add it as `beam`"


def _missing_limits(moved: list[int]) -> tuple[str, ...]:
    if not moved:
        return ("no input changed while the boom rose: no limit switch is wired",)
    note = (
        f"input {moved[0]} alone changed while the boom rose, so it is one limit and the other is "
        "not wired: add it as `up_limit` or `down_limit` by hand"
    )
    return (note,)


def channels_of(trace: Trace) -> range:
    return range(1, len(trace[0].closed) + 1) if trace else range(0)


def turned(trace: Trace) -> list[int]:
    """Inputs that ended otherwise than they began."""
    first, last = trace[0].closed, trace[-1].closed
    return [one for one in channels_of(trace) if first[one - 1] != last[one - 1]]


def flips(trace: Trace, channel: int) -> list[float]:
    """When an input changed."""
    at = channel - 1
    pairs = pairwise(trace)
    return [new.at_s for old, new in pairs if old.closed[at] != new.closed[at]]


def _first_change(trace: Trace, channel: int) -> Seen:
    first = trace[0].closed[channel - 1]
    return next(seen for seen in trace if seen.closed[channel - 1] != first)


def _state(seen: Seen, channel: int) -> str:
    return "closed" if seen.closed[channel - 1] else "open"


def _list(channels: list[int]) -> str:
    return ", ".join(map(str, channels))
