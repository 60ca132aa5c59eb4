"""F1, F4, F15: what may happen to the box's own process and to its file."""

import contextlib
import random
import signal
import sqlite3
import time

from tests.faults.biting import Trouble, says
from tests.faults.site import Site, until

RATE = 100.0


def killed_at_a_hundred_a_second(site: Site, dice: random.Random) -> None:
    """Kill -9 at moments that nobody chose."""
    for _ in range(3):
        site.box.say(f"rate {RATE:g}")
        time.sleep(dice.uniform(0.05, 0.7))
        site.box.kill()
        site.box.up(RATE)
    site.box.goes_on()


def stopped_and_continued(site: Site, dice: random.Random) -> None:
    """As a machine that swaps, or a virtual one that is moved; longer than any patience."""
    with site.box.stopped():
        before = site.box.committed()
        time.sleep(dice.uniform(2.5, 4.0))
        assert site.box.committed() == before
    site.box.goes_on()


def the_cloud_stopped_and_continued(site: Site, _dice: random.Random) -> None:
    impatient = says(site, "no answer from the cloud")
    with site.cloud.stopped():
        until(impatient, "the box asks again")
        site.box.goes_on()


def its_file_is_locked(site: Site, _dice: random.Random) -> None:
    """By another program, now for a short time and now for longer than anybody waits."""
    refused = says(site, "another program keeps it locked")
    with contextlib.closing(sqlite3.connect(site.box.db, isolation_level=None)) as db:
        for hold_s in (0.3, 0.3, 60.0):
            db.execute("begin immediate")
            with contextlib.suppress(AssertionError):
                until(refused, "a commit is refused", timeout_s=hold_s)
            db.execute("rollback")
    assert refused()


BOX: tuple[Trouble, ...] = (
    killed_at_a_hundred_a_second,
    stopped_and_continued,
    the_cloud_stopped_and_continued,
    its_file_is_locked,
)


def ends_in_good_order(site: Site) -> None:
    assert site.box.kill(signal.SIGTERM) == 0, site.box.log()[-3000:]
