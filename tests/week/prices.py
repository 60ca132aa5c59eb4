"""What a stay costs, by the tests' second reckoner: a table of minutes, made once for each plan."""

from datetime import datetime
from pathlib import Path

import yaml

from tests.rules.tariff.reckoner import Walk, plan_of
from tests.week.truth import MONDAY

LONGEST_MIN = 9 * 1440


class Prices:
    """Of a tariff whose prices do not depend on the time of day: only how long counts."""

    def __init__(self, path: Path) -> None:
        self._text = yaml.safe_load(path.read_text(encoding="utf-8"))
        self._tables: dict[str, list[int]] = {}

    def plain_fen(self, vehicle: str, seconds: int) -> int:
        return self._table(vehicle)[-(-seconds // 60)]

    def fen(self, vehicle: str, seconds: int, *, charged_s: int = 0, used_up: bool = False) -> int:
        """`used_up`: another stay had the day's free time already."""
        daily = plan_of(self._text, vehicle).get("daily_free")
        if daily is None:
            return self.plain_fen(vehicle, seconds)
        more_s = min(charged_s, int(daily["charging_min"]) * 60)
        allowed_s = 0 if used_up else int(daily["minutes"]) * 60 + more_s
        if seconds <= allowed_s:
            return 0
        return self.plain_fen(vehicle, seconds) * int(daily["then_percent"]) // 100

    def uses_quota(self, vehicle: str, seconds: int) -> bool:
        daily = plan_of(self._text, vehicle).get("daily_free")
        return daily is not None and seconds >= int(daily["unused_below_min"]) * 60

    @property
    def grace_s(self) -> int:
        return int(self._text["grace_min"]) * 60

    def _table(self, vehicle: str) -> list[int]:
        if vehicle not in self._tables:
            walk = Walk(self._text, plan_of(self._text, vehicle), MONDAY.replace(tzinfo=None))
            fees = [0]
            for _ in range(LONGEST_MIN):
                walk.tick()
                fees.append(walk.fee)
            self._tables[vehicle] = fees
        return self._tables[vehicle]


def whole_s(entered: datetime, until: datetime) -> int:
    """Seconds as rules count them: fractions of each time are dropped."""
    return int(until.timestamp()) - int(entered.timestamp())
