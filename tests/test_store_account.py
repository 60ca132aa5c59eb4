"""A day's account of the car park, and how long what it counts is kept."""

import asyncio
import contextlib
import sqlite3
from datetime import date

import pytest
import yaml
from click.testing import CliRunner

from gateway.accounts import Stay, money_of
from gateway.commands.ledger import ledger
from gateway.erasure import Erasure, Wish
from gateway.lane.types import Direction, PlateColour, PlateType, Reason, Terms
from gateway.ledger import as_fields
from gateway.rules.tariff.stay import AmountOff
from gateway.store import Store, StoreDamagedError, read_account, read_ledger
from gateway.store.days import day_of
from gateway.store.retention import DAY_S
from gateway.sync import telling
from tests.storepark import NOON, X, Y, at, parked
from tests.storing import a_pass, a_visit, played, rows, undo_sixth_form
from tests.system.box import a_lane
from tests.test_store_sessions import bill

DAY = day_of(NOON)
BLUE = PlateType.CIVIL, PlateColour.BLUE
PLATES = ("京C00001", "京C00002", "京C00003")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lanegate.db"


def configured(path):
    config = path.with_name("lanegate.yaml")
    document = {
        "gateway": "north",
        "data": str(path.parent),
        "buses": {"line-1": {"driver": "modbus_tcp", "host": "127.0.0.1", "port": 9}},
        "lanes": [a_lane("lane-1", 1, None)],
    }
    config.write_text(yaml.safe_dump(document), "utf-8")
    return config


def test_a_day_says_who_came_what_it_cost_and_who_paid(path):
    async def story(park):
        stays = [await park.comes(plate, minute) for minute, plate in enumerate(PLATES)]
        await park.told(telling.Pay, 5, stays[0], "", 500, at(5), "wechat")
        await park.leaves(PLATES[0], 60, terms=bill(stays[0], 400, paid=500))
        await park.leaves(PLATES[1], 61, terms=bill(stays[1], 800), reason=Reason.OWING)
        await park.told(telling.Close, 62, stays[2], "guard", "gone")
        await park.comes(X, 63)
        await park.leaves(Y, 64, terms=Terms("self"))
        tomorrow = 24 * 60
        await park.told(telling.Settle, tomorrow, stays[1], 300, at(tomorrow), "cash")
        await park.leaves(X, tomorrow + 1)
        days = [read_account(park.path, date(2026, 3, day)) for day in (1, 2)]
        await park.store.publish_ledger(DAY, at(tomorrow))
        return days, await park.bodies("ledger")

    (first, second), (body,) = parked(path, story)
    (area,) = first.sessions.areas
    assert (area.at_start, area.began, area.ended, area.at_end) == (0, 4, 3, 1)
    assert (first.sessions.by_hand, first.sessions.never_seen) == (1, 1)
    assert first.sessions.oldest_inside == "2026-03-01T05:03:00.000Z"
    assert (first.money.stays, first.money.received) == (4, {"wechat": 500})
    assert first.money.figures == {
        "total": 1200, "discounted": 0, "paid": 500, "owed": 800, "overpaid": 100,
    }  # fmt: skip
    assert (first.money.debts, first.money.debts_fen) == (1, 800)
    assert (second.money.settled, second.money.received) == (300, {"cash": 300})
    assert (second.money.debts, second.money.debts_fen) == (1, 500)
    assert (second.sessions.areas[0].at_start, second.sessions.areas[0].at_end) == (1, 0)
    assert first.balanced
    assert second.balanced
    told = {name: value for name, value in body.items() if name != "_"}
    assert told == as_fields(DAY, read_ledger(path, DAY), first)


