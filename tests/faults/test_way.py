"""F7: the way between box and broker, made bad in every way that we know."""

import pytest

from gateway.sync import redial
from tests.faults.bad_way import LOUD, SILENT
from tests.faults.biting import befall
from tests.faults.site import a_site
from tests.sync.brokers import RawBroker
from tests.sync.mqtt_story import came_to, gateway_story, settings_for


@pytest.mark.timeout(600)
@pytest.mark.parametrize("troubles", [SILENT, LOUD], ids=["silent", "loud"])
def test_no_trouble_on_the_way_loses_or_doubles_a_pass(tmp_path, troubles):
    with a_site(tmp_path) as site:
        befall(site.up(rate=40), troubles)


def test_a_long_wait_for_an_answer_is_no_connection_that_lasted(tmp_path, monkeypatch):
    """Else the patience would begin again and never be enough for a long way."""
    monkeypatch.setattr(redial, "STEADY_S", 0.0)
    broker = RawBroker(lambda _client, _connect: None)

    async def story(_store, uplink):
        await came_to(lambda: uplink._redial.failures >= 3, "it counts its failures")

    try:
        gateway_story(tmp_path, settings_for(broker.port), story)
    finally:
        broker.kill()
