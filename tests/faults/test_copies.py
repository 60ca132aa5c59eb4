"""F10: a box set back to a backup, and two boxes that are one."""

import shutil

import pytest

from tests.faults import judge
from tests.faults.proxy import Door, Fault
from tests.faults.site import Box, a_site, until


@pytest.fixture
def site(tmp_path):
    with a_site(tmp_path) as site:
        yield site


def test_a_box_set_back_to_a_backup_tells_it_and_nothing_counts_twice(site):
    site.up(rate=60)
    site.box.goes_on(10)
    image = site.box.image(site.folder / "image.db")
    site.box.goes_on(20)
    site.ends_well()
    site.box.kill()
    site.box.restore(image)
    site.box.up(rate=60)
    until(lambda: "go on in epoch" in site.box.log(), "a new history")
    site.box.goes_on()
    site.ends_well()
    assert judge.alarms(site.cloud.db)["history_forked"] == 1


def test_what_was_committed_after_the_backup_and_never_sent_is_all_that_is_missing(site):
    """Lost with the disk, by physics. That the history forked is told."""
    site.up(rate=60)
    site.box.goes_on(10)
    image = site.box.image(site.folder / "image.db")
    site.box.goes_on(10)
    site.ends_well()
    sent = site.box.committed()
    with site.way.being(Fault(door=Door.REFUSING)):
        site.box.say("rate 60")
        site.box.goes_on(20)
        site.box.kill()
    never_sent = set(site.box.committed()) - {name for _, name in judge.arrived(site.cloud.db)}
    site.box.restore(image)
    site.box.up(rate=60)
    site.box.goes_on(20)
    site.box.say("rate 0")
    until(lambda: judge.unacked(site.box.db) == 0, "the outbox is empty")
    assert judge.missing(site.cloud.db, site.box.committed()) == never_sent
    assert never_sent.isdisjoint(sent)
    judge.each_once(site.cloud.db)
    judge.done_is_stored(site.cloud.db, site.box.db)
    assert judge.alarms(site.cloud.db)["history_forked"] == 1


def test_two_boxes_that_are_one_are_told_and_both_tell_all_that_they_have(site):
    site.up(rate=30)
    site.box.goes_on(10)
    site.comes_to_rest()
    twin = Box(site.folder / "twin", site.way.port)
    twin.db.parent.mkdir()
    site.box.image(twin.db)
    shutil.copy(site.box.journal, twin.journal)
    twin.up(rate=30)
    site.twins.append(twin)
    for box in (site.box, twin):
        until(lambda box=box: box.connections() > 3, "each throws the other out")
        box.goes_on()
    site.ends_well(lossless=False)
    found = judge.alarms(site.cloud.db)
    assert found["cloned_identity"] >= 1
    assert found["history_forked"] >= 1
    assert judge.told_losses(site.cloud.db) == 0