def test_a_box_without_a_car_park_has_the_ledger_that_it_always_had(path):
    async def story(store):
        await store.end("lane-1", Direction.ENTRY, a_pass())

    played(path, story)
    assert read_account(path, DAY) is None
    fields = as_fields(DAY, read_ledger(path, DAY))
    assert set(fields) == {"day", "zone", "balance", "balanced", "lanes"}


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        ("delete from money where kind = 'owed'", "owed is 500 fen"),
        ("update money set amount_fen = 499 where kind = 'payment'", "paid is 300 fen"),
        ("update sessions set total_fen = total_fen + 1", "total + overpaid"),
        ("update sessions set settled_fen = 1", "499 fen are owed"),
        ("update sessions set closed_at = '2026-02-20T00:00:00.000Z'", "sessions"),
        ("delete from money where kind = 'overpaid'", "money"),
    ],
)
def test_a_day_that_does_not_balance_says_so_and_the_command_ends_with_one(path, harm, why):
    async def story(park):
        stay = await park.comes(X, 0)
        await park.told(telling.Pay, 5, stay, "", 300, at(5), "wechat")
        await park.leaves(X, 60, terms=bill(stay, 800, paid=300), reason=Reason.OWING)
        await park.told(telling.Pay, 5, "", Y, 300, at(5), "wechat")
        before = read_account(park.path, DAY).balanced
        await park.rows(harm)
        await park.rows("delete from passes")  # that had no raises
        return before

    config = configured(path)
    assert parked(path, story) is True
    done = CliRunner().invoke(ledger, [str(config), "--day", "2026-03-01"])
    assert done.exit_code == 1, done.output
    assert why in done.output
    assert "2026-03-01 does not balance" in done.output


def test_the_command_shows_the_account_and_ends_with_zero(path):
    async def story(park):
        stay = await park.comes(X, 0)
        await park.told(telling.Pay, 5, stay, "", 1250, at(5), "wechat")
        await park.leaves(X, 60, terms=bill(stay, 1250, paid=1250))
        await park.rows("delete from passes")  # that had no raises

    config = configured(path)
    parked(path, story)
    done = CliRunner().invoke(ledger, [str(config), "--day", "2026-03-01"])
    assert done.exit_code == 0, done.output
    assert "received by wechat: 12.50 yuan" in done.output
    assert "2026-03-01 balances" in done.output


def test_heads_that_do_not_add_up_do_not_balance():
    figures = {"total": 5, "discounted": 0, "paid": 5, "owed": 0, "overpaid": 0}
    assert money_of([Stay("a", figures, {"paid": 5})], {}).balanced
    assert not money_of([Stay("a", figures, {"paid": 5})], {}, late=1).balanced
    assert not money_of([Stay("a", figures | {"total": 6}, {"paid": 5})], {}).balanced


# --- how long it is kept, and how it goes ------------------------------------------------


def kept(path):
    return {
        table: rows(path, f"select count(*) from {table}")[0][0]  # noqa: S608
        for table in ("sessions", "money", "credits", "told")
    }


async def one_of_each(park):
    """Somebody inside, somebody who owes, and somebody who is gone and has paid."""
    inside, owes, gone = [await park.comes(plate, 0) for plate in PLATES]
    for stay in (inside, owes, gone):
        credit = AmountOff("", 100)
        await park.told(telling.Grant, 1, stay, "", credit, None, "s")
        await park.told(telling.Pay, 2, stay, "", 200, at(2), "wechat")
    await park.leaves(PLATES[1], 60, terms=bill(owes, 800, paid=200), reason=Reason.OWING)
    await park.leaves(PLATES[2], 60, terms=bill(gone, 200, paid=200))
    return inside, owes, gone


def test_what_is_over_goes_by_age_and_what_is_not_over_or_not_paid_stays(path):
    async def story(park):
        inside, owes, _ = await one_of_each(park)
        for _ in range(3):
            await park.store.tend(DAY_S * 200, events_s=DAY_S * 365, sends=False)
        left = await park.rows("select session_id from sessions order by session_id")
        money = await park.rows("select session_id, kind from money order by rowid")
        return [inside, owes], [name for (name,) in left], money

    stay, left, money = parked(path, story)
    assert left == sorted(stay)
    assert [kind for name, kind in money if name == stay[0]] == ["payment"]
    assert [kind for name, kind in money if name == stay[1]] == ["payment", "owed"]
    assert len(money) == 3


def test_a_long_stay_is_kept_from_its_end_on_with_all_its_money(path):
    async def story(park):
        stay = await park.comes(X, 0)
        await park.told(telling.Pay, 2, stay, "", 200, at(2), "wechat")
        for _ in range(3):
            await park.store.tend(DAY_S * 200, events_s=DAY_S * 365, sends=False)
        await park.leaves(X, 60, terms=bill(stay, 200, paid=200))
        await park.store.tend(3600.0, events_s=DAY_S * 365, sends=False)
        return read_account(park.path, DAY)

    account = parked(path, story)
    assert (account.balanced, account.money.stays) == (True, 1)
    assert kept(path)["money"] == 1


