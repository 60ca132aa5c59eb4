"""The car park behind the lanes: judges vehicles by rights, tariffs and sessions.

async with open_park(config, path, store, clock) as (park, trouble): ...
judge = park.judge_of(lane)          # what a lane's runner asks
await park.told(order)               # what the cloud or a person says
"""

from gateway.parking.judge import LaneJudge
from gateway.parking.opening import open_park
from gateway.parking.park import Cloud, Nobody, Park, Parts

__all__ = ["Cloud", "LaneJudge", "Nobody", "Park", "Parts", "open_park"]
