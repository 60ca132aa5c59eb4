"""What the cloud or a person orders is done once, kept in any case, and told."""

import pytest

from gateway.lane.types import PlateColour, PlateType, Reason, Terms
from gateway.rules.decision import Attested
from gateway.rules.decision import Funds as FundsKnown
from gateway.rules.tariff.stay import (
    AllOff,
    AmountOff,
    AsClass,
    Charging,
    FreeUntil,
    MinutesOff,
    PercentOff,
)
from gateway.store import Changed, read_account
from gateway.store.days import day_of
from gateway.sync import telling
from tests.storepark import NOON, X, Y, a_bill, at, ident, parked
from tests.test_store_sessions import bill, inside

BLUE = PlateType.CIVIL, PlateColour.BLUE


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lanegate.db"


async def outcomes(park):
    return [(one["do"], one["outcome"]) for one in await park.bodies("told")]


# --- each once ---------------------------------------------------------------------------


def test_an_order_is_carried_out_once_for_all_time_and_told_once(path):
    async def story(park):
        stay = await park.comes(X, 0)
        fields = (stay, "", 500, at(5), "wechat")
        name, changed = await park.told(telling.Pay, 5, *fields)
        await park.again()
        _, repeated = await park.told(telling.Pay, 9, *fields, name=name)
        return stay, changed, repeated, await park.money(stay), await park.bodies("told", "money")

    stay, changed, repeated, money, bodies = parked(path, story)
    assert (changed, repeated) == (Changed((stay,), (X,)), Changed())
    assert money == [("payment", 500, False)]
    assert [one["_"] for one in bodies] == ["money", "told"]
    assert bodies[0]["money_id"] == bodies[1]["told_id"]


def test_an_order_that_fails_half_way_leaves_nothing_and_may_be_said_again(path):
    async def story(park):
        stay = await park.comes(X, 0)
        await park.store._do(lambda db: db.execute("alter table money rename to gone"))
        with pytest.raises(Exception, match="money"):
            await park.told(telling.Pay, 5, stay, "", 500, at(5), "wechat", name=ident(9))
        await park.store._do(lambda db: db.execute("alter table gone rename to money"))
        await park.told(telling.Pay, 5, stay, "", 500, at(5), "wechat", name=ident(9))
        return await park.money(stay)

    assert parked(path, story) == [("payment", 500, False)]


# --- money -------------------------------------------------------------------------------


def test_money_for_a_plate_goes_to_who_is_inside_then_to_the_newest_debt_then_waits(path):
    async def story(park):
        stays = []
        for minute in (0, 200):
            stay = await park.comes(X, minute)
            await park.leaves(X, minute + 60, terms=bill(stay, 500), reason=Reason.OWING)
            stays.append(stay)
        stays.append(await park.comes(X, 400))
        changed = []
        for minute in range(401, 405):
            changed.append((await park.told(telling.Pay, minute, "", X, 500, at(1), "w"))[1])
            if minute == 401:
                await park.leaves(X, 402, terms=Terms(stays[2]), reason=Reason.OPEN_BUTTON)
        kinds = await park.rows("select session_id, kind, amount_fen from money where late")
        return stays, [one.sessions for one in changed], kinds, await outcomes(park)

    (old, new, last), changed, late, told = parked(path, story)
    assert changed == [(last,), (new,), (old,), ()]
    assert late == [
        (new, "settled", 500),
        (old, "settled", 500),
        ("", "payment", 500),
        ("", "overpaid", 500),
    ]
    assert told == [("pay", "done")] * 3 + [("pay", "not_due")]


@pytest.mark.parametrize("kind", [telling.Pay, telling.Settle])
def test_after_the_bill_money_settles_the_debt_and_the_rest_is_to_be_given_back(path, kind):
    async def story(park):
        stay = await park.comes(X, 0)
        await park.leaves(X, 60, terms=bill(stay, 500), reason=Reason.OWING)
        fields = (stay, "") if kind is telling.Pay else (stay,)
        await park.told(kind, 61, *fields, 200, at(61), "wechat")
        half = (await park.facts(X, 62)).owed_fen
        await park.told(kind, 63, *fields, 700, at(63), "wechat")
        alarms = await park.rows("select code from alarms")
        return half, (await park.facts(X, 64)).owed_fen, await park.money(stay), alarms

    half, debt, money, alarms = parked(path, story)
    assert (half, debt, alarms) == (300, 0, [("order_unfit",)])
    assert money == [
        ("owed", 500, False),
        ("settled", 200, True),
        ("settled", 300, True),
        ("payment", 400, True),
        ("overpaid", 400, True),
    ]


