"""Who is inside, by what was proved: no vehicle twice, none that never came, none lost."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.sessions import (
    Closing,
    Proved,
    Session,
    Vehicle,
    alike,
    corrected,
    entered,
    left,
    likely,
    merged,
    neighbours,
)

NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)
CAR = Vehicle("京A12345", "civil", "blue", "car")
OTHER = Vehicle("京A12845", "civil", "blue", "car")


def proved(name, minutes=0, vehicle=CAR):
    return Proved(f"p-{name}", vehicle, "main", NOON + timedelta(minutes=minutes))


def a_session(name, minutes=0, vehicle=CAR):
    return entered((), proved(name, minutes, vehicle))[0]


def test_an_entry_begins_a_session_and_an_exit_ends_it():
    (session,) = entered((), proved("in"))
    assert (session.inside, session.entry_pass, session.entered_at) == (True, "p-in", NOON)
    (gone,) = left((session,), proved("out", 90))
    assert gone == replace(
        session,
        left_at=NOON + timedelta(minutes=90),
        exit_pass="p-out",  # noqa: S106 -- of a lane
        closing=Closing.EXIT,
    )


def test_who_comes_in_again_was_not_seen_to_leave():
    first = a_session("one")
    ended, second = entered((first,), proved("two", 60))
    assert (ended.session_id, ended.closing) == ("p-one", Closing.SUPERSEDED)
    assert (second.inside, second.linked) == (True, "p-one")


def test_who_leaves_and_was_not_seen_to_come_is_kept_all_the_same():
    (gone,) = left((), proved("out"))
    assert (gone.inside, gone.entered_at, gone.entry_pass) == (False, None, "")
    assert (gone.closing, gone.exit_pass) == (Closing.EXIT, "p-out")


def test_of_two_sessions_the_newest_is_the_one_that_leaves():
    gone, older = left((a_session("one"), a_session("two", 5)), proved("out", 9))
    assert (gone.session_id, gone.closing) == ("p-two", Closing.EXIT)
    assert (older.session_id, older.closing) == ("p-one", Closing.SUPERSEDED)


def test_a_stay_under_two_plates_began_with_the_earlier_and_is_one():
    early, late = a_session("one", 0, OTHER), a_session("two", 30)
    kept, gone = merged(late, early, CAR)
    assert (kept.session_id, kept.vehicle, kept.entered_at) == ("p-one", CAR, NOON)
    assert (gone.closing, gone.linked, gone.inside) == (Closing.MERGED, "p-one", False)


def test_a_plate_that_is_put_right_keeps_its_session():
    session = a_session("one", 0, OTHER)
    assert corrected(session, CAR, ()) == (replace(session, vehicle=CAR),)


def test_a_plate_that_is_put_right_and_is_inside_already_is_the_same_vehicle():
    wrong, right = a_session("one", 0, OTHER), a_session("two", 30)
    kept, gone = corrected(wrong, CAR, (wrong, right))
    assert (kept.session_id, gone.session_id, gone.closing) == ("p-one", "p-two", Closing.MERGED)


VISITS = st.lists(st.tuples(st.booleans(), st.sampled_from(["A", "B", "C"])), max_size=20)


@given(VISITS)
def test_nobody_is_inside_twice_and_every_pass_is_in_one_session(visits):
    sessions: dict[str, Session] = {}
    for number, (comes, plate) in enumerate(visits):
        one = proved(str(number), number, replace(CAR, plate=plate))
        inside = [s for s in sessions.values() if s.inside and s.vehicle.plate == plate]
        for session in (entered if comes else left)(inside, one):
            sessions[session.session_id] = session
        now_inside = [s for s in sessions.values() if s.inside and s.vehicle.plate == plate]
        assert len(now_inside) == int(comes)
    proofs = [name for s in sessions.values() for name in (s.entry_pass, s.exit_pass) if name]
    assert sorted(proofs) == sorted(f"p-{number}" for number in range(len(visits)))


def test_readers_mix_up_a_few_characters_and_no_others():
    assert alike("京A12345", "京A12845") is False
    assert alike("京A12845", "京A12B45")
    assert alike("京A1O345", "京A10345") is False
    assert alike("京A12845", "京AI2B45") is False
    assert alike("京A12345", "京A12345") is False


TEXTS = st.text("8BR0DQ17I2Z5S京A3", min_size=7, max_size=8)


@given(TEXTS, TEXTS)
def test_neighbours_are_all_that_are_alike(one, other):
    assert (other in neighbours(one)) == alike(one, other)
    assert all(alike(one, near) and alike(near, one) for near in neighbours(one))


def test_only_vehicles_of_the_same_colour_and_type_are_likely_and_the_newest_come_first():
    seen = Vehicle("京A1Z845", "civil", "blue", "car")
    inside = [
        a_session("old", 0, replace(seen, plate="京A12845")),
        a_session("new", 9, replace(seen, plate="京A1ZB45")),
        a_session("green", 9, replace(seen, plate="京A12845", colour="green")),
        a_session("other", 9, replace(seen, plate="京A12B45")),
        a_session("police", 9, replace(seen, plate="京A12845", kind="police")),
        *left((a_session("gone", 9, replace(seen, plate="京A12845")),), proved("out", 10)),
    ]
    assert [session.session_id for session in likely(seen, inside)] == ["p-new", "p-old"]
    assert len(likely(seen, inside[:1] * 9)) == 3


def inner(name, minutes, vehicle=CAR):
    return replace(proved(name, minutes, vehicle), area="inner", within="main")


def test_who_goes_further_in_and_comes_out_again_has_one_session():
    outside = a_session("one")
    (inside,) = entered((outside,), inner("deeper", 10))
    assert (inside.session_id, inside.innermost, inside.inside) == ("p-one", "inner", True)
    (back,) = left((inside,), inner("out-of-it", 50))
    assert (back.innermost, back.inside) == ("main", True)
    (gone,) = left((back,), proved("out", 60))
    assert [(one.area, one.left_at) for one in gone.inner] == [
        ("inner", NOON + timedelta(minutes=50))
    ]
    assert gone.closing is Closing.EXIT


def test_who_was_not_seen_to_come_out_of_the_inner_area_has_left_it_with_the_car_park():
    (inside,) = entered((a_session("one"),), inner("deeper", 10))
    (gone,) = left((inside,), proved("out", 60))
    assert gone.inner[0].left_at == gone.left_at


def test_the_inner_area_is_entered_by_itself_where_nobody_was_seen_outside():
    (session,) = entered((), inner("deeper", 10))
    assert (session.area, session.innermost, session.inner) == ("inner", "inner", ())
