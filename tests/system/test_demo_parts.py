"""The demo's people: what a phone reads on a screen, and what it pays."""

import asyncio
import contextlib
import json
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from drivers.pages.face import face
from drivers.twins.control import Twin
from drivers.twins.spec import TwinSpec
from gateway.demo.phone import Pace, Phone
from gateway.demo.received import inside_since_before, told_at
from gateway.demo.screens import Face, face_of
from gateway.demo.stage import DemoError
from gateway.demo.tally import Tally
from gateway.tickets import Ticket, TicketKey, pay_link

KEY = TicketKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
QUICK = Pace(thinks_s=(0.05, 0.05), look_s=0.01, retell_s=0.02)
QUOTED = datetime(2026, 11, 23, 4, 0, 0, tzinfo=UTC)
TICKET = Ticket("demo-gate", "ab" * 16, "京A12345", "main", QUOTED, QUOTED, 100, "cd" * 16)


def link(ticket, key=KEY):
    return pay_link("https://pay.example.com/p?t={ticket}", key.ticket(ticket))


class PaperScreen:
    """Shows what it is given."""

    def __init__(self):
        self.face = Face()
        self._news = asyncio.Event()

    def show(self, ticket=None, key=KEY):
        self.face = Face(("京A12345",), link(ticket, key)) if ticket else Face(("一路平安",))
        self._news.set()

    async def changed(self):
        await self._news.wait()
        self._news.clear()


class PaperCloud:
    """Books an order when it has heard it so many times."""

    ticket_key = KEY.public

    def __init__(self, hears=1):
        self.told = []
        self._hears = hears

    def order(self, what):
        self.told.append(what)

    def told_at(self, order_id):
        heard = sum(order["id"] == order_id for order in self.told)
        return QUOTED + timedelta(seconds=5.7) if heard >= self._hears else None


def play(story, cloud=None):
    """Run `story(screen)` beside a phone; returns the cloud and the phone's payments."""
    cloud = cloud or PaperCloud()

    async def run():
        screen = PaperScreen()
        phone = Phone(screen, cloud, cloud.told_at, pace=QUICK)
        at_work = asyncio.create_task(phone.run())
        await story(screen)
        await asyncio.sleep(0.3)
        at_work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await at_work
        return phone.payments

    return cloud, asyncio.run(run())


def shown(*tickets, apart_s=0.3):
    async def story(screen):
        for ticket in tickets:
            screen.show(ticket)
            await asyncio.sleep(apart_s)

    return story


def test_what_a_person_and_a_phone_read_is_what_the_page_was_told_to_show():
    lines = ("京A12345", "请付1.00元 <&>", "请扫码付款")
    assert face_of(face(lines, link(TICKET))) == Face(lines, link(TICKET))
    assert face_of(face(lines)) == Face(lines, "")


def test_a_phone_pays_the_fee_of_the_ticket_on_the_screen_for_its_session():
    cloud, (payment,) = play(shown(TICKET))
    assert {(order["session_id"], order["amount_fen"]) for order in cloud.told} == {
        (TICKET.session_id, 100)
    }
    assert payment.told_at is not None


def test_every_second_payment_is_told_twice_under_one_id():
    other = replace(TICKET, session_id="12" * 16)
    cloud, payments = play(shown(TICKET, other))
    assert [payment.tellings for payment in payments] == [2, 1]
    assert len({order["id"] for order in cloud.told}) == 2


def test_a_payment_that_no_record_names_is_told_again():
    cloud, (payment,) = play(shown(TICKET), PaperCloud(hears=4))
    assert payment.tellings == len(cloud.told) >= 4
    assert len({order["id"] for order in cloud.told}) == 1


def test_the_same_ticket_shown_again_is_not_paid_again():
    _, payments = play(shown(TICKET, None, TICKET))
    assert len(payments) == 1


def test_a_ticket_that_was_reckoned_before_the_payment_was_booked_is_not_paid():
    _, payments = play(shown(TICKET, replace(TICKET, quoted_at=QUOTED + timedelta(seconds=4))))
    assert len(payments) == 1


def test_what_is_due_after_a_payment_was_booked_is_paid_too():
    more = replace(TICKET, quoted_at=QUOTED + timedelta(seconds=5), fee_fen=50)
    _, payments = play(shown(TICKET, more))
    assert [payment.ticket.fee_fen for payment in payments] == [100, 50]


def test_who_drives_off_while_the_phone_is_looked_for_pays_nothing():
    cloud, payments = play(shown(TICKET, None, apart_s=0))
    assert (cloud.told, payments) == ([], [])


def test_a_code_that_the_gateway_did_not_sign_ends_the_demo():
    stranger = TicketKey(Ed25519PrivateKey.from_private_bytes(bytes(32)))

    async def story(screen):
        screen.show(TICKET, stranger)

    with pytest.raises(DemoError, match="cannot be paid"):
        play(story)


def records(path, *bodies):
    """A receiver's database with the part that the demo looks at."""
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("create table record (kind text, body text)")
        db.executemany("insert into record values (?, ?)", bodies)
    return path


def session(session_id, entered_at, closing=None):
    return "session", json.dumps(
        {"session_id": session_id, "entered_at": entered_at, "closing": closing}
    )


def test_a_payment_is_confirmed_by_the_record_that_names_it_and_by_no_other(tmp_path):
    told = json.dumps({"told_id": "a", "at": "2026-11-23T04:00:00.000Z"})
    path = records(tmp_path / "received.db", ("told", told), ("money", told.replace('"a"', '"b"')))
    assert told_at(path, "a") == QUOTED
    assert told_at(path, "b") is None


def test_a_receiver_that_has_nothing_yet_confirms_nothing(tmp_path):
    assert told_at(tmp_path / "none.db", "a") is None
    sqlite3.connect(tmp_path / "empty.db").execute("pragma user_version = 1")
    assert told_at(tmp_path / "empty.db", "a") is None


def test_only_stays_that_go_on_for_long_are_looked_for(tmp_path):
    path = records(
        tmp_path / "received.db",
        session("long", "2026-11-23T03:00:00.000Z"),
        session("gone", "2026-11-23T03:00:00.000Z"),
        session("gone", "2026-11-23T03:00:00.000Z", "exit"),
        session("new", "2026-11-23T03:59:00.000Z"),
    )
    assert inside_since_before(path, "2026-11-23T03:30:00.000Z") == ["long"]


def test_one_lane_s_cars_are_held_while_the_others_go_on(tmp_path):
    lanes = [{"name": "entry-1", "slave": 1}, {"name": "exit-1", "slave": 2}]
    paths = {name: tmp_path / name for name in ("socket", "port", "journal")}
    with Twin(TwinSpec.model_validate({"lanes": lanes} | paths)) as twin:
        twin.answer({"do": "hold_traffic", "lane": "entry-1"})
        held = {name: place.world.traffic.held for name, place in twin._places.items()}
        assert held == {"entry-1": True, "exit-1": False}
        twin.answer({"do": "hold_traffic"})
        assert all(place.world.traffic.held for place in twin._places.values())


@pytest.mark.parametrize(
    ("changes", "good"),
    [({}, True), ({"lost": 1}, False), ({"duplicated": 1}, False), ({"balanced": False}, False)],
)
def test_the_demo_ends_well_only_where_nothing_is_lost_or_doubled_and_money_balances(changes, good):
    figures = dict.fromkeys(Tally.__dataclass_fields__, 0) | {"balanced": True}
    assert Tally(**figures | changes).good is good
