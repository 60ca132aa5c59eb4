"""Sessions begin and end with proved passes, and their money is in the same transaction."""

import pytest

from gateway.lane.types import DecidedBy, Ending, Reason, Terms
from gateway.rules.tariff import LineKind
from gateway.rules.tariff.stay import AllOff, AmountOff
from gateway.store import Count, Place, read_passes
from gateway.sync import telling
from tests.storepark import CELLAR, X, Y, a_bill, at, car, ident, parked


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lanegate.db"


def bill(session_id, total, **more):
    due = total - more.get("paid", 0) - sum(fen for _, fen in more.get("off", ()))
    return Terms(session_id, vehicle="car", bill=a_bill(total, **more), due_fen=max(0, due))


def inside(**areas):
    return tuple(Count(area, "car", number) for area, number in areas.items() if number)


# --- who is inside -----------------------------------------------------------------------


def test_a_stay_begins_with_a_proved_entry_and_ends_with_a_proved_exit(path):
    async def story(park):
        stay = await park.comes(X, 0)
        before = await park.store.occupancy()
        gone = await park.leaves(X, 60, terms=Terms(stay), reason=Reason.ALLOW_LIST)
        columns = "entry_pass, exit_pass, closing, entered_at, left_at"
        return stay, gone, before, await park.store.occupancy(), await park.session(stay, columns)

    stay, gone, before, after, row = parked(path, story)
    assert (before, after) == (inside(main=1), ())
    assert row == (stay, gone, "exit", "2026-03-01T04:00:00.000Z", "2026-03-01T05:00:00.000Z")


@pytest.mark.parametrize("ending", [Ending.TURNED_BACK, Ending.LEFT, Ending.INTERRUPTED])
def test_without_a_proof_nobody_came_and_nobody_left(path, ending):
    async def story(park):
        await park.comes(X, 0, ending=ending)
        empty = await park.store.occupancy()
        stay = await park.comes(Y, 1)
        await park.leaves(Y, 2, ending=ending, terms=bill(stay, 500))
        return empty, await park.store.occupancy(), await park.money(stay)

    assert parked(path, story) == ((), inside(main=1), [])


def test_a_box_without_a_car_park_keeps_nothing_of_this_and_its_records_stay_short(path):
    async def story(park):
        await park.goes("entry", X, 0, None)
        return await park.rows("select count(*) from sessions"), await park.bodies("pass")

    count, bodies = parked(path, story)
    assert count == [(0,)]
    assert not {"decided_by", "session_id", "why", "due_fen", "right_id"} & set(bodies[0])


def test_what_was_found_out_about_a_vehicle_survives_a_restart(path):
    terms = Terms("self", "1" * 32, "car", "card-1", 3, 500, "{}", "2" * 32, "t", ("3" * 32,), "a")

    async def story(park):
        visit = park.visit(X, 0, terms=terms, by=DecidedBy.EDGE_OFFLINE)
        await park.store.decide("entry-1", "entry", visit, at(0))
        await park.again()
        return visit, await park.store.open_visits("entry-1"), await park.bodies("pass")

    visit, found, bodies = parked(path, story)
    assert found == (visit,)
    told = ("decided_by", "session_id", "right_id", "due_fen", "why")
    assert [bodies[0][name] for name in told] == ["edge_offline", "self", "card-1", 500, "a"]
    (row,) = read_passes(path)
    assert (row["decided_by"], row["due_fen"]) == ("edge_offline", 500)


def test_who_comes_again_without_having_left_is_inside_once(path):
    async def story(park):
        first = await park.comes(X, 0)
        await park.told(telling.Pay, 1, first, "", 700, at(1), "wechat")
        second = await park.comes(X, 60)
        found = await park.session(first, "closing, total_fen, paid_fen, overpaid_fen")
        return first, found, await park.session(second, "linked"), await park.store.occupancy()

    first, found, linked, there = parked(path, story)
    assert found == ("superseded", 700, 700, 0)
    assert (linked, there) == (first, inside(main=1))


def test_the_same_end_twice_is_written_once(path):
    async def story(park):
        stay = await park.comes(X, 0)
        for _ in range(2):
            await park.leaves(X, 60, name=ident(99), terms=bill(stay, 500), reason=Reason.OWING)
            await park.again()
        return await park.money(stay), await park.rows("select count(*) from sessions")

    async def decided_again(park):
        with pytest.raises(Exception, match="ended as passed"):
            await story(park)
        return await park.rows("select kind, amount_fen from money")

    assert parked(path, decided_again) == [("owed", 500)]


def test_vehicles_without_a_plate_are_counted_and_the_longest_stay_ends_first(path):
    async def story(park):
        first, second = await park.comes("", 0), await park.comes("", 1)
        await park.leaves("", 60)
        closings = [await park.session(one, "closing") for one in (first, second)]
        await park.leaves("", 61)
        unseen = await park.leaves("", 62)
        return closings, await park.store.occupancy(), await park.session(unseen, "entered_at")

    assert parked(path, story) == (["exit", None], (), None)