def test_a_refund_before_the_bill_takes_back_what_was_paid(path):
    async def story(park):
        stay = await park.comes(X, 0)
        await park.told(telling.Pay, 5, stay, "", 500, at(5), "wechat")
        await park.told(telling.Pay, 6, stay, "", 200, at(6), "wechat")
        await park.told(telling.Refund, 7, stay, 300, at(7), "twice")
        paid = [one.amount_fen for one in (await park.facts(X, 8)).payments]
        await park.leaves(X, 60, terms=bill(stay, 400, paid=400), reason=Reason.PAID)
        return paid, await park.figures(stay), read_account(park.path, day_of(NOON))

    paid, figures, account = parked(path, story)
    assert (paid, figures) == ([400], (400, 0, 400, 0, 0))
    assert account.balanced
    assert (account.money.received, account.money.refunded) == ({"wechat": 700}, 300)


def test_a_refund_of_more_than_there_is_is_kept_and_told(path):
    async def story(park):
        stay = await park.comes(X, 0)
        await park.told(telling.Pay, 5, stay, "", 500, at(5), "wechat")
        await park.told(telling.Refund, 7, stay, 800, at(7), "twice")
        await park.told(telling.Refund, 8, ident(404), 100, at(8), "whose?")
        await park.leaves(X, 60, terms=bill(stay, 0), reason=Reason.FREE)
        return await park.money(stay), await outcomes(park), await park.figures(stay)

    money, told, figures = parked(path, story)
    assert money == [("payment", 500, False), ("refund", 500, False), ("refund", 300, True)]
    assert told[1:] == [("refund", "not_due"), ("refund", "unknown")]
    assert figures == (0, 0, 0, 0, 0)


# --- credits and charging ----------------------------------------------------------------


def test_credits_of_every_kind_come_back_as_they_were_granted(path):
    granted = (
        AmountOff(ident(901), 300),
        MinutesOff(ident(902), 60),
        PercentOff(ident(903), 50),
        FreeUntil(ident(904), at(90)),
        AsClass(ident(905), "van"),
        AllOff(ident(906)),
    )

    async def story(park):
        stay = await park.comes(X, 0)
        for credit in granted:
            name = credit.credit_id
            await park.told(telling.Grant, 5, stay, "", credit, None, "shop", name=name)
        return (await park.facts(X, 6)).credits

    assert set(parked(path, story)) == set(granted)


def test_a_credit_is_for_its_stay_or_its_plate_until_it_ends_or_is_revoked(path):
    async def known(park, plate, minute):
        return [one.credit_id for one in (await park.facts(plate, minute)).credits]

    async def story(park):
        stay = await park.comes(X, 0)
        mine, _ = await park.told(telling.Grant, 1, stay, "", AllOff(ident(901)), None, "s")
        late, _ = await park.told(telling.Grant, 1, "", X, AllOff(ident(902)), at(30), "s")
        this, _ = await park.told(telling.Grant, 1, "", X, AllOff(ident(903)), None, "s")
        ahead, _ = await park.told(telling.Grant, 1, "", Y, AllOff(ident(904)), None, "s")
        names = {mine: "mine", late: "late", this: "this", ahead: "ahead"}
        found = [await known(park, X, 20), await known(park, X, 31), await known(park, Y, 31)]
        await park.told(telling.Revoke, 32, this)
        await park.leaves(X, 40, terms=bill(stay, 500, off=((mine, 500),)))
        await park.told(telling.Revoke, 41, mine)
        await park.comes(X, 50)
        found.append(await known(park, X, 51))
        return [sorted(names[one] for one in some) for some in found], await outcomes(park)

    found, told = parked(path, story)
    assert found == [["late", "mine", "this"], ["mine", "this"], ["ahead"], []]
    assert told[-2:] == [("revoke", "done"), ("revoke", "too_late")]


def test_a_charging_order_counts_once_under_whatever_id(path):
    async def story(park):
        stay = await park.comes(X, 0)
        for number in (901, 902):
            fields = ("PILE-1", X, at(5), at(30), 9000, AmountOff(ident(number), 300))
            await park.told(telling.Charge, 31, *fields, name=ident(number))
        facts = await park.facts(X, 40)
        return stay, facts.credits, facts.charging, await outcomes(park)

    _, granted, charging, told = parked(path, story)
    assert granted == (AmountOff(ident(901), 300),)
    assert charging == (Charging(at(5), at(30)),)
    assert told == [("charge", "done"), ("charge", "old")]


