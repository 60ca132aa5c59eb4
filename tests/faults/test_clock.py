"""F11: the time of day jumps. Nothing is ordered, timed or thrown away by it."""

from datetime import UTC, datetime

import pytest

from tests.faults import judge
from tests.faults.biting import says
from tests.faults.clock import Clock
from tests.faults.site import Site, a_site, until

YEAR = datetime.now(UTC).year
STEPS = {
    "+1": YEAR,
    "-1": YEAR,
    "+3600": YEAR,
    "-3600": YEAR,
    "+10y": YEAR + 10,
    "-10y": YEAR - 10,
    "@1970-01-01 00:00:10": 1970,
    "@2016-12-31 23:59:58": 2016,
    "+0": YEAR,
}


def newest_year(site: Site) -> int:
    ((text,),) = judge.rows(site.box.db, "select ended_at from passes order by rowid desc limit 1")
    return int(text[:4])


@pytest.mark.timeout(600)
def test_a_clock_that_jumps_changes_no_order_and_loses_nothing(tmp_path):
    clock = Clock(tmp_path)
    with a_site(tmp_path) as site:
        site.broker.start()
        site.cloud.up()
        site.box.up(100, env=clock.env)
        until(lambda: site.box.connections() > 0, "the box is connected")
        for step, year in STEPS.items():
            jump(site, clock, step, year)
        site.ends_well()


def jump(site: Site, clock: Clock, step: str, year: int) -> None:
    """While records wait, and the box lets go of what is old."""
    site.comes_to_rest()
    connections, tidied = site.box.connections(), says(site, "did tend")
    with site.cloud.stopped():
        site.box.goes_on(10)
        clock.shows(step)
        until(lambda: abs(newest_year(site) - year) <= 1, f"it jumped by {step}")
        site.box.say("tend")
        until(tidied, "the box lets go of what is old")
    site.comes_to_rest()
    assert site.box.connections() == connections, "a timer goes by the time of day"