def test_by_a_persons_word_all_before_a_time_goes_but_not_what_is_not_over(path):
    async def story(park):
        await one_of_each(park)

    parked(path, story)
    found = Erasure(path.parent).do(Wish(before=at(24 * 60)), "guard", "site closed")
    assert (found.counts["sessions"], found.counts["money"]) == (1, 1)
    assert kept(path) | {"credits": 0} == {"sessions": 2, "money": 3, "credits": 0, "told": 0}


def test_a_plate_is_taken_out_of_every_table_and_the_days_still_balance(path):
    async def story(park):
        for plate in PLATES[2:]:
            stay = await park.comes(plate, 0, terms=Terms("self", why=f"{plate} may", ticket="t"))
            await park.told(telling.Correct, 1, stay, X, *BLUE, plate, plate)
            await park.told(telling.Correct, 2, stay, plate, *BLUE, "guard", X)
            await park.told(telling.Grant, 3, "", plate, AmountOff("", 100), None, plate)
            await park.told(telling.Charge, 3, "P", plate, at(1), at(2), 9, None)
            await park.told(telling.Funds, 3, plate, 1, *(False, 1))
            await park.told(telling.Attested, 3, plate, "v", *(True, at(9)))
            await park.told(telling.Pay, 4, stay, "", 200, at(2), plate)
            await park.leaves(plate, 60, terms=bill(stay, 200, paid=200))
        await park.told(telling.Pay, 70, "", PLATES[2], 100, at(70), "wechat")
        return [read_account(park.path, DAY).balanced]

    assert parked(path, story) == [True]
    erasure = Erasure(path.parent)
    found = erasure.do(Wish(plate=PLATES[2], unsent=True), "guard", "asked for")
    assert (found.under_way, found.unsent, found.traces) == (0, 0, ())
    assert (found.counts["sessions"], found.counts["money"], found.counts["known"]) == (1, 3, 2)
    assert read_account(path, DAY).balanced
    assert rows(path, "select plate, total_fen from sessions") == [("", 200)]
    assert rows(path, "select distinct json_extract(terms, '$.ticket') from passes") == [(None,)]


def test_a_plate_that_is_inside_or_owes_stays_until_it_is_over(path):
    async def story(park):
        await one_of_each(park)

    parked(path, story)
    for plate in PLATES[:2]:
        found = Erasure(path.parent).do(Wish(plate=plate, unsent=True), "guard", "asked for")
        assert found.under_way == 1
        assert (plate,) in rows(path, "select plate from sessions")
        assert (plate,) in rows(path, "select plate from money")


# --- older files, damaged files ----------------------------------------------------------


def test_a_file_of_the_fifth_form_goes_on_with_all_that_it_had(path):
    async def before(store):
        await store.decide("lane-1", Direction.ENTRY, a_visit("p1"), NOON)
        await store.end("lane-1", Direction.ENTRY, a_pass(a_visit("p2")))
        return await store.unsent(0, 10)

    async def after(park):
        stay = await park.comes(X, 5)
        return await park.store.open_visits("lane-1"), await park.store.unsent(0, 2), stay

    old = played(path, before)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        undo_sixth_form(db)
        db.execute("pragma user_version = 5")
    assert read_account(path, DAY) is None
    visits, records, stay = parked(path, after)
    assert visits == (a_visit("p1"),)
    assert records == old
    assert rows(path, "select session_id from sessions") == [(stay,)]


def test_a_damaged_name_of_a_column_is_damage_and_mended_at_the_next_start(path):
    async def story(park):
        await one_of_each(park)

    parked(path, story)
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"total_fen integer", b"tota\xff_fen integer"))

    async def asked():
        store = Store(path)
        with pytest.raises(StoreDamagedError):
            await store._do(lambda db: db.execute("select * from sessions").description)
        await store.close()

    asyncio.run(asked())
    Store.open_or_mend(path, "north")
    assert kept(path)["money"] > 0


def test_a_mended_file_has_the_car_park_of_the_damaged_one(path):
    async def story(park):
        await one_of_each(park)
        return await park.store.occupancy()

    before = parked(path, story)
    path.with_name("lanegate.db.suspect").touch()

    async def after():
        store = Store.open_or_mend(path, "north")
        try:
            return await store.occupancy()
        finally:
            await store.close()

    there = kept(path)
    assert asyncio.run(after()) == before
    assert kept(path) == there
