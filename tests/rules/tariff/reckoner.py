"""A second way to a fee: parked time goes by tick by tick, and the driver puts coins in.

Reads the YAML itself, knows nothing of the engine, and is slow and simple on purpose. Times are
naive: the clock of Shanghai on a wall. All figures of a tariff are whole minutes.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

MIDNIGHT = 24 * 60


def plan_of(tariff: dict, vehicle: str, rights=frozenset()) -> dict:
    for plan in tariff["plans"]:
        right = plan.get("right", "")
        if vehicle in plan.get("classes", [vehicle]) and (not right or right in rights):
            return plan
    raise LookupError(vehicle)


def minutes_of(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def kind_of(day: date, tariff: dict) -> str:
    for holiday in tariff.get("holidays", []):
        if str(holiday["from"]) <= str(day) <= str(holiday["to"]):
            return "holiday"
    if str(day) in map(str, tariff.get("workdays", [])):
        return "workday"
    return "weekend" if day.isoweekday() in (6, 7) else "workday"


@dataclass
class Walk:
    """One stay in one area. `ticks` in a minute: 1, or 60 where seconds matter."""

    tariff: dict
    plan: dict
    entered: datetime
    ticks: int = 1
    now: datetime = field(init=False)
    parked: int = 0
    earlier_fen: int = 0

    def __post_init__(self):
        self.now = self.entered
        self.steps = self._steps()
        self.free = self.plan.get("free", {"minutes": 0})
        self.free_ticks = int(self.free["minutes"]) * self.ticks
        self.kept = self.free.get("once_exceeded") == "kept"
        self.again = str(self.free.get("again", "false")).lower() == "true"
        self.restart = str(self.plan.get("steps_restart", "true")).lower() == "true"
        self.drop = int(self.plan.get("drop_remainder_min", 0)) * self.ticks
        self.free_left = self.free_ticks if self.kept else 0
        self.kinds = {}
        self.period = self._period()
        self.clock = self.clock_at_period = 0
        self._new_period()

    def _steps(self):
        """(first minute, last minute, flat price or None, bands), totals made prices."""
        found, begin, so_far = [], 0, 0
        for step in self.plan["steps"]:
            end = int(step.get("until_min", 10**9))
            price = step.get("price_fen")
            if "total_fen" in step:
                price = int(step["total_fen"]) - so_far
            if "bands" in step:
                found.append((begin, end, None, [self._band(band) for band in step["bands"]]))
            elif "unit_min" in step:
                unit, price = int(step["unit_min"]), int(price)
                so_far += price * ((end - begin) // unit) if end < 10**9 else 0
                band = (0, MIDNIGHT, ("workday", "weekend", "holiday"), price, unit, False)
                found.append((begin, end, None, [band]))
            else:
                so_far += int(price)
                found.append((begin, end, int(price), []))
            begin = end
        return found

    @staticmethod
    def _band(band):
        days = band.get("days", ("workday", "weekend", "holiday"))
        finishes = str(band.get("finishes_unit", "false")).lower() == "true"
        unit = int(band.get("unit_min", MIDNIGHT))
        begin, end = minutes_of(band["from"]), minutes_of(band["to"])
        return begin, end, days, int(band["price_fen"]), unit, finishes

    def _period(self):
        match self.plan.get("per", "stay"):
            case "24h":
                return (self.now - self.entered) // timedelta(days=1)
            case "day":
                return (self.now.date() - self.entered.date()).days
            case _:
                return 0

    def _new_period(self):
        self.charge = self.in_period = 0
        self.unit = None
        if self.restart:
            self.clock = 0
        self.clock_at_period = self.clock
        if self.again and self.kept:
            self.free_left = self.free_ticks

    def _period_fen(self):
        if self.again and not self.kept and self.in_period <= self.free_ticks:
            return 0
        caps = self.plan.get("cap_fen", [10**12])
        caps = [int(cap) for cap in (caps if isinstance(caps, list | tuple) else [caps])] or [
            10**12
        ]
        return min(self.charge, caps[min(self.period, len(caps) - 1)])

    @property
    def fee(self) -> int:
        if not self.again and not self.kept and self.parked <= self.free_ticks:
            return 0
        return self.earlier_fen + self._period_fen()

    def away(self):
        """A tick somewhere else: the unit ends, the period goes on."""
        self.now += timedelta(minutes=1) / self.ticks
        self.unit = None

    def tick(self):
        if self._period() != self.period:
            self.earlier_fen += self._period_fen()
            if self.again and not self.kept and self.in_period <= self.free_ticks:
                self.clock = self.clock_at_period  # a free period is no time parked
            self.period = self._period()
            self._new_period()
        self.parked += 1
        self.in_period += 1
        if self.free_left > 0:
            self.free_left -= 1
        else:
            self._pay()
            self.clock += 1
        self.now += timedelta(minutes=1) / self.ticks

    def _pay(self):
        ends = (step for step in self.steps if self.clock < step[1] * self.ticks)
        begin, _, flat, bands = next(ends)
        if self.clock == begin * self.ticks:
            self.unit = None
            self.charge += flat or 0
        if bands:
            self._pay_unit(bands)

    def _pay_unit(self, bands):
        band = self._holding(bands)
        if self.unit is not None:
            started, used = self.unit
            _, _, _, _, unit, finishes = started
            if used == unit * self.ticks or (started is not band and not finishes):
                self.unit = None
        started, used = self.unit or (band, 0)
        used += 1
        _, _, _, price, unit, _ = started
        if used == min(self.drop + 1, unit * self.ticks):
            self.charge += price
        self.unit = (started, used)

    def _holding(self, bands):
        minute = self.now.hour * 60 + self.now.minute
        day = self.now.date()
        if day not in self.kinds:
            self.kinds[day] = kind_of(day, self.tariff)
        for band in bands:
            begin, end, days = band[:3]
            inside = begin <= minute < end if begin < end else minute >= begin or minute < end
            if inside and self.kinds[day] in days:
                return band
        raise LookupError(f"no price at {self.now}")


@dataclass
class DailyWalk:
    """The same for a plan with free time each day. `charging`: minutes of the stay, from and to."""

    walk: Walk
    used_up: bool
    charging: tuple[int, int] = (0, 0)
    charged: int = 0

    def tick(self):
        minute = self.walk.parked // self.walk.ticks
        self.charged += self.charging[0] <= minute < self.charging[1]
        self.walk.tick()

    @property
    def fee(self) -> int:
        daily = self.walk.plan["daily_free"]
        more = min(self.charged, int(daily.get("charging_min", 0)) * self.walk.ticks)
        allowed = 0 if self.used_up else int(daily["minutes"]) * self.walk.ticks + more
        if self.walk.parked <= allowed:
            return 0
        return self.walk.fee * int(daily.get("then_percent", 100)) // 100


@dataclass
class CoveredWalk:
    """Two drivers: for one, some minutes do not count, and he begins with the first that does.

    `covered`: minutes of the stay, from and to. The cheaper driver's fee holds.
    """

    plain: Walk
    covered: list[tuple[int, int]]
    holder: Walk | None = None

    @property
    def plan(self):
        return self.plain.plan

    def tick(self):
        minute = self.plain.parked // self.plain.ticks
        inside = any(begin <= minute < end for begin, end in self.covered)
        if self.holder is None and not inside:
            self.holder = Walk(self.plain.tariff, self.plain.plan, self.plain.now, self.plain.ticks)
        if self.holder is not None:
            self.holder.away() if inside else self.holder.tick()
        self.plain.tick()

    @property
    def fee(self) -> int:
        return 0 if self.holder is None else min(self.plain.fee, self.holder.fee)


def after_credits(fees: list[list[int]], minutes: int, off: dict[str, int]) -> int:
    """What is due of a stay of `minutes`. `fees`: by the minute, as the class and as each other.

    `off`: until which minute it is free, minutes, percent, and fen.
    """
    cheapest = [min(by_minute) for by_minute in zip(*fees, strict=True)]
    left = cheapest[max(0, minutes - off["minutes"])] - cheapest[min(off["until"], minutes)]
    left = max(0, left)
    left -= left * off["percent"] // 100
    return max(0, left - off["fen"])
