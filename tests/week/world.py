"""The parts of a week, for everybody who does something in it."""

import asyncio
from dataclasses import dataclass

from tests.week.box import Box
from tests.week.cloud import Cloud
from tests.week.prices import Prices
from tests.week.truth import Stay, Truth, week_s


async def until(at_s: float) -> None:
    """Seconds of the week."""
    await asyncio.sleep(max(0.0, at_s - week_s()))


@dataclass(frozen=True, slots=True)
class World:
    truth: Truth
    cloud: Cloud
    box: Box
    prices: Prices

    def corrects(self, stay: Stay) -> None:
        """An agent looks at the pictures, and knows the plate."""
        car = stay.car
        if stay.shown is None or stay.shown == car.plate:
            return
        words = {"plate_type": str(car.type), "plate_colour": str(car.colour), "by": "agent 7"}
        self.cloud.tell(
            "correct",
            lambda: self.truth.corrected(stay),
            session_id=stay.session_id,
            plate=car.plate,
            reason="looked at both pictures",
            **words,
        )
