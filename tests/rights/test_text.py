"""How a right is written, and what becomes of it."""

import json
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rights import RightsError, RightText, delta_of, rights_of
from gateway.rights.decoding import FOR_EVER, right_of
from gateway.rules.clock import DAY_S, SHANGHAI, DayKind, local_s
from gateway.rules.rights import Right, RightKind, Span, Tolerance, Window
from tests.rights.some import a_right, fields


def second(*when):
    return local_s(datetime(*when, tzinfo=SHANGHAI))


def test_a_right_with_everything_becomes_the_rules_own():
    text = a_right(
        "rental:7.b",
        version=3,
        kind="shared_space",
        plates=["京b·12345", "粤BD12345"],
        valid={"from": "2026-11-01T08:30", "to": "2026-11-30T18:00:01"},
        windows=[{"from": "18:00", "to": "09:00", "days": ["workday"]}, {"weekdays": ["sun"]}],
        spaces=1,
        succession=True,
        early_min=15,
        late_min=20,
        renewal_days=7,
        areas=["roof", "main"],
        classes=["car"],
        uses=4,
        no_show_min=60,
        paid=False,
        plan="night_rental",
    )
    assert right_of(text.line()) == Right(
        right_id="rental:7.b",
        version=3,
        kind=RightKind.SHARED_SPACE,
        plates=frozenset({"京B12345", "粤BD12345"}),
        valid=Span(second(2026, 11, 1, 8, 30), second(2026, 11, 30, 18, 0, 1)),
        windows=(
            Window(64_800, 32_400, kinds=frozenset({DayKind.WORKDAY})),
            Window(weekdays=frozenset({6})),
        ),
        tolerance=Tolerance(900, 1200, 7 * DAY_S),
        spaces=1,
        succession=True,
        areas=frozenset({"main", "roof"}),
        classes=frozenset({"car"}),
        uses=4,
        no_show_s=3600,
        paid=False,
        plan="night_rental",
    )


def test_a_right_with_nothing_more_than_it_needs_is_the_rules_default():
    right = right_of(a_right(valid={"from": "2026-01-01"}).line())
    valid = Span(second(2026, 1, 1), FOR_EVER)
    plates = frozenset({"京A12345"})
    assert right == Right("r1", 1, RightKind.MONTH_CARD, plates, valid)


@pytest.mark.parametrize(
    ("written", "end"),
    [
        ("2026-11-30", (2026, 12, 1)),
        ("2026-12-31", (2027, 1, 1)),
        ("2028-02-28", (2028, 2, 29)),
        ("2026-11-30T00:00", (2026, 11, 30)),
        ("2026-11-30T18:00Z", (2026, 12, 1, 2)),
        ("2026-11-30T18:00:07.9+08:00", (2026, 11, 30, 18, 0, 7)),
    ],
)
def test_a_day_alone_is_valid_to_its_end_and_a_time_is_not_part_of_it(written, end):
    right = right_of(a_right(valid={"from": "2026-01-01", "to": written}).line())
    assert right.valid.end == second(*end)


def test_whatever_way_a_right_is_written_its_line_is_the_same():
    one = a_right(plates=["京A12345", "京B12345"], valid={"from": "2026-01-01"})
    other = RightText.model_validate(
        {
            "plan": "",
            "windows": [],
            "valid": {"to": None, "from": "2025-12-31T16:00:00Z"},
            "plates": ["京 b·12345", "京a12345", "京A12345"],
            "kind": "month_card",
            "paid": "true",
            "version": "1",
            "id": "r1",
        }
    )
    assert one.line() == other.line()
    assert one.line() == (
        '{"id":"r1","kind":"month_card","plates":["京A12345","京B12345"],'
        '"valid":{"from":"2026-01-01T00:00:00+08:00"},"version":1}'
    )


def test_a_line_read_again_is_the_same_line():
    text = a_right(windows=[{"days": ["holiday", "weekend", "holiday"]}], late_min=5)
    again = RightText.model_validate_json(text.line())
    assert again.line() == text.line()
    assert '"days":["weekend","holiday"]' in text.line()


CLOCKS = st.tuples(st.integers(0, 23), st.integers(0, 59)).map("{0[0]:02}:{0[1]:02}".format)
NAMES = st.lists(st.sampled_from(["main", "roof", "inner-2"]), max_size=3)
ANY_RIGHT = st.fixed_dictionaries(
    {
        "id": st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}\Z"),
        "version": st.integers(1, 2**53),
        "kind": st.sampled_from([str(kind) for kind in RightKind]),
        "plates": st.lists(
            st.from_regex(r"\A[京粤港]·?[A-Za-z][A-Z0-9]{4,6}\Z"), min_size=1, max_size=5
        ),
        "valid": st.datetimes(datetime(2000, 1, 2), datetime(2999, 1, 1)).map(  # noqa: DTZ001
            lambda at: {"from": at.isoformat(), "to": "2999-12-30"}
        ),
    },
    optional={
        "windows": st.lists(
            st.fixed_dictionaries(
                {"from": CLOCKS, "to": CLOCKS},
                optional={
                    "weekdays": st.lists(st.sampled_from(["mon", "wed", "sun"]), min_size=1),
                    "days": st.lists(st.sampled_from([str(kind) for kind in DayKind]), min_size=1),
                },
            ),
            max_size=3,
        ),
        "spaces": st.integers(1, 1000),
        "early_min": st.integers(0, 10_080),
        "late_min": st.integers(0, 10_080),
        "renewal_days": st.integers(0, 90),
        "areas": NAMES,
        "classes": NAMES,
        "uses": st.integers(1, 1_000_000),
        "no_show_min": st.integers(0, 10_080),
        "paid": st.booleans(),
        "plan": st.sampled_from(["", "night_rental"]),
    },
)