def test_whoever_shows_a_ticket_ends_that_stay_whatever_is_read(path):
    async def story(park):
        first, second = await park.comes("", 0), await park.comes("", 1)
        other = await park.comes(Y, 2)
        await park.leaves("", 60, terms=bill(second, 500))
        await park.leaves("京B00000", 61, terms=bill(other, 600))
        found = [await park.session(one, "closing") for one in (first, second, other)]
        return found, await park.figures(second), await park.figures(other)

    found, second, other = parked(path, story)
    assert found == [None, "exit", "exit"]
    assert (second[0], other[0]) == (500, 600)


def test_an_inner_area_is_part_of_the_stay_and_is_counted_where_the_vehicle_is(path):
    async def story(park):
        stay = await park.comes(X, 0)
        counts = [await park.store.occupancy()]
        for direction, minutes in (("entry", 10), ("exit", 40)):
            await park.goes(direction, X, minutes, CELLAR, terms=Terms(stay, vehicle="car"))
            counts.append(await park.store.occupancy())
        await park.comes("", 50)
        await park.goes("entry", "", 51, CELLAR)
        counts.append(await park.store.occupancy())
        return counts, await park.rows("select count(*) from sessions")

    counts, number = parked(path, story)
    assert counts[:3] == [inside(main=1), inside(cellar=1), inside(main=1)]
    assert (counts[3], number) == (inside(cellar=1, main=1), [(2,)])


def test_an_exit_that_nobody_saw_come_is_a_stay_without_a_beginning(path):
    async def story(park):
        unseen = await park.leaves(X, 5, terms=Terms("self"), reason=Reason.NO_ENTRY)
        return await park.session(unseen, "entered_at, closing"), await park.store.occupancy()

    assert parked(path, story) == ((None, "exit"), ())


# --- what it cost ------------------------------------------------------------------------


def test_a_bill_has_an_event_for_each_fen(path):
    async def story(park):
        stay = await park.comes(X, 0)
        credit, _ = await park.told(telling.Grant, 5, stay, "", AmountOff(ident(1), 300), None, "s")
        await park.told(telling.Pay, 6, stay, "", 500, at(6), "wechat")
        terms = bill(stay, 1000, paid=500, off=((credit, 300),))
        await park.leaves(X, 60, terms=terms, reason=Reason.OWING)
        used = await park.rows("select used_by, used_fen from credits")
        return stay, await park.figures(stay), await park.money(stay), used

    stay, figures, money, used = parked(path, story)
    assert figures == (1000, 300, 500, 200, 0)
    assert money == [("payment", 500, False), ("discount", 300, False), ("owed", 200, False)]
    assert used == [(stay, 300)]


def test_a_credit_of_another_class_is_found_by_the_first_word_of_its_line(path):
    async def story(park):
        stay = await park.comes(X, 0)
        credit, _ = await park.told(telling.Grant, 5, "", X, AllOff(ident(1)), None, "shop")
        terms = bill(stay, 500, off=((f"{credit} (van)", 500),), kind=LineKind.AS_CLASS)
        await park.leaves(X, 60, terms=terms)
        return stay, await park.rows("select used_by from credits")

    stay, used = parked(path, story)
    assert used == [(stay,)]


@pytest.mark.parametrize(
    ("reason", "by", "free", "owed"),
    [
        (Reason.FIRE, DecidedBy.EDGE, False, 0),
        (Reason.AGENT, DecidedBy.PERSON, True, 0),
        (Reason.AGENT, DecidedBy.PERSON, False, 800),
        (Reason.OWING, DecidedBy.EDGE, True, 800),
        (Reason.HOLD_OPEN, DecidedBy.EDGE, False, 800),
    ],
)
def test_who_lets_out_says_whether_the_fee_is_owed_or_forgiven(path, reason, by, free, owed):
    async def story(park):
        stay = await park.comes(X, 0)
        place = Place("main", let_out_free=free)
        await park.leaves(X, 60, place, terms=bill(stay, 800), reason=reason, by=by)
        facts = await park.facts(X, 61)
        return await park.figures(stay), await park.money(stay), facts.owed_fen

    figures, money, debt = parked(path, story)
    assert figures == (800, 800 - owed, 0, owed, 0)
    assert money == [("owed" if owed else "discount", 800, False)]
    assert debt == owed


def test_money_that_came_between_the_decision_and_the_proof_counts(path):
    async def story(park):
        stay = await park.comes(X, 0)
        terms = bill(stay, 800)
        await park.told(telling.Pay, 60, stay, "", 1000, at(60), "wechat")
        await park.leaves(X, 60, terms=terms, reason=Reason.OWING)
        return await park.figures(stay), await park.money(stay)

    figures, money = parked(path, story)
    assert figures == (800, 0, 1000, 0, 200)
    assert money == [("payment", 1000, False), ("overpaid", 200, False)]


