"""F1, F4, F6, F9, F15: the box, the broker and the cloud die, hang and are set back."""

import pytest

from tests.faults import judge
from tests.faults.bad_box import BOX
from tests.faults.bad_broker import BROKER, dropped
from tests.faults.bad_cloud import CLOUD
from tests.faults.biting import befall
from tests.faults.proxy import Door, Fault
from tests.faults.site import OPEN_TO_ALL, a_site, until

KEEPS_ITS_QUEUE = (
    OPEN_TO_ALL + "persistence true\nautosave_on_changes true\nautosave_interval 1\n"
    "persistence_location {folder}/\n"
)
FORGETFUL = OPEN_TO_ALL + "max_queued_messages 3\nmax_inflight_messages 1\nsys_interval 1\n"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("troubles", [BROKER, CLOUD, BOX], ids=["of broker", "of cloud", "of box"])
def test_no_death_of_a_part_loses_or_doubles_a_pass(tmp_path, troubles):
    with a_site(tmp_path) as site:
        befall(site.up(rate=40), troubles)


def test_a_broker_that_throws_messages_away_costs_nothing(tmp_path):
    """It gave a receipt for each of them."""
    with a_site(tmp_path, FORGETFUL) as site:
        site.up()
        site.cloud.kill()
        site.box.say("rate 100")
        until(lambda: dropped(site.broker.port) > 0, "the broker drops what it took")
        site.cloud.up()
        site.ends_well()


def test_a_broker_that_comes_back_with_an_old_queue_doubles_nothing(tmp_path):
    with a_site(tmp_path, KEEPS_ITS_QUEUE.format(folder=tmp_path)) as site:
        site.up()
        site.cloud.kill()
        site.box.say("rate 100")
        site.box.goes_on(100)
        until((tmp_path / "mosquitto.db").exists, "the broker writes down what waits")
        with site.way.being(Fault(door=Door.REFUSING)):
            site.broker.kill()
            site.broker.start()
            site.cloud.up()
            until(lambda: judge.arrived(site.cloud.db), "the old queue arrives without the box")
        site.ends_well()
