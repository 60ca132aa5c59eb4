"""The boom of a simulated site: a share of its way, a goal, and what moves it besides us."""

UP_LIMIT, DOWN_LIMIT = 0.97, 0.03


class Arm:
    """`position`: 0 down .. 1 up. It has no protection of its own: the worst barrier there is."""

    __slots__ = ("goal", "held_up", "jammed", "position", "travel_s")

    def __init__(self, travel_s: float) -> None:
        self.travel_s = travel_s
        self.position = 0.0
        self.goal = 0.0
        self.jammed = False
        self.held_up = False

    @property
    def up(self) -> bool:
        return self.position >= UP_LIMIT

    @property
    def down(self) -> bool:
        return self.position <= DOWN_LIMIT

    @property
    def falling(self) -> bool:
        return self.goal < self.position and not self.jammed and not self.held_up

    def step(self, dt_s: float) -> None:
        if self.held_up:
            self.goal = 1.0
        if self.jammed or self.position == self.goal:
            return
        way = dt_s / self.travel_s
        left = self.goal - self.position
        self.position = (
            self.goal if abs(left) <= way else self.position + (way if left > 0 else -way)
        )
