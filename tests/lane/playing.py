"""A lane played event by event, for tests: what it was told, what it answered."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from gateway.lane.events import (
    Command,
    Decide,
    Decided,
    InputsSeen,
    LaneEvent,
    PlateSeen,
    Tick,
)
from gateway.lane.machine import next_deadline, step
from gateway.lane.sensors import Timing
from gateway.lane.states import Lane
from gateway.lane.types import (
    Decision,
    Inputs,
    Level,
    Now,
    PlateColour,
    PlateReading,
    PlateType,
    Reason,
    Verdict,
)

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
TIMING = Timing()
ALLOW = Decision(Verdict.ALLOW, Reason.ALLOW_LIST)
DENY = Decision(Verdict.DENY, Reason.UNKNOWN_PLATE)
QUIET = Inputs(Level.OFF, Level.OFF, Level.OFF, Level.ON, Level.OFF)
POLL_S = 0.05


def at(seconds: float) -> Now:
    return Now(seconds, EPOCH + timedelta(seconds=seconds), f"{round(seconds * 1000):032x}")


def a_reading(text="京A12345", min_char=0.95) -> PlateReading:
    corners = ((0.0, 0.0), (9.0, 0.0), (9.0, 3.0), (0.0, 3.0))
    return PlateReading(text, PlateType.CIVIL, PlateColour.BLUE, 0.8, min_char, corners)


@dataclass
class Player:
    """Polls the inputs as the gateway does, and answers `Decide` at once."""

    decision: Decision = ALLOW
    timing: Timing = TIMING
    lane: Lane = field(default_factory=Lane)
    inputs: Inputs = QUIET
    seconds: float = 1000.0
    commands: list[Command] = field(default_factory=list)

    def send(self, event: LaneEvent) -> tuple[Command, ...]:
        self.lane, commands = step(self.lane, event, at(self.seconds), self.timing)
        self.commands += commands
        for command in commands:
            if isinstance(command, Decide):
                self.send(Decided(command.pass_id, command.reading.text, self.decision))
        return commands

    def wait(self, seconds: float, **levels: Level) -> "Player":
        """Change the inputs, then let time go by, one poll after another."""
        self.inputs = Inputs(
            **{name: levels.get(name, getattr(self.inputs, name)) for name in Inputs.__slots__}
        )
        end = self.seconds + seconds
        self.send(InputsSeen(self.inputs, self.seconds))
        while self.seconds + POLL_S <= end:
            self.seconds += POLL_S
            self.send(InputsSeen(self.inputs, self.seconds))
        return self

    def see(self, *texts: str) -> "Player":
        for text in texts:
            self.send(PlateSeen(a_reading(text)))
        return self

    def idle_until_deadline(self) -> "Player":
        if (deadline := next_deadline(self.lane)) is not None:
            self.seconds = max(self.seconds, deadline)
        self.send(Tick())
        return self

    def told(self, kind: type) -> list[Command]:
        return [command for command in self.commands if isinstance(command, kind)]

    @property
    def state(self) -> str:
        return type(self.lane.state).__name__
