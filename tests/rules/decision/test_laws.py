"""What holds of every decision, whoever comes and whatever an operator wants."""

from dataclasses import replace
from random import Random

import pytest

from gateway.lane.types import Direction, Reason, Verdict
from gateway.rules.decision import Ask, Attested, Deduction
from gateway.rules.rights import granting
from gateway.rules.tariff import Payment
from tests.rules.decision.cases import PLATE
from tests.rules.decision.random_cases import a_case

EACH = 1_500
ALLOW = Verdict.ALLOW


@pytest.fixture(scope="module")
def cases():
    dice = Random("laws")
    return [a_case(dice) for _ in range(EACH)]


def allowed(case):
    return case.judged.decision.verdict is ALLOW


def test_the_same_facts_give_the_same_decision(cases):
    for case in cases:
        assert case.judged == case.judged == replace(case, facts=replace(case.facts)).judged


def test_what_is_due_is_the_fee_less_discounts_less_what_was_paid_and_never_negative(cases):
    for case in cases:
        judged = case.judged
        fee, terms = judged.fee, judged.terms
        if fee is None:
            assert terms.due_fen == 0
            continue
        open_fen = fee.total_fen - fee.discounted_fen - fee.paid_fen
        assert terms.due_fen == fee.due_fen == max(0, open_fen)
        assert fee.overpaid_fen == max(0, -open_fen)
        assert fee.paid_fen == sum(one.amount_fen for one in case.facts.payments)
        assert 0 <= fee.discounted_fen <= fee.total_fen


def test_nobody_leaves_owing_unless_it_may_be_owed_or_the_cloud_takes_it(cases):
    for case in cases:
        terms, decision = case.judged.terms, case.judged.decision
        if decision.verdict is not ALLOW or terms.due_fen == 0:
            continue
        assert decision.reason in (Reason.OWING, Reason.DEDUCTED)
        if decision.reason is Reason.OWING:
            assert terms.due_fen <= case.policy.owe_fen
            assert terms.due_fen + case.facts.owed_fen <= case.policy.owe_all_fen
        else:
            assert case.facts.deduction is Deduction.ACCEPTED


def test_only_a_right_that_was_given_is_named(cases):
    for case in cases:
        named = case.judged.terms.right_id
        assert named in {"", *(right.right_id for right in case.facts.rights)}
        if case.judged.decision.reason is Reason.RIGHT:
            assert named


def test_a_bill_is_always_of_the_session_that_ends(cases):
    """Never of one that it may be, nor of another plate's."""
    for case in cases:
        judged, session = case.judged, case.facts.session
        if judged.fee is None or case.policy.direction is Direction.ENTRY:
            continue
        ids = {session.session_id} if session else {case.arriving.pass_id}
        assert {judged.terms.session_id} == ids
        assert not judged.terms.likely or judged.fee.plan == "no entry record"


def test_whoever_is_blocked_never_comes_in(cases):
    for case in cases:
        blocked = case.wanting(block=frozenset({PLATE}))
        assert blocked.judged.decision.reason is Reason.BLOCK_LIST
        assert not allowed(blocked)


def test_paying_more_never_keeps_a_vehicle_in(cases):
    for number, case in enumerate(cases):
        if case.policy.direction is Direction.ENTRY:
            continue
        before = case.judged
        more = Payment(100 + number % 700, case.arriving.at)
        after = case.knowing(payments=(*case.facts.payments, more)).judged
        assert after.terms.due_fen <= before.terms.due_fen
        if before.decision.verdict is ALLOW:
            assert after.decision.verdict is ALLOW


def test_more_rights_never_keep_a_vehicle_out_nor_raise_its_fee(cases):
    """Of those without a plan of their own: what such a plan asks for is the operator's wish."""
    for case in cases:
        rights = tuple(right for right in granting(case.facts.rights) if not right.plan)
        for number in range(len(rights)):
            fewer = case.knowing(rights=rights[:number]).judged
            more = case.knowing(rights=rights[: number + 1]).judged
            hard = more.decision.reason is Reason.NO_ENTRY
            assert more.terms.due_fen <= fewer.terms.due_fen
            if fewer.decision.verdict is ALLOW and not hard:
                assert more.decision.verdict is ALLOW


def test_longer_stays_never_cost_less(cases):
    """For who has no right: a window or a tolerance makes it worth to stay for it."""
    for case in cases:
        session = case.facts.session
        if session is None or case.facts.rights or case.facts.payments or case.policy.within:
            continue
        later = case.when(case.arriving.at.replace(year=2027))
        assert later.judged.terms.due_fen >= case.judged.terms.due_fen


def answered(case, ask):
    if ask is Ask.ATTEST:
        answers = (Attested.PASSES, Attested.FAILS, Attested.SILENT)
        return [case.knowing(attested=answer) for answer in answers]
    due_fen = case.judged.terms.due_fen
    paid = (*case.facts.payments, Payment(due_fen, case.arriving.at))
    unpaid = (Deduction.ACCEPTED, Deduction.REFUSED, Deduction.SILENT)
    taken = case.knowing(deduction=Deduction.PAID, payments=paid)
    return [taken, *(case.knowing(deduction=answer) for answer in unpaid)]


def test_a_question_is_asked_once_and_only_where_somebody_can_answer(cases):
    asked = 0
    for case in cases:
        ask = case.judged.ask
        if ask is None:
            continue
        asked += 1
        assert case.facts.online
        assert not allowed(case)
        outcomes = [one.judged for one in answered(case, ask)]
        assert all(one.ask is None for one in outcomes)
        assert len({one.decision for one in outcomes}) > 1, "no answer matters"
    assert asked > EACH // 50


def test_an_answer_that_takes_the_fee_lets_the_vehicle_out(cases):
    for case in cases:
        if case.judged.ask is Ask.DEDUCT:
            taken, accepted, *_ = answered(case, Ask.DEDUCT)
            assert (taken.judged.decision.reason, allowed(taken)) == (Reason.DEDUCTED, True)
            assert taken.judged.terms.due_fen == 0
            assert (accepted.judged.decision.reason, allowed(accepted)) == (Reason.DEDUCTED, True)
