"""A boom as its motor moves it: an angle with a speed, two limits, and an order to follow."""

import math

UP_DEG = 90.0
_UP_LIMIT_DEG, _DOWN_LIMIT_DEG = 88.0, 2.0
_RAMP_SHARE = 0.2
_ARRIVED_DEG = 0.1


class Boom:
    """`angle_deg`: 0 down, 90 up. `travel_s`: one whole way, speeding up and slowing down."""

    def __init__(self, *, travel_s: float) -> None:
        self._top_speed = UP_DEG / (travel_s * (1 - _RAMP_SHARE))
        self._acceleration = self._top_speed / (travel_s * _RAMP_SHARE)
        self.angle_deg = 0.0
        self.speed_deg_s = 0.0
        self.goal_deg = 0.0
        self.jammed = False

    @property
    def up_limit(self) -> bool:
        return self.angle_deg > _UP_LIMIT_DEG

    @property
    def down_limit(self) -> bool:
        return self.angle_deg < _DOWN_LIMIT_DEG

    @property
    def falling(self) -> bool:
        return self.speed_deg_s < 0

    def step(self, dt_s: float) -> None:
        """Move towards the goal. A jammed boom stands where it is."""
        left = self.goal_deg - self.angle_deg
        if self.jammed or abs(left) < _ARRIVED_DEG:
            self.speed_deg_s = 0.0
            self.angle_deg += 0.0 if self.jammed else left
            return
        brake = math.sqrt(2 * self._acceleration * abs(left))
        wanted = math.copysign(min(self._top_speed, brake), left)
        change = self._acceleration * dt_s
        self.speed_deg_s += max(-change, min(change, wanted - self.speed_deg_s))
        self.angle_deg = max(0.0, min(UP_DEG, self.angle_deg + self.speed_deg_s * dt_s))
