"""I7: whatever befalls the way to the cloud, the real daemon lets cars in and keeps its books."""

from datetime import UTC, datetime

from tests.faults.bad_way import BOTH
from tests.faults.proxy import Door, Fault, FaultProxy, Way
from tests.system.box import NEEDS_MOSQUITTO, Box, a_box

ORDER_S = 30.0
"""Generous, for a busy machine: a lane gets its next car only when the last one is gone."""
FAULTS = {
    "reset in a batch": Fault(reset_after=60),
    "single bytes": Fault(bytes_per_s=1.0),
    f"dead {Way.UP}": Fault(dead=BOTH),
    "refusing": Fault(door=Door.REFUSING),
    Door.WEB_PORTAL: Fault(door=Door.WEB_PORTAL),
}
"""By the bite that each must show."""


@NEEDS_MOSQUITTO
def test_the_lane_goes_on_whatever_befalls_the_way_to_the_cloud(tmp_path):
    with a_box(tmp_path, lanes=3, max_cars=0) as box:
        way = FaultProxy(box.port)
        try:
            started(box, way)
            for number, (name, fault) in enumerate(FAULTS.items()):
                bites = way.bites[name]
                with way.being(fault):
                    a_car_is_let_in(box, number, name)
                    box.wait_for(lambda name=name, before=bites: way.bites[name] > before, name, 60)
            box.kill("broker")
            a_car_is_let_in(box, len(FAULTS), "a dead broker")
            box.start_broker()
            box.wait_for(lambda: len(box.endings()) == len(FAULTS) + 1, "every car's pass", 60)
            box.wait_for(box.all_received, "everything to be received", 90)
            every_opening_was_decided(box)
            assert box.journal("violation") == []
        finally:
            way.close()


def started(box: Box, way: FaultProxy) -> None:
    box.daemons_port = way.port
    box.configure().start_twin()
    box.start_broker()
    box.start_receiver()
    box.start_daemon()
    for name in box.names:
        box.wait_for(lambda name=name: f"{name}: camera sees" in box.log("daemon"), "the cameras")
    box.wait_for(lambda: "uplink: connected" in box.log("daemon"), "the cloud")


def a_car_is_let_in(box: Box, number: int, what: str) -> None:
    """The boom opens for it; the cloud cannot know."""
    lane = box.names[number % len(box.names)]
    turns = number // len(box.names)

    def times(event: str) -> int:
        return sum(entry["lane"] == lane for entry in box.journal(event))

    box.wait_for(lambda: times("boom_down") == turns, "the lane to be free", 60)
    with box.twin() as twin:
        twin.send_car(lane, f"京A{number:05}")
    box.wait_for(lambda: times("boom_opens") > turns, f"the boom to open: {what}", 60)


def every_opening_was_decided(box: Box) -> None:
    decided = [
        (row["lane"], datetime.fromisoformat(row["decided_at"]).astimezone(UTC))
        for row in box.rows("select lane, decided_at from passes where decided_at is not null")
    ]
    for raised in box.journal("boom_opens"):
        at = datetime.fromisoformat(raised["at"]).astimezone(UTC)
        waited = [(at - when).total_seconds() for lane, when in decided if lane == raised["lane"]]
        assert any(0 <= wait <= ORDER_S for wait in waited), f"{raised} has no decision before it"
