"""What the cloud tells about parking, as bytes and as the program's words."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.lane.types import PlateColour, PlateType
from gateway.rules.tariff.stay import (
    AllOff,
    AmountOff,
    AsClass,
    FreeUntil,
    MinutesOff,
    PercentOff,
)
from gateway.sync.fields import MalformedError
from gateway.sync.telling import (
    Answer,
    Attested,
    Charge,
    Close,
    Correct,
    Funds,
    Grant,
    Merge,
    Pay,
    Refund,
    Revoke,
    Said,
    Settle,
    decode,
)

ID, S, T = "1" * 32, "2" * 32, "3" * 32
AT = "2026-11-22T10:10:07.5+08:00"
AWARE = datetime(2026, 11, 22, 2, 10, 7, 500_000, tzinfo=UTC)
PLATE = "京A12345"


def told(**fields):
    return decode(json.dumps({"id": ID} | fields).encode())


def test_each_order_becomes_what_it_says():
    by = {"by": "li.wei", "reason": "misread"}
    money = {"session_id": S, "amount_fen": 500, "at": AT}
    assert told(do="pay", by="cash", **money) == Pay(ID, S, "", 500, AWARE, "cash")
    assert told(do="refund", reason="twice", **money) == Refund(ID, S, 500, AWARE, "twice")
    assert told(do="settle", by="cash", **money) == Settle(ID, S, 500, AWARE, "cash")
    assert told(do="revoke", credit_id=T) == Revoke(ID, T)
    assert told(do="funds", plate=PLATE, credit_fen=9, locked=True, number=3) == Funds(
        ID, PLATE, 9, locked=True, number=3
    )
    attest = {"do": "attest", "plate": PLATE, "kind": "visitor", "expires_at": AT}
    assert told(**attest, passes=False) == Attested(
        ID, PLATE, "visitor", passes=False, expires_at=AWARE
    )
    correct = {"do": "correct", "session_id": S, "plate": PLATE} | by
    kind = {"plate_type": "police", "plate_colour": "white"}
    assert told(**correct, **kind) == Correct(
        ID, S, PLATE, PlateType.POLICE, PlateColour.WHITE, "li.wei", "misread"
    )
    assert told(do="merge", session_id=S, into=T, **by) == Merge(ID, S, T, "li.wei", "misread")
    assert told(do="close", session_id=S, **by) == Close(ID, S, "li.wei", "misread")


@pytest.mark.parametrize(
    ("fields", "credit"),
    [
        ({"kind": "amount", "figure": 300}, AmountOff(ID, 300)),
        ({"kind": "minutes", "figure": 60}, MinutesOff(ID, 60)),
        ({"kind": "percent", "figure": 50}, PercentOff(ID, 50)),
        ({"kind": "until", "until": AT}, FreeUntil(ID, AWARE)),
        ({"kind": "class", "vehicle": "new_energy"}, AsClass(ID, "new_energy")),
        ({"kind": "all"}, AllOff(ID)),
    ],
)
def test_each_kind_of_credit_is_final_and_has_the_orders_id(fields, credit):
    found = told(do="credit", plate=PLATE, reason="shop", **fields)
    assert found == Grant(ID, "", PLATE, credit, None, "shop")
    times = {"began": "2026-11-22T08:00:00Z", "ended": "2026-11-22T09:00:00Z"}
    charge = told(do="charge", order="P-1", plate=PLATE, wh=100, **times, **fields)
    assert isinstance(charge, Charge)
    assert charge.credit == credit
    assert charge.ended - charge.began == timedelta(hours=1)


def test_a_charging_order_may_leave_its_worth_to_the_tariff():
    times = {"began": AT, "ended": AT}
    charge = told(do="charge", order="P-1", plate=PLATE, wh=0, **times)
    assert charge.credit is None


def test_a_plate_is_spelled_as_readers_spell_it_and_a_reason_is_one_line():
    found = told(do="credit", plate=" 粤b·12345", kind="all", reason="a\n  b\u3000c ")
    assert (found.plate, found.reason) == ("粤B12345", "a b c")


def test_an_answer_is_told_by_its_question():
    answer = {"do": "answer", "ask_id": T}
    assert decode(json.dumps(answer | {"answer": "refused"}).encode()) == Answer(T, Said.REFUSED)
    more = {"answer": "pass", "expires_at": AT, "amount_fen": 7}
    assert decode(json.dumps(answer | more).encode()) == Answer(T, Said.PASS, AWARE, 7)


@pytest.mark.parametrize(
    "at", ["2026-11-22T10:10:07", "1999-11-22T10:10:07Z", "2026-02-30T10:10:07Z", 0, "now"]
)
def test_a_time_has_its_offset_and_is_one(at):
    with pytest.raises(MalformedError, match="'at'"):
        told(do="pay", session_id=S, amount_fen=500, at=at, by="cash")


def test_every_time_that_is_taken_can_be_told_in_utc():
    for at in ("2000-01-01T00:00:00+23:59", "2199-12-31T23:59:59-23:59"):
        paid = told(do="pay", session_id=S, amount_fen=500, at=at, by="cash")
        assert paid.at.astimezone(UTC).tzinfo is UTC


def test_an_id_is_32_hex_digits_and_nothing_behind_them():
    for wrong in (ID + "\n", ID + "0", ID[:-1], "A" * 32):
        with pytest.raises(MalformedError, match="'credit_id'"):
            told(do="revoke", credit_id=wrong)


def test_charging_does_not_end_before_it_began_and_a_session_is_not_merged_into_itself():
    with pytest.raises(MalformedError, match="'ended'"):
        told(do="charge", order="P", plate=PLATE, wh=1, began=AT, ended="2026-11-22T00:00:00Z")
    with pytest.raises(MalformedError, match="'into'"):
        told(do="merge", session_id=S, into=S, by="a", reason="b")


def complaint(payload: bytes) -> str:
    """Empty where it is an order, or one of a later program."""
    try:
        decode(payload)
    except MalformedError as error:
        return str(error)
    return ""


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_an_order_or_malformed(payload):
    assert complaint(payload)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
NAMES = ["id", "session_id", "plate", "amount_fen", "at", "by", "kind", "figure", "ask_id"]
NAMES += ["until", "began", "ended", "answer", "reason", "into", "number", "locked", "wh"]
DO = ["pay", "refund", "credit", "charge", "funds", "attest", "correct", "merge", "answer"]


@settings(deadline=None)
@given(st.sampled_from(DO), st.dictionaries(st.sampled_from(NAMES), ANY))
def test_any_fields_are_malformed_by_a_field(do, fields):
    assert re.search("field|JSON", complaint(json.dumps(fields | {"do": do}).encode()))