@pytest.mark.parametrize(
    ("credit", "paid", "back"),
    [
        (AmountOff(ident(901), 300), 1000, 300),
        (AmountOff(ident(901), 3000), 1000, 1000),
        (PercentOff(ident(901), 50), 1000, 500),
        (AllOff(ident(901)), 1000, 1000),
        (AllOff(ident(901)), 400, 400),
        (AllOff(ident(901)), 0, 0),
        (MinutesOff(ident(901), 60), 1000, None),
        (None, 1000, None),
    ],
)
def test_charging_that_is_told_after_the_exit_is_given_back_as_far_as_it_was_paid(
    path, credit, paid, back
):
    async def story(park):
        stay = await park.comes(X, 0)
        if paid:
            await park.told(telling.Pay, 50, stay, "", paid, at(50), "wechat")
        await park.leaves(X, 60, terms=bill(stay, 1000, paid=paid), reason=Reason.OWING)
        await park.comes(X, 70)
        fields = ("PILE-1", X, at(5), at(30), 9000, credit)
        await park.told(telling.Charge, 80, *fields, name=ident(901))
        late = [one for one in await park.money(stay) if one[2]]
        return late, (await park.facts(X, 81)).credits, await outcomes(park)

    late, granted, told = parked(path, story)
    assert late == ([("discount", back, True), ("overpaid", back, True)] if back else [])
    assert granted == ()
    assert told[-1] == ("charge", "too_late" if back is None else "done")


def test_what_was_given_back_for_charging_is_not_given_back_again(path):
    async def story(park):
        stay = await park.comes(X, 0)
        await park.told(telling.Pay, 50, stay, "", 1000, at(50), "wechat")
        await park.leaves(X, 60, terms=bill(stay, 1000, paid=1000))
        for number in (901, 902):
            fields = (f"PILE-{number}", X, at(5), at(30), 9000, AmountOff(ident(number), 700))
            await park.told(telling.Charge, 80, *fields, name=ident(number))
        return [fen for kind, fen, _ in await park.money(stay) if kind == "overpaid"]

    assert parked(path, story) == [700, 300]


# --- what is known of a plate ------------------------------------------------------------


def test_of_several_words_about_funds_the_greatest_number_counts(path):
    async def story(park):
        for fields in ((500, False, 2), (900, False, 1), (700, True, 3)):
            await park.told(telling.Funds, 1, X, *fields)
        return (await park.facts(X, 2)).funds, await outcomes(park)

    funds, told = parked(path, story)
    assert funds == FundsKnown(700, locked=True)
    assert [outcome for _, outcome in told] == ["done", "old", "done"]


def test_an_attestation_counts_for_its_kind_until_it_expires(path):
    async def story(park):
        for plate, passes in ((X, True), (Y, False)):
            await park.told(telling.Attested, 1, plate, "visitor", passes, at(30))
        asked = ((X, 29, "visitor"), (X, 30, "visitor"), (X, 29, "goods"), (Y, 29, "visitor"))
        return [(await park.facts(p, m, attest=kind)).attested for p, m, kind in asked]

    assert parked(path, story) == [
        Attested.PASSES,
        Attested.UNKNOWN,
        Attested.UNKNOWN,
        Attested.FAILS,
    ]


# --- people ------------------------------------------------------------------------------


def test_a_plate_that_was_read_wrong_is_put_right_and_both_texts_are_kept(path):
    async def story(park):
        stay = await park.comes(X, 0)
        await park.told(telling.Pay, 1, stay, "", 500, at(1), "wechat")
        _, changed = await park.told(telling.Correct, 2, stay, Y, *BLUE, "li.wei", "B was an 8")
        sessions = await park.bodies("session")
        facts = await park.facts(Y, 3)
        money = await park.rows("select plate from money")
        return stay, changed, sessions[-1], facts.payments, money

    stay, changed, body, payments, money = parked(path, story)
    assert changed == Changed((stay,), (X, Y))
    assert (body["phase"], body["plate"]) == ("corrected", Y)
    (note,) = body["notes"]
    assert (note["was"], note["by"], note["reason"]) == (X, "li.wei", "B was an 8")
    assert ([one.amount_fen for one in payments], money) == ([500], [(Y,)])


