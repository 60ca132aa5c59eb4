"""The lane's sensors, as the story sets them."""

from dataclasses import dataclass, field

from gateway.lane.types import Inputs, Level
from gateway.ports import DeviceError
from tests.storyteller.boom import PaperBoom

LIMITS = ("up_limit", "down_limit")
ALWAYS = ("arming_loop", "closing_loop", "open_button")


@dataclass(slots=True)
class Desk:
    """An `InputReader`. Sensors that the story never names are not fitted, save the loops."""

    boom: PaperBoom
    levels: dict[str, Level] = field(default_factory=lambda: dict.fromkeys(ALWAYS, Level.OFF))
    limits_fitted: bool = True
    lost: bool = False

    def fit(self, sensor: str) -> None:
        self.levels.setdefault(sensor, Level.OFF)

    async def read(self) -> Inputs:
        if self.lost:
            raise DeviceError("inputs: the board does not answer; look at its supply and its line")
        return self.inputs()

    def inputs(self) -> Inputs:
        limits = {name: self._limit(name) for name in LIMITS}
        return Inputs(**self.levels, **limits)

    def _limit(self, name: str) -> Level:
        return self.boom.limit(name) if self.limits_fitted else Level.NOT_FITTED
