"""Who may pass and what it costs, of all that is known: one pure function.

    judgement = decide(arriving, facts, tariffs, policy)

It never asks anybody. Where an answer of the cloud may change the decision, the judgement names
the question; with the answer among the facts the same function decides.
"""

from dataclasses import replace

from gateway.lane.types import Direction
from gateway.rules.clock import local_s
from gateway.rules.decision.entry import entering
from gateway.rules.decision.facts import (
    FREE_KINDS,
    Arriving,
    Attested,
    Deduction,
    Facts,
    Funds,
    NoEntry,
    Passback,
    Policy,
)
from gateway.rules.decision.judgement import Ask, Judgement
from gateway.rules.decision.leaving import fee_of, leaving
from gateway.rules.rights import Arrival, blocked, granting
from gateway.rules.tariff import TariffSet

__all__ = [
    "FREE_KINDS",
    "Arriving",
    "Ask",
    "Attested",
    "Deduction",
    "Facts",
    "Funds",
    "Judgement",
    "NoEntry",
    "Passback",
    "Policy",
    "decide",
    "fee_of",
]


def decide(arriving: Arriving, facts: Facts, tariffs: TariffSet, policy: Policy) -> Judgement:
    """A plate may be on the box's block list, or be blocked among the rights."""
    arrival = Arrival(local_s(arriving.at), policy.area, arriving.vehicle.vehicle)
    block = policy.block | blocked(facts.rights, policy.calendar, arrival)
    facts, policy = replace(facts, rights=granting(facts.rights)), replace(policy, block=block)
    if policy.direction is Direction.ENTRY:
        return entering(arriving, facts, policy)
    return leaving(arriving, facts, tariffs, policy)