@pytest.mark.parametrize(
    ("reason", "figures"),
    [
        (Reason.ALLOW_LIST, (0, 0, 300, 0, 300)),
        (Reason.OPEN_BUTTON, (300, 0, 300, 0, 0)),
    ],
)
def test_without_a_bill_the_rules_charge_nothing_and_a_button_what_was_paid(path, reason, figures):
    async def story(park):
        stay = await park.comes(X, 0)
        await park.told(telling.Pay, 6, stay, "", 300, at(6), "cash")
        await park.leaves(X, 60, terms=Terms(stay), reason=reason)
        return await park.figures(stay)

    assert parked(path, story) == figures


def test_a_bill_of_another_session_does_not_apply_and_somebody_is_told(path):
    async def story(park):
        old = await park.comes(X, 0)
        terms = bill(old, 800)
        new = await park.comes(X, 60)
        await park.leaves(X, 61, terms=terms, reason=Reason.OWING)
        alarms = await park.rows("select code from alarms")
        return await park.figures(new), await park.session(old, "closing"), alarms

    assert parked(path, story) == ((0, 0, 0, 0, 0), "superseded", [("session_changed",)])


def test_a_deduction_that_is_still_under_way_is_owed_under_its_number(path):
    async def story(park):
        stay = await park.comes(X, 0)
        terms = Terms(stay, bill=a_bill(800), due_fen=800, order_id=ident(77))
        await park.leaves(X, 60, terms=terms, reason=Reason.DEDUCTED)
        owed = await park.rows("select kind, order_id from money")
        await park.told(telling.Pay, 62, stay, X, 800, at(61), "deducted", name=ident(77))
        return owed, await park.facts(X, 63), await park.money(stay)

    owed, facts, money = parked(path, story)
    assert owed == [("owed", ident(77))]
    assert facts.owed_fen == 0
    assert money == [("owed", 800, False), ("settled", 800, True)]


def test_who_pays_at_the_exit_and_was_never_seen_to_come_has_paid_for_that_stay(path):
    async def story(park):
        visit = ident(50)
        await park.told(telling.Pay, 5, visit, X, 1000, at(5), "wechat")
        known = (await park.facts(X, 6)).payments
        by_id = (await park.facts("", 6, session_id=visit)).payments
        await park.leaves(X, 6, name=visit, terms=bill(visit, 1000, paid=1000))
        return known, by_id, await park.figures(visit), await park.money(visit)

    known, by_id, figures, money = parked(path, story)
    assert [one.amount_fen for one in known] == [one.amount_fen for one in by_id] == [1000]
    assert (figures, money) == ((1000, 0, 1000, 0, 0), [("payment", 1000, False)])


def test_who_paid_at_the_exit_and_did_not_leave_is_told_of_and_has_still_paid(path):
    async def story(park):
        visit = ident(50)
        await park.told(telling.Pay, 5, visit, X, 1000, at(5), "wechat")
        await park.leaves(X, 6, name=visit, terms=bill(visit, 1000), ending=Ending.LEFT)
        alarms = await park.rows("select code from alarms")
        other = await park.leaves(X, 9, terms=Terms("self", bill=a_bill(1000, paid=1000)))
        return alarms, await park.figures(other)

    assert parked(path, story) == ([("money_unplaced",)], (1000, 0, 1000, 0, 0))


def test_a_bill_that_cannot_be_read_costs_what_was_paid(path):
    async def story(park):
        stay = await park.comes(X, 0)
        await park.leaves(X, 60, terms=Terms(stay, bill='{"lines": 1}'), reason=Reason.PAID)
        return await park.figures(stay)

    assert parked(path, story) == (0, 0, 0, 0, 0)


def test_a_clock_that_was_set_back_does_not_end_a_stay_before_it_began(path):
    async def story(park):
        stay = await park.comes(X, 60)
        await park.leaves(X, 10, terms=Terms(stay), reason=Reason.RIGHT)
        return await park.session(stay, "closed_at >= entered_at")

    assert parked(path, story) == 1


def test_half_of_what_follows_from_a_pass_is_never_kept(path):
    async def story(park):
        stay = await park.comes(X, 0)
        await park.store._do(lambda db: db.execute("drop table money"))
        with pytest.raises(Exception, match="money"):
            await park.leaves(X, 60, terms=bill(stay, 500), reason=Reason.OWING)
        ended = await park.rows(
            "select count(*) from passes where direction = 'exit' and ending is not null"
        )
        return ended, await park.store.occupancy()

    assert parked(path, story) == ([(0,)], inside(main=1))


def test_a_vehicle_is_one_of_its_class(path):
    async def story(park):
        await park.comes(X, 0, terms=Terms("self", vehicle="van"))
        await park.comes(Y, 0, terms=None)
        return await park.store.occupancy()

    assert set(parked(path, story)) == {Count("main", "van", 1), Count("main", "car", 1)}


def test_the_vehicle_of_the_tests_is_what_the_store_makes_of_a_reading(path):
    async def story(park):
        await park.comes(X, 0)
        return (await park.facts(X, 1)).session.vehicle

    assert parked(path, story) == car(X)
