"""A slice of the week in each run of the tests; the whole one is `python -m tests.week`."""

from tests.week.mutants import MUTANTS, tried
from tests.week.week import Plan, played

SLICE = Plan(seed=1, days=6, cars=120)
SHORT = Plan(seed=3, days=1, cars=50, kills=2)


def test_six_days_of_a_car_park_reconcile_to_the_fen():
    """With a kill each day, a fire, and the network cut for two days."""
    week = played(SLICE)
    assert week.found == []
    assert week.figures["stays"] > 250
    assert week.figures["fees_reckoned_twice"] > 220
    assert week.figures["lives"] == 7
    assert len(week.ledgers) == 6


def test_the_same_seed_gives_the_same_ledger_byte_by_byte():
    first, again = played(SHORT), played(SHORT)
    assert first.found == again.found == []
    assert first.ledgers == again.ledgers
    assert first.ledgers != []
    assert first.figures == again.figures


def test_a_gateway_that_forgets_a_payment_is_found_out(tmp_path):
    forgetful = MUTANTS[0]
    assert forgetful.name == "a payment is forgotten"
    assert tried(forgetful, tmp_path).seeds == 1