@given(ANY_RIGHT)
def test_every_right_that_can_be_written_can_be_read_again_and_judged(written):
    text = RightText.model_validate(written)
    line = text.line()
    assert RightText.model_validate_json(line).line() == line
    right = right_of(line)
    assert (right.right_id, str(right.kind)) == (written["id"], written["kind"])
    assert right.paid is written.get("paid", True)
    assert right.tolerance.late_s == 60 * written.get("late_min", 0)
    assert len(right.windows) == len(written.get("windows", []))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"plates": []}, "plates: there is nothing here, and at least one is needed"),
        ({"plates": ["京A1"]}, "plates.0: '京A1' is no plate; write all of it, such as 京A12345"),
        ({"plates": ["京A12345" * 2]}, "is no plate; write all of it"),
        ({"plates": ["京A12_3!5"]}, "is no plate; write all of it"),
        ({"kind": "monthcard"}, "kind: 'monthcard' is not known here; did you mean month_card?"),
        ({"valid": {"from": "noon"}}, "valid.from: 'noon' is no time; write 2026-11-30"),
        ({"valid": {"from": "0202-01-01"}}, "the year of '0202-01-01' is not 2000 to 2999"),
        ({"valid": {"from": "9999-12-31T23:59-12:00"}}, "is no time"),
        (
            {"valid": {"from": "2026-02-02", "to": "2026-02-01"}},
            "valid: it ends before it begins; put the first day or time under from:",
        ),
        ({"valid": {}}, "valid.from: from is missing; add `from: ...` under valid:"),
        ({"windows": [{"from": "24:00"}]}, "windows.0.from: '24:00' is not written as it must be"),
        ({"windows": [{"days": []}]}, "windows.0.days: there is nothing here"),
        ({"windows": [{"weekdays": ["tues"]}]}, "windows.0.weekdays.0: 'tues' is not known here"),
        ({"succession": True}, "succession says who is next for a space; give spaces:, too"),
        ({"renewal_days": 91}, "renewal_days"),
        ({"renewal_day": 7}, "unknown key 'renewal_day'; did you mean renewal_days?"),
        ({"version": 0}, "version"),
        ({"id": "a b"}, "id: 'a b' is not written as it must be; names the right"),
        ({"plan": "Night"}, "plan"),
    ],
)
def test_what_is_wrong_with_a_right_of_a_list_is_told_by_its_number_and_id(changes, sentence):
    with pytest.raises(RightsError) as failure:
        list(rights_of([fields("good"), fields("bad-one") | changes]))
    name = changes.get("id", "bad-one")
    assert str(failure.value).startswith(f"right 2 (id '{name}'): ")
    assert sentence in str(failure.value)


@pytest.mark.parametrize("strange", [None, 7, "京A12345", [], {}, {"id": 7}])
def test_what_is_no_right_at_all_is_told_by_its_number(strange):
    with pytest.raises(RightsError, match=r"^right 1: "):
        list(rights_of([strange]))


def test_of_many_mistakes_only_the_first_few_are_told():
    with pytest.raises(RightsError, match=r"and 3 more$"):
        list(rights_of([dict.fromkeys("abcdef", 1) | fields()]))


def test_a_change_that_goes_back_is_none():
    with pytest.raises(RightsError, match="it makes version 3 of 3; give the greater one"):
        delta_of(3, 3, "", [], [])
    with pytest.raises(RightsError, match="hash: 'AB' is not written as it must be"):
        delta_of(3, 4, "AB", [], [])
    with pytest.raises(RightsError, match=r"right 1 \(id 'r1'\): kind"):
        delta_of(3, 4, "", [fields(kind="king")], [])


def test_a_change_holds_its_rights_and_its_ids():
    delta = delta_of(3, 4, "0" * 64, [fields("new")], ["old"])
    assert [right.right_id for right in delta.set] == ["new"]
    assert (delta.from_version, delta.version, delta.hash) == (3, 4, "0" * 64)
    assert delta.drop == ("old",)


def test_a_line_holds_nothing_that_is_left_at_its_default():
    assert sorted(json.loads(a_right(paid=True, spaces=None, windows=[]).line())) == [
        "id",
        "kind",
        "plates",
        "valid",
        "version",
    ]
