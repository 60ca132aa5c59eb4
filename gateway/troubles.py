"""Which troubles of a camera go into the records: not each flap of one that comes and goes."""

import math
from collections import Counter

from gateway.lane.events import Noticed
from gateway.lane.reports import AlarmCode
from gateway.sight import SEEING, Condition

EACH_S = 600.0


class Troubles:
    """At most one alarm of a kind in ten minutes, and one for its end.

    A kind that came back too soon and is there still is told when its time has come, so in the
    end the records agree with the camera. A silent camera and a lost process are one kind.
    """

    def __init__(self) -> None:
        self._kind = self._told = Condition.OK
        self._told_at: dict[Condition, float] = {}
        self._came: Counter[Condition] = Counter()

    def news(self, condition: Condition, why: str, at: float) -> Noticed | None:
        """To be asked again and again, not only at a change. `at`: monotonic seconds."""
        kind = Condition.LOST if condition is Condition.SILENT else condition
        if kind is not self._kind:
            self._kind = kind
            self._came[kind] += 1
        if kind is self._told:
            return None
        if kind is Condition.OK:
            was, self._told = self._told, kind
            return Noticed(AlarmCode.VISION_BACK, f"camera sees again: it was {was.value}")
        if at - self._told_at.get(kind, -math.inf) < EACH_S:
            return None
        self._told, self._told_at[kind] = kind, at
        return _alarm(kind, why, self._came.pop(kind, 1))


def _alarm(kind: Condition, why: str, times: int) -> Noticed:
    code = AlarmCode.VISION_DOUBTED if kind in SEEING else AlarmCode.VISION_LOST
    often = f"; {times} times since the last such alarm" if times > 1 else ""
    return Noticed(code, f"camera {kind.value.replace('_', ' ')}: {why}{often}")
