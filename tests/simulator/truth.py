"""What really happened, written down by the simulator: never what the lane believes."""

import bisect
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from gateway.lane.events import StoreDecision
from gateway.lane.sensors import Timing
from gateway.lane.types import Inputs, Level


class Look(NamedTuple):
    """One question to the inputs: what they answered, and how the site was at that instant.

    `inputs` is None where no answer came. `arm` is 0 down .. 1 up; `ill` names the sensors that
    did not tell the truth, a moment ago or now.
    """

    at: float
    inputs: Inputs | None
    metal_a: bool
    metal_b: bool
    body: bool
    arm: float
    falling: bool
    ill: frozenset[str]


class Kind(StrEnum):
    OPEN = "open"
    REOPEN = "reopen"
    CLOSE = "close"


class Order(NamedTuple):
    """One order that left the lane. `pass_id` is empty for a reopening, a mode and a close.

    `confirmed`: the board's echo came; `done`: the contact did close. `life` counts the starts
    of the gateway; `look` is the number of the newest look that it had heard.
    """

    at: float
    kind: Kind
    pass_id: str
    confirmed: bool
    done: bool
    life: int
    look: int
    timing: Timing


class Entry(NamedTuple):
    """Something durable: it would be found after a power cut. `what` is the command itself."""

    at: float
    what: object


class Alarm(NamedTuple):
    at: float
    code: str
    detail: str


class Happening(NamedTuple):
    """`what` is a word of the simulator, `who` the vehicle, plate, sensor or order it is about."""

    at: float
    what: str
    who: str = ""
    level: str = ""


class Sent(NamedTuple):
    """A frame of ours on a wire: `begin` is its first bit, `end` its last."""

    begin: float
    end: float
    frame: bytes


class Span(NamedTuple):
    start: float
    end: float


@dataclass(slots=True)
class History:
    """One episode. `heard[n]` is when the lane was told of look `n`; infinite for never.

    `reopens_s`: the longest way from a look heard to an order on the wire; `busy_s`: how long a
    lane may be held up by one slow order or write; `poll_s`: the longest pause between looks.
    """

    seed: int
    calm: bool = False
    has_limits: bool = True
    travel_s: float = 3.0
    came_to_rest: bool = False
    reopens_s: float = 0.15
    busy_s: float = 1.0
    poll_s: float = 1.0
    timings: list[tuple[float, Timing]] = field(default_factory=list)
    modes: list[tuple[float, str]] = field(default_factory=list)
    readings: dict[str, list[tuple[float, bool]]] = field(default_factory=dict)
    looks: list[Look] = field(default_factory=list)
    heard: list[float] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    happened: list[Happening] = field(default_factory=list)
    twin: "Callable[[], History] | None" = None
    steps: int = 0
    slave: int = 1
    pulse_s: float = 0.5
    reads: list[tuple[float, float, Inputs]] = field(default_factory=list)
    shown: list[tuple[float, Inputs]] = field(default_factory=list)
    contacts: list[tuple[float, bool, bool]] = field(default_factory=list)
    sent: "list[Sent]" = field(default_factory=list)
    end: float = 0.0

    def newest(self, at: float) -> int:
        """The number of the last look at or before an instant; -1 for none."""
        return bisect.bisect_right(self.looks, at, key=lambda look: look.at) - 1

    def times(self, *words: str) -> list[Happening]:
        return [one for one in self.happened if one.what in words]

    def spans(self, begins: str, ends: str, who: str | None = None) -> list[Span]:
        """From each `begins` to the next `ends`; what never ended lasts until the end."""
        spans, start = [], math.nan
        for one in self.happened:
            if who is not None and one.who != who:
                continue
            if one.what == begins and math.isnan(start):
                start = one.at
            elif one.what == ends and not math.isnan(start):
                spans.append(Span(start, one.at))
                start = math.nan
        return spans if math.isnan(start) else [*spans, Span(start, math.inf)]

    def timing_at(self, at: float) -> Timing:
        """The configuration in force; a reload changes it."""
        return next(timing for since, timing in reversed(self.timings) if since <= at + 1e-9)

    def mode_at(self, at: float) -> str:
        """The kind of the mode that the books hold."""
        return next((kind for since, kind in reversed(self.modes) if since <= at), "automatic")

    def decisions(self) -> list[Entry]:
        return self.durable(StoreDecision)

    def durable(self, kind: type) -> list[Entry]:
        return [entry for entry in self.entries if isinstance(entry.what, kind)]


class Violation(NamedTuple):
    """`words` say what happened and what should have."""

    at: float
    words: str


def is_present(inputs: Inputs | None) -> bool:
    """What may be under the boom by this answer: unknown is presence, not fitted is not."""
    if inputs is None:
        return True
    beam = inputs.beam in (Level.ON, Level.UNKNOWN)
    return inputs.closing_loop is not Level.OFF or beam


def within(spans: list[Span], at: float, *, margin_s: float = 0.0) -> bool:
    return any(span.start <= at <= span.end + margin_s for span in spans)
