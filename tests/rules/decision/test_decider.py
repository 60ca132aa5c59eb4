"""`decide` agrees with a decider that shares nothing with it but the data.

`LANEGATE_SOAK` multiplies the cases, as in `LANEGATE_SOAK=50 pytest tests/rules/decision`.
"""

import os
from collections import Counter
from random import Random

import pytest

from gateway.lane.types import Reason
from tests.rules.decision.decider import second_opinion
from tests.rules.decision.random_cases import a_case

PARTS, EACH = 10, 2_050
SOAK = int(os.environ.get("LANEGATE_SOAK", "1"))


def found(judged, expected):
    """What `decide` says, as far as the second decider promises anything."""
    decision, terms, fee = judged.decision, judged.terms, judged.fee
    told = {
        "verdict": str(decision.verdict),
        "reason": str(decision.reason),
        "by": str(decision.decided_by),
        "ask": str(judged.ask or ""),
        "session_id": terms.session_id,
        "linked": terms.linked,
        "right_id": terms.right_id,
        "days_left": terms.days_left,
        "total": fee.total_fen if fee else None,
        "discounted": fee.discounted_fen if fee else None,
        "due": terms.due_fen,
    }
    if expected.right_id is None:
        told["right_id"] = None
    if fee is not None and expected.total is None:
        told |= {"total": None, "discounted": None}
    return told


def fields(expected):
    return {name: getattr(expected, name) for name in expected.__dataclass_fields__}


@pytest.mark.parametrize("part", range(PARTS))
def test_the_second_decider_agrees(part):
    dice, told = Random(part), Counter()
    for number in range(EACH * SOAK):
        case = a_case(dice)
        if any(right.plan for right in case.facts.rights) and case.facts.inside:
            case = case.knowing(rights=tuple(r for r in case.facts.rights if not r.plan))
        expected = second_opinion(case.arriving, case.facts, case.policy)
        judged = case.judged
        assert found(judged, expected) == fields(expected), f"case {number} of {part}: {case}"
        told[judged.decision.reason] += 1
    assert min(told[reason] for reason in REASONS) >= EACH // 400, told


REASONS = set(Reason) & {
    Reason.ALLOW_LIST, Reason.BLOCK_LIST, Reason.FREE_VEHICLE, Reason.ALREADY_INSIDE,
    Reason.NOT_ATTESTED, Reason.RIGHT, Reason.OWES, Reason.UNKNOWN_PLATE, Reason.FULL,
    Reason.TEMPORARY, Reason.NO_ENTRY, Reason.PAID, Reason.CREDIT, Reason.FREE, Reason.DEDUCTED,
    Reason.OWING, Reason.PAY,
}  # fmt: skip


def test_more_than_20_000_cases_are_decided():
    assert PARTS * EACH > 20_000
