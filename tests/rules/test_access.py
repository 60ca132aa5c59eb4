"""Who may pass, by the lists on this box."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.lane.types import Decision, Reason, Verdict
from gateway.rules.access import AccessList, decide, spelled

plates = st.sampled_from(["京A12345", "粤B12345", "沪C12345"])
some = st.frozensets(plates)


def lists(allow=(), block=(), unknown=Verdict.DENY):
    return AccessList(frozenset(allow), frozenset(block), unknown)


def test_a_plate_on_the_allow_list_may_pass():
    decision = decide("京A12345", lists(allow=["京A12345"]))
    assert decision == Decision(Verdict.ALLOW, Reason.ALLOW_LIST)


def test_a_plate_on_the_block_list_may_not_even_if_it_is_on_the_allow_list():
    access = lists(allow=["京A12345"], block=["京A12345"], unknown=Verdict.ALLOW)
    assert decide("京A12345", access) == Decision(Verdict.DENY, Reason.BLOCK_LIST)


@pytest.mark.parametrize("unknown", Verdict)
def test_a_plate_on_no_list_gets_the_default_of_the_lane(unknown):
    access = lists(allow=["粤B12345"], block=["沪C12345"], unknown=unknown)
    assert decide("京A12345", access) == Decision(unknown, Reason.UNKNOWN_PLATE)


@given(plate=plates, allow=some, block=some, unknown=st.sampled_from(Verdict))
def test_the_reason_always_says_where_the_verdict_is_from(plate, allow, block, unknown):
    decision = decide(plate, AccessList(allow, block, unknown))
    assert (decision.reason is Reason.BLOCK_LIST) == (plate in block)
    assert (decision.reason is Reason.ALLOW_LIST) == (plate in allow - block)
    verdicts = {Reason.BLOCK_LIST: Verdict.DENY, Reason.ALLOW_LIST: Verdict.ALLOW}
    assert decision.verdict is verdicts.get(decision.reason, unknown)


@pytest.mark.parametrize(
    "typed", ["粤B·12345", "粤b12345", " 粤B-123 45", "粤Ｂ１２３４５", "粤B•12345"]
)
def test_a_plate_typed_by_a_person_is_spelled_as_readers_do(typed):
    assert spelled(typed) == "粤B12345"


@given(text=st.text(alphabet="粤京警使·-_ 019０９abＡｂ"))
def test_spelling_a_plate_twice_changes_nothing(text):
    assert spelled(spelled(text)) == spelled(text)
