"""The simulation of a lost broker: its broker, and what our redialling makes of it."""

import pytest

from bench import storm
from bench.storm import CLIENTS, Broker
from gateway.sync.redial import Ending

GATEWAYS = 1000
RATE = 50


def test_a_broker_serves_in_turn_and_refuses_at_once_who_finds_too_long_a_line():
    broker = Broker(rate=2, line_s=1.0)
    assert [broker.knock(0.0, 5.0) for _ in range(2)] == [(0.5, None), (1.0, None)]
    assert broker.knock(0.0, 5.0) == (0.0, Ending.UNREACHABLE)
    assert broker.knock(0.5, 5.0) == (pytest.approx(1.51), None)
    assert broker.wasted == 0


def test_a_client_that_gave_up_costs_the_broker_a_handshake():
    broker = Broker(rate=1, line_s=10.0)
    assert broker.knock(0.0, 0.5) == (0.5, Ending.UNREACHABLE)
    assert broker.knock(0.0, 5.0) == (2.0, None)
    assert broker.wasted == 1


@pytest.mark.parametrize("name", ["lanegate", "lanegate_cold"])
def test_our_gateways_are_back_soon_and_never_all_at_once(name):
    ours = storm.storm(CLIENTS[name], GATEWAYS, Broker(RATE), seed=1)
    theirs = storm.storm(CLIENTS["paho"], GATEWAYS, Broker(RATE), seed=1)
    assert ours.all_back_s is not None
    assert GATEWAYS / RATE <= ours.all_back_s < 3 * GATEWAYS / RATE
    assert theirs.all_back_s is None or theirs.all_back_s > 3 * ours.all_back_s
    assert max(ours.attempts.values()) < GATEWAYS <= max(theirs.attempts.values())


def test_a_bad_credential_is_not_tried_again_and_again():
    ours, theirs = (storm.refusals(CLIENTS[name], GATEWAYS, 1) for name in ("lanegate", "paho"))
    assert ours["first_minute"] < 2 * GATEWAYS < theirs["first_minute"]
    assert ours["a_minute_later_on"] < theirs["a_minute_later_on"] / 2


def test_the_same_seed_tells_the_same_story():
    first, second = (
        storm.storm(CLIENTS["lanegate"], GATEWAYS, Broker(RATE), seed=7) for _ in range(2)
    )
    assert first == second
