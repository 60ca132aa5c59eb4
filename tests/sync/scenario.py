"""What a gateway of today writes, every kind of record, by the store's own functions.

`python -m tests.sync.scenario NAME` records it as NAME.jsonl and NAME.packed in tests/sync/corpus.
"""

import base64
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.lane.reports import AlarmCode, Case, Cause, Mode, ModeKind, Raise
from gateway.lane.types import (
    Candidate,
    Decision,
    Direction,
    Ending,
    Inputs,
    Level,
    Pass,
    PlateColour,
    PlateReading,
    PlateType,
    Reason,
    Verdict,
    Visit,
)
from gateway.store import cases, days, keeping, modes, outbox, passes, purging, raises
from gateway.sync.compact import pack_lines
from gateway.sync.protocol import Moment
from tests.sync.paper import GATEWAY_TEMPLATE, GW, opened
from tests.sync.parked import parked

LANE = "entry-1"
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
CORNERS = ((0.0, 0.0), (140.0, 0.0), (140.0, 45.0), (0.0, 45.0))
PICTURE, PHOTO = "a1" * 32, "b2" * 32
BOOT = "b0" * 16
CORPUS = Path(__file__).parent / "corpus"


def at(second: float) -> datetime:
    return NOON + timedelta(seconds=second)


def read(text: str) -> PlateReading:
    return PlateReading(text, PlateType.CIVIL, PlateColour.BLUE, 0.97123, 0.99, CORNERS, (PICTURE,))


class Scene:
    """A gateway's database, its clock driven by what happens."""

    def __init__(self) -> None:
        self.db = opened(GATEWAY_TEMPLATE)
        self.second = 0.0
        outbox.keep_time(self.db, self._moment)
        outbox.create_meta(self.db, GW)

    def _moment(self) -> Moment:
        self.second += 1.0
        text = at(self.second).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return Moment(text, BOOT, "ok", int(self.second * 1000))

    def play(self) -> "Scene":
        self._a_pass_with_a_plate()
        self._a_vehicle_that_turned_back()
        self._a_case()
        mode = Mode(ModeKind.HOLD_OPEN, at(300), "guard", "convoy", at(900))
        modes.change(self.db, LANE, mode, at(300))
        unasked = Raise("c9" * 16, at(400), Cause.UNEXPLAINED, "nobody was let in")
        raises.raised(self.db, LANE, unasked)
        passes.alarm(self.db, None, AlarmCode.FIRE, "a sentence", at(500))
        passes.alarm(self.db, LANE, AlarmCode.NO_PLATE, "", at(500))
        parked(self.db)
        days.publish(self.db, days.day_of(NOON), at(86400))
        keeping.lost(self.db, 3, "a sentence")
        order = purging.Order("guard", "asked for", "plate")
        purging.tell(self.db, order, {"passes": 1}, ("c8" * 16,))
        return self

    def _a_pass_with_a_plate(self) -> None:
        candidate = Candidate("京A12345", 6, 0.99)
        decision = Decision(Verdict.ALLOW, Reason.ALLOW_LIST)
        visit = Visit("c1" * 16, at(5), decision, read("京A12345"), (candidate,))
        passes.decide(self.db, LANE, Direction.ENTRY, visit, at(6))
        raises.raised(
            self.db, LANE, Raise("c2" * 16, at(7), Cause.PASS, "allow_list", visit.pass_id)
        )
        passes.end(self.db, LANE, Direction.ENTRY, Pass(visit, Ending.PASSED, at(13)))
        raises.photo(self.db, visit.pass_id, PHOTO)

    def _a_vehicle_that_turned_back(self) -> None:
        visit = Visit("c3" * 16, at(50), Decision(Verdict.ALLOW, Reason.OPEN_BUTTON))
        ended = Pass(visit, Ending.TURNED_BACK, at(80))
        passes.end(self.db, LANE, Direction.ENTRY, ended)
        # Without a raise of its own, and proved: the ledger tells of it.
        other = Visit("c4" * 16, at(150), Decision(Verdict.ALLOW, Reason.AGENT))
        passes.end(self.db, LANE, Direction.ENTRY, Pass(other, Ending.PASSED, at(160)))

    def _a_case(self) -> None:
        doubt = (Candidate("京A12346", 4, 0.61),)
        decision = Decision(Verdict.DENY, Reason.NO_PLATE)
        visit = Visit("c5" * 16, at(200), decision, None, doubt, (PHOTO,))
        inputs = Inputs(arming_loop=Level.ON, closing_loop=Level.OFF)
        case = Case("c6" * 16, at(215), "no plate could be read for 15 s", visit, inputs)
        cases.opened(self.db, LANE, case)
        cases.closed(self.db, LANE, case.case_id, "left", at(240))
        passes.end(self.db, LANE, Direction.ENTRY, Pass(visit, Ending.LEFT, at(241)))

    def lines(self) -> list[bytes]:
        """All records, and last a tombstone of a pass that the cloud refused."""
        visit = Visit("c7" * 16, at(600), Decision(Verdict.DENY, Reason.UNKNOWN_PLATE))
        passes.end(self.db, LANE, Direction.ENTRY, Pass(visit, Ending.LEFT, at(610)))
        outbox.bury(self.db, outbox.meta(self.db).last.seq, "bad_text")
        return [record.line() for record in outbox.records_after(self.db, 0, 1000)]


def records() -> list[dict]:
    return [json.loads(line) for line in Scene().play().lines()]


if __name__ == "__main__":
    written = Scene().play().lines()
    (CORPUS / f"{sys.argv[1]}.jsonl").write_bytes(b"\n".join(written) + b"\n")
    packed = base64.encodebytes(pack_lines(written))
    (CORPUS / f"{sys.argv[1]}.packed").write_bytes(packed)