def test_two_that_are_one_vehicle_become_one_stay_with_the_money_of_both(path):
    async def story(park):
        first, second = await park.comes(X, 0), await park.comes(Y, 10)
        for stay, fen in ((first, 300), (second, 500)):
            await park.told(telling.Pay, 20, stay, "", fen, at(20), "wechat")
            await park.told(telling.Grant, 20, stay, "", AmountOff("x", fen), None, "s")
        await park.told(telling.Correct, 30, second, X, *BLUE, "guard", "same car")
        facts = await park.facts(X, 31)
        await park.told(telling.Pay, 32, second, "", 100, at(32), "wechat")
        there = await park.store.occupancy()
        return first, facts, await park.money(first), there, await park.session(second, "closing")

    first, facts, money, there, closing = parked(path, story)
    assert [one.session_id for one in facts.inside] == [first]
    assert sum(one.amount_fen for one in facts.payments) == 800
    assert len(facts.credits) == 2
    assert sum(fen for _, fen, _ in money) == 900
    assert (there, closing) == (inside(main=1), "merged")


def test_an_exit_under_a_misread_plate_is_merged_into_the_stay_that_it_ended(path):
    async def story(park):
        stay = await park.comes(X, 0)
        await park.told(telling.Pay, 1, stay, "", 1500, at(1), "wechat")
        terms = Terms("self", bill=a_bill(2000), due_fen=2000)
        unseen = await park.leaves(Y, 60, terms=terms, reason=Reason.OWING)
        debts = [(await park.facts(plate, 61)).owed_fen for plate in (X, Y)]
        await park.told(telling.Merge, 62, unseen, stay, "li.wei", "A was a B")
        debts += [(await park.facts(plate, 63)).owed_fen for plate in (X, Y)]
        row = await park.session(stay, "closing, exit_pass, left_at")
        account = read_account(park.path, day_of(NOON))
        figures = await park.figures(stay), await park.figures(unseen)
        return unseen, debts, row, figures, account, await park.store.occupancy()

    unseen, debts, row, figures, account, there = parked(path, story)
    assert debts == [0, 2000, 500, 0]
    assert row == ("exit", unseen, "2026-03-01T05:00:00.000Z")
    assert figures == ((2000, 0, 0, 2000, 0), (0, 0, 0, 0, 0))
    assert account.balanced
    assert (account.money.stays, account.money.figures["total"]) == (1, 2000)
    assert account.money.received == {"wechat": 1500}
    assert there == ()


def test_what_was_paid_beyond_such_a_bill_is_to_be_given_back(path):
    async def story(park):
        stay = await park.comes(X, 0)
        await park.told(telling.Pay, 1, stay, "", 1500, at(1), "wechat")
        await park.told(telling.Pay, 2, stay, "", 100, at(2), "wechat")
        await park.told(telling.Refund, 3, stay, 100, at(3), "twice")
        unseen = await park.leaves(Y, 60, terms=bill("self", 1000), reason=Reason.OWING)
        await park.told(telling.Merge, 62, unseen, stay, "li.wei", "A was a B")
        late = [(kind, fen) for kind, fen, late in await park.money(stay) if late]
        return late, read_account(park.path, day_of(NOON)), (await park.facts(X, 63)).owed_fen

    late, account, debt = parked(path, story)
    assert sorted(late) == [
        ("overpaid", 100),
        ("overpaid", 500),
        ("payment", 100),
        ("payment", 500),
        ("refund", 100),
        ("settled", 1000),
    ]
    assert (account.balanced, debt) == (True, 0)


def test_two_stays_that_have_both_ended_stay_two(path):
    async def story(park):
        stays = []
        for plate in (X, Y):
            stay = await park.comes(plate, 0)
            await park.leaves(plate, 60, terms=bill(stay, 500), reason=Reason.OWING)
            stays.append(stay)
        await park.told(telling.Merge, 62, *stays, "li.wei", "?")
        return [await park.session(one, "closing") for one in stays], await outcomes(park)

    assert parked(path, story) == (["exit", "exit"], [("merge", "too_late")])


