"""Who has a right to park, as an operator keeps it in the cloud, and how the box comes to know."""

import asyncio
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from gateway.rights import RightText
from gateway.store import StoreError
from tests.week.cloud import AGAIN_S, Cloud
from tests.week.people import DAY_S, Car, Kind, reserved_from_s
from tests.week.site import loop_time
from tests.week.truth import MONDAY, week_s

LAST_DAY, RENEWED_TO = "2026-03-04", "2026-04-30"
ENDS_S = 3 * DAY_S
RENEWAL_S = 3.2 * DAY_S
EARLY_MIN, LATE_MIN, NO_SHOW_MIN = 15, 10, 30
LASTS_H = 5
GROUP_SPACES = 2
ALWAYS = {"from": "2026-02-01", "to": RENEWED_TO}


class Office:
    """`renewed` says when the box knew that a month card goes on, in seconds of the loop."""

    def __init__(self, cloud: Cloud, cars: list[Car], days: int) -> None:
        self.cloud = cloud
        self.renewed: dict[str, float] = {}
        self._days = days
        self._cars = cars
        self._rights = {right["id"]: right for right in self._all()}
        self._version = 1
        self._sent = 0

    # --- what there is

    def _all(self) -> Iterator[dict[str, Any]]:
        groups = defaultdict[int, list[str]](list)
        for car in self._cars:
            match car.kind:
                case Kind.MONTH_CARD:
                    yield month_card(car, renewed=False)
                case Kind.STAFF:
                    yield _right(f"staff-{car.number}", "staff", [car.plate], ALWAYS)
                case Kind.SHARED:
                    more = {"early_min": EARLY_MIN, "late_min": LATE_MIN}
                    window = {"windows": [{"from": "18:00", "to": "09:00"}]}
                    name = f"shared-{car.number}"
                    yield _right(name, "shared_space", [car.plate], ALWAYS, **more, **window)
                case Kind.RESERVED:
                    yield _reservation(car, self._days)
                case Kind.GROUP:
                    groups[car.group].append(car.plate)
                case _:
                    pass
        for number, plates in groups.items():
            more = {"spaces": GROUP_SPACES, "succession": succeeds(number)}
            yield _right(f"group-{number}", "month_card", plates, ALWAYS, **more)

    # --- how it gets there

    async def work(self) -> None:
        """The full set at once, in parts that arrive in any order; then one change a renewal."""
        await self._send_full(parts=3)
        renewing = [car for car in self._cars if car.kind is Kind.MONTH_CARD and car.renews]
        for place, car in enumerate(one for one in renewing if expires(one)):
            await asyncio.sleep(max(0.0, RENEWAL_S + 120.0 * place - week_s()))
            await self._renew(car)

    async def _renew(self, car: Car) -> None:
        right = month_card(car, renewed=True)
        self._rights[right["id"]] = right
        self._version += 1
        change = {"kind": "delta", "from": self._version - 1, "set": [right], "drop": []}
        await self._tell("rights", self._edition() | {"count": len(self._rights)})
        await self._tell("rights-set", change | self._edition())
        self.renewed[car.plate] = loop_time()

    async def _send_full(self, parts: int) -> None:
        await self._tell("rights", self._edition() | {"count": len(self._rights)})
        rights = list(self._rights.values())
        for part in (2, 1, 3, 2)[: parts + 1]:
            some = rights[part - 1 :: parts]
            head = {"kind": "full", "part": part, "parts": parts}
            await self._tell("rights-set", head | self._edition() | {"rights": some})

    def _edition(self) -> dict[str, Any]:
        total = 0
        for right in self._rights.values():
            line = RightText.model_validate(right).line()
            total += int.from_bytes(hashlib.sha256(line.encode()).digest())
        return {"version": self._version, "hash": f"{total % 2**256:064x}"}

    async def _tell(self, leaf: str, message: dict[str, Any]) -> None:
        """Until the box has it: a gateway that is killed hears it again."""
        payload = json.dumps(message, ensure_ascii=False).encode()
        while True:
            if not self.cloud.online:
                await self.cloud.back.wait()
            park = self.cloud.park
            if park is not None:
                try:
                    await park.rights_told(leaf, payload)
                except StoreError:
                    pass
                else:
                    return
            await asyncio.sleep(AGAIN_S)


def expires(car: Car) -> bool:
    """In the middle of the week."""
    return car.number % 3 == 0


def succeeds(group: int) -> bool:
    return group % 2 == 0


def month_card(car: Car, *, renewed: bool) -> dict[str, Any]:
    last = LAST_DAY if expires(car) and not renewed else RENEWED_TO
    valid = {"from": "2026-02-01", "to": last}
    return _right(f"card-{car.number}", "month_card", [car.plate], valid, version=1 + renewed)


def _reservation(car: Car, days: int) -> dict[str, Any]:
    begins = MONDAY + timedelta(seconds=reserved_from_s(car, days))
    ends = begins + timedelta(hours=LASTS_H)
    valid = {"from": f"{begins:%Y-%m-%dT%H:%M}", "to": f"{ends:%Y-%m-%dT%H:%M}"}
    more = {"early_min": EARLY_MIN, "late_min": LATE_MIN, "no_show_min": NO_SHOW_MIN, "uses": 1}
    return _right(f"booked-{car.number}", "reservation", [car.plate], valid, **more)


def _right(
    name: str, kind: str, plates: list[str], valid: dict[str, str], version: int = 1, **more: Any
) -> dict[str, Any]:
    head = {"id": name, "version": version, "kind": kind, "plates": plates, "valid": valid}
    return head | more
