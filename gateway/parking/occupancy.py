"""Who is inside, by area and class: counted anew at each change, never added up."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from gateway.parking.park import Park
from gateway.store import StoreError

SETTLE_S = 0.3
AT_LEAST_EVERY_S = 60.0


async def watch_occupancy(park: Park, told: Callable[[dict[str, Any]], None]) -> None:
    """Until cancelled. The last counts stay while the store does not answer."""
    while True:
        park.news.clear()
        with contextlib.suppress(StoreError):
            told(await parking_fields(park))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(AT_LEAST_EVERY_S):
                await park.news.wait()
        await asyncio.sleep(SETTLE_S)


async def parking_fields(park: Park) -> dict[str, Any]:
    """For the published state. Raises `StoreError`."""
    assert park.config.parking is not None  # noqa: S101 -- there is a park
    inside: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for count in await park.parts.store.occupancy():
        inside[count.area][count.vehicle] = count.inside
    areas = {name: area.places for name, area in park.config.parking.areas.items()}
    held, key = park.parts.rights.state, park.parts.key
    return {
        "areas": {name: _area(inside[name], areas.get(name)) for name in sorted({*areas, *inside})},
        "rights": {"version": held.version, "hash": held.hash, "count": held.count},
        "tariffs": [f"{one.area} {one.version}" for one in park.tariffs.tariffs],
        "ticket_key": key.public if key else "",
    }


def _area(inside: dict[str, int], places: int | None) -> dict[str, Any]:
    taken = sum(inside.values())
    free = {} if places is None else {"places": places, "free": max(0, places - taken)}
    return {"inside": dict(sorted(inside.items())), "taken": taken, **free}
