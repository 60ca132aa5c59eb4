"""How long the lane waits, and what its sensors have said since when. Monotonic seconds."""

import math
from dataclasses import dataclass, field

from gateway.lane.types import Boom, Inputs, Level, Now, PlateColour, PlateType, Visit


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds, and how many. Comes from the lane's configuration."""

    arm_s: float = 0.3
    read_s: float = 2.0
    decide_s: float = 1.0
    case_s: float = 15.0
    travel_s: float = 3.0
    travel_margin_s: float = 2.0
    no_passage_s: float = 45.0
    between_s: float = 10.0
    clear_s: float = 1.0
    clear_large_s: float = 2.0
    fresh_s: float = 0.2
    lost_s: float = 3.0
    loiter_s: float = 120.0
    loop_stuck_s: float = 120.0
    regate_s: float = 10.0
    agree_frames: int = 2
    agree_char: float = 0.92
    reshoots: int = 3
    motions_per_min: int = 20
    open_when_lost: bool = False

    @property
    def motion_s(self) -> float:
        return self.travel_s + self.travel_margin_s

    def clear_for(self, visit: Visit) -> float:
        """A lorry's trailer leaves a gap on the loop that is not its end."""
        reading = visit.reading
        large = reading is not None and (
            reading.type is PlateType.TRAILER or reading.colour in _LARGE
        )
        return max(self.clear_s, self.clear_large_s) if large else self.clear_s


_LARGE = (PlateColour.YELLOW, PlateColour.YELLOW_GREEN)


def presence(inputs: Inputs) -> Level:
    """Under the boom, by loop and beam: either one is enough, and either may be unknown."""
    said = (inputs.closing_loop, inputs.beam)
    if Level.ON in said:
        return Level.ON
    known = inputs.closing_loop is Level.OFF and inputs.beam in (Level.OFF, Level.NOT_FITTED)
    return Level.OFF if known else Level.UNKNOWN


@dataclass(frozen=True, slots=True)
class Sensors:
    """The last inputs, and since when each has said so without a break."""

    inputs: Inputs = field(default_factory=Inputs)
    read_at: float = -math.inf
    arming_since: float = math.inf
    arming_on_at: float = -math.inf
    presence_since: float = math.inf
    known_at: float = math.inf

    def seen(self, inputs: Inputs, read_at: float, timing: Timing) -> "Sensors":
        broken = read_at - self.read_at > timing.fresh_s
        arming_same = not broken and inputs.arming_loop is self.inputs.arming_loop
        presence_same = not broken and presence(inputs) is self.presence
        known = inputs.closing_loop is not Level.UNKNOWN
        empty = inputs.arming_loop is Level.OFF and self.read_at > -math.inf
        return Sensors(
            inputs,
            read_at,
            self.arming_since if arming_same else read_at,
            self.arming_on_at if empty else read_at,
            self.presence_since if presence_same else read_at,
            read_at if known or self.known_at == math.inf else self.known_at,
        )

    @property
    def boom(self) -> Boom:
        return self.inputs.boom

    @property
    def under_boom(self) -> Level:
        """What the closing loop says: vehicles only."""
        return self.inputs.closing_loop

    @property
    def presence(self) -> Level:
        return presence(self.inputs)

    def presence_now(self, now: Now, timing: Timing) -> Level:
        """What was read of late; an answer that is missing for two of its lifetimes is unknown."""
        stale = now.mono - self.read_at > 2 * timing.fresh_s
        return Level.UNKNOWN if stale else self.presence

    def clear(self, now: Now, timing: Timing, clear_s: float) -> bool:
        """Absence under the boom is fresh and unbroken. Unknown is presence."""
        return (
            self.presence is Level.OFF
            and now.mono - self.read_at <= timing.fresh_s
            and now.mono - self.presence_since >= clear_s
        )

    def arrived(self, timing: Timing) -> bool:
        return self._arming_for(Level.ON) >= timing.arm_s

    def gone(self, timing: Timing) -> bool:
        return self._arming_for(Level.OFF) >= timing.clear_s

    def came_over(self, timing: Timing) -> bool:
        """Whoever is under the boom may have come over the arming loop; unknown is occupied."""
        return self.read_at - self.arming_on_at <= timing.between_s

    def arming_for(self) -> float:
        return self._arming_for(Level.ON)

    def _arming_for(self, level: Level) -> float:
        """Seconds, by the inputs' own time: what waited in a queue makes nothing longer."""
        same = self.inputs.arming_loop is level
        return self.read_at - self.arming_since if same else -math.inf