def test_a_person_ends_a_stay_and_what_was_paid_is_what_it_cost(path):
    async def story(park):
        stay = await park.comes(X, 0)
        await park.told(telling.Pay, 1, stay, "", 500, at(1), "wechat")
        for _ in range(2):
            await park.told(telling.Close, 60, stay, "li.wei", "left by the open boom")
        await park.told(telling.Close, 60, ident(404), "li.wei", "?")
        row = await park.session(stay, "closing, left_at")
        return row, await park.figures(stay), await outcomes(park)

    row, figures, told = parked(path, story)
    assert row == ("by_hand", "2026-03-01T05:00:00.000Z")
    assert figures == (500, 0, 500, 0, 0)
    assert told[1:] == [("close", "done"), ("close", "too_late"), ("close", "unknown")]


def test_a_credit_for_a_visit_that_nobody_saw_come_waits_for_it(path):
    async def story(park):
        visit = ident(50)
        await park.told(telling.Grant, 1, visit, "", AllOff("x"), None, "shop", name=ident(901))
        facts = await park.facts(X, 2, session_id=visit)
        terms = bill(visit, 1000, off=((ident(901), 1000),))
        await park.leaves(X, 3, name=visit, terms=terms)
        return facts.credits, await park.rows("select used_by, used_fen from credits"), visit

    granted, used, visit = parked(path, story)
    assert [one.credit_id for one in granted] == [ident(901)]
    assert used == [(visit, 1000)]


async def merged(park, one, into):
    await park.told(telling.Merge, 300, one, into, "li.wei", "one stay")
    columns = "closing, entered_at, left_at, linked"
    rows = [await park.session(name, columns) for name in (one, into)]
    figures = [await park.figures(name) for name in (one, into)]
    return rows, figures, await park.store.occupancy(), read_account(park.path, day_of(NOON))


def test_a_stay_that_was_only_superseded_goes_on_when_its_second_entry_was_none(path):
    async def story(park):
        first = await park.comes(X, 0)
        await park.told(telling.Pay, 1, first, "", 300, at(1), "wechat")
        second = await park.comes(X, 10)
        await park.told(telling.Pay, 11, second, "", 100, at(11), "wechat")
        found = await merged(park, second, first)
        facts = await park.facts(X, 301)
        await park.leaves(X, 302, terms=bill(first, 500, paid=400), reason=Reason.OWING)
        account = read_account(park.path, day_of(NOON))
        return first, found, facts, await park.figures(first), account

    first, (rows, _, there, before), facts, figures, after = parked(path, story)
    assert rows == [
        ("merged", "2026-03-01T04:10:00.000Z", None, first),
        (None, "2026-03-01T04:00:00.000Z", None, ""),
    ]
    assert there == inside(main=1)
    assert [one.session_id for one in facts.inside] == [first]
    assert sum(one.amount_fen for one in facts.payments) == 400
    assert figures == (500, 0, 400, 100, 0)
    assert before.balanced
    assert after.balanced


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("backwards", [True, False])
def test_of_two_that_are_one_the_exit_of_either_is_the_end(path, which, backwards):
    async def story(park):
        stays = [await park.comes(X, 0), await park.comes(Y, 10)]
        for stay in stays:
            await park.told(telling.Pay, 11, stay, "", 300, at(11), "wechat")
        terms = bill(stays[which], 500, paid=300)
        await park.leaves((X, Y)[which], 60, terms=terms, reason=Reason.OWING)
        order = reversed(stays) if backwards else stays
        found = await merged(park, *order)
        debts = [(await park.facts(plate, 301)).owed_fen for plate in (X, Y)]
        return stays, found, debts, await park.money(stays[0])

    stays, (rows, figures, there, account), debts, money = parked(path, story)
    kept, gone = reversed(rows) if backwards else rows
    assert kept == ("exit", "2026-03-01T04:00:00.000Z", "2026-03-01T05:00:00.000Z", "")
    assert (gone[0], gone[3]) == ("merged", stays[0])
    assert sorted(figures) == [(0, 0, 0, 0, 0), (500, 0, 300, 200, 0)]
    assert (there, debts, account.balanced) == ((), [0, 0], True)
    assert account.money.received == {"wechat": 600}
    assert sorted(fen for kind, fen, late in money if late) == [100, 100, 200]


def test_a_stay_does_not_end_before_it_began(path):
    async def story(park):
        unseen = await park.leaves(Y, 0, terms=Terms("self"))
        stay = await park.comes(X, 10)
        await park.told(telling.Merge, 62, unseen, stay, "li.wei", "?")
        return await park.session(stay, "closing"), await outcomes(park)

    assert parked(path, story) == (None, [("merge", "too_late")])
