"""Long stories by chance: the store comes to what a dict comes to, day by day, to the fen."""

import random
from datetime import date, timedelta

import pytest

from gateway.lane.types import PlateColour, PlateType, Reason, Terms
from gateway.rules.tariff.stay import AmountOff
from gateway.store import read_account
from gateway.sync import telling
from tests.storemodel import Model
from tests.storepark import NOON, a_bill, at, parked

PLATES = ("京A11111", "京A22222", "京B33333", "京B44444", "京C55555", "")
BLUE = PlateType.CIVIL, PlateColour.BLUE
STEPS = 220
BEGAN = 12 * 60
"""NOON is noon in Shanghai: the model's days begin at midnight there."""


class Story:
    def __init__(self, park, dice):
        self.park, self.dice, self.model = park, dice, Model()
        self.now = 0
        self.said = []

    @property
    def clock(self):
        return self.now + BEGAN

    def plate(self):
        return self.dice.choice(PLATES)

    def any_stay(self):
        return self.dice.choice(list(self.model.stays)) if self.model.stays else None

    async def order(self, kind, *fields):
        name, changed = await self.park.told(kind, self.now, *fields)
        self.said.append(kind(name, *fields))
        return name, changed

    # --- what happens

    async def enter(self):
        plate = self.plate()
        name = await self.park.comes(plate, self.now)
        self.model.enter(name, plate, self.clock)

    async def leave(self):
        plate = self.plate()
        inside = self.model.inside(plate)
        if not inside:
            name = await self.park.leaves(plate, self.now, terms=Terms("self"))
            self.model.unseen(name, plate, self.clock)
            return
        name = inside[-1] if plate else inside[0]
        for old in inside[:-1] if plate else ():
            self.model._as_paid(old, "superseded", self.clock)
        billed = self.dice.random() < 0.8
        await self.park.leaves(plate, self.now, **self.terms(name, billed=billed))
        self.model.leave(name, self.clock, billed=billed)

    def terms(self, name, *, billed):
        if not billed:
            return {"terms": None, "reason": Reason.OPEN_BUTTON}
        total, off = self.model.fee(name, self.clock), self.model.discounts(name, self.clock)
        paid = self.model.stays[name].paid
        due = max(0, total - paid - sum(fen for _, fen in off))
        bill = a_bill(total, paid=paid, off=off)
        return {"terms": Terms(name, bill=bill, due_fen=due), "reason": Reason.OWING}

    async def turn_back(self):
        await self.park.comes(self.plate(), self.now, ending="turned_back")

    async def pay(self):
        fen = self.dice.choice((100, 300, 1200, 5000))
        if self.dice.random() < 0.5 and (name := self.any_stay()):
            await self.order(telling.Pay, name, "", fen, at(self.now), "wechat")
            self.model.pay(self.model.real(name), fen, self.clock)
        elif plate := self.plate():
            name = self.model.to_pay(plate)
            await self.order(telling.Pay, "", plate, fen, at(self.now), "alipay")
            self.model.pay(name, fen, self.clock)

    async def settle(self):
        owing = [n for n, s in self.model.stays.items() if s.owed > s.settled]
        if owing:
            name, fen = self.dice.choice(owing), self.dice.choice((100, 700, 2000))
            await self.order(telling.Settle, name, fen, at(self.now), "cash")
            self.model.pay(name, fen, self.clock)

    async def grant(self):
        fen, plate = self.dice.choice((100, 400)), self.plate()
        inside = self.model.inside(plate) if plate else []
        if plate and self.dice.random() < 0.5:
            credit = AmountOff("", fen)
            until = at(self.now + 100_000)
            name = self.park.new_id()
            credit = AmountOff(name, fen)
            await self.park.told(telling.Grant, self.now, "", plate, credit, until, "x", name=name)
            self.model.credits[name] = telling_credit(fen, plate)
        elif inside:
            name = self.park.new_id()
            fields = (inside[-1], "", AmountOff(name, fen), None, "x")
            await self.park.told(telling.Grant, self.now, *fields, name=name)
            self.model.credits[name] = telling_credit(fen, plate, inside[-1])

    async def revoke(self):
        if self.model.credits:
            name = self.dice.choice(list(self.model.credits))
            await self.order(telling.Revoke, name)
            if self.model.credits[name].state == "granted":
                self.model.credits[name].state = "revoked"

    async def close(self):
        inside = [n for n, s in self.model.stays.items() if s.state == "inside"]
        if inside:
            name = self.dice.choice(inside)
            await self.order(telling.Close, name, "guard", "gone")
            self.model.close(name, self.clock)

    async def correct(self):
        plate, name = self.plate(), self.any_stay()
        if plate and name:
            await self.order(telling.Correct, name, plate, *BLUE, "guard", "misread")
            self.model.correct(self.model.real(name), plate)

    async def merge(self):
        inside = [n for n, s in self.model.stays.items() if s.state == "inside"]
        if len(inside) > 1:
            one, into = self.dice.sample(inside, 2)
            plate = self.model.stays[into].plate
            await self.order(telling.Merge, one, into, "guard", "one stay")
            self.model.merge(one, into, plate)

    async def charge_after_the_exit(self):
        left = [
            n
            for n, s in self.model.stays.items()
            if s.state == "exit" and s.came and s.plate and not self.model.inside(s.plate)
        ]
        if not left:
            return
        name = self.dice.choice(left)
        stay = self.model.stays[name]
        newest = max(n for n, s in self.model.stays.items() if s.plate == stay.plate and s.closed)
        if newest != name or stay.state != "exit":
            return
        when = at(stay.closed - BEGAN)
        order, told = f"PILE-{self.now}", self.park.new_id()
        fields = (order, stay.plate, when, when, 100, AmountOff(told, 250))
        await self.park.told(telling.Charge, self.now, *fields, name=told)
        others = [
            s
            for s in self.model.stays.values()
            if s.plate == stay.plate and s.closed == stay.closed
        ]
        if len(others) == 1:
            self.model.charge_late(name, 250)

    async def say_again(self):
        """The network doubles orders."""
        if self.said:
            changed = await self.park.store.told(self.dice.choice(self.said))
            assert changed.sessions == changed.plates == ()

    async def restart(self):
        await self.park.again()

    # --- what must be true

    async def compare(self):
        model = self.model
        occupancy = await self.park.store.occupancy()
        assert sum(one.inside for one in occupancy) == model.count()
        for name, stay in model.stays.items():
            row = await self.park.session(name, "plate, closing, settled_fen")
            assert row[:2] == (
                stay.plate,
                None if stay.state == "inside" else stay.state.split(" ")[0],
            )
            if stay.state != "inside" and not stay.state.startswith("merged"):
                assert await self.park.figures(name) == stay.figures, (name, stay)
                assert row[2] == stay.settled
        for plate in PLATES[:-1]:
            await self.compare_facts(plate)

    async def compare_facts(self, plate):
        facts, model = await self.park.facts(plate, self.now), self.model
        inside = model.inside(plate)
        assert [one.session_id for one in facts.inside] == inside
        assert facts.owed_fen == model.debt(plate)
        if inside:
            assert sum(one.amount_fen for one in facts.payments) == model.stays[inside[-1]].paid
            granted = sorted(one.credit_id for one in facts.credits)
            assert granted == model.usable(plate, inside[-1])

    async def balance(self):
        """Every day balances, and its money is what the drivers gave."""
        model = self.model
        kinds = dict(await self.park.rows("select kind, sum(amount_fen) from money group by kind"))
        cash = sum(kinds.get(kind, 0) for kind in ("payment", "deduction", "settled"))
        assert cash == sum(model.cash.values())
        stays = model.stays.values()
        over = sum(s.over + s.late + s.late_off for s in stays) + model.loose
        assert kinds.get("overpaid", 0) == over
        for day in range(self.clock // 1440 + 1):
            account = read_account(self.park.path, date(2026, 3, 1) + timedelta(days=day))
            assert account is None or account.balanced, account
            if account is not None:
                assert sum(account.money.received.values()) == model.cash.get(day, 0)
                charged = [model.stays[name] for name in model.charged.get(day, ())]
                kept = [one for one in charged if not one.state.startswith("merged")]
                assert account.money.figures["total"] == sum(one.total for one in kept)
                assert account.money.stays == len(kept)
        assert account.money.debts_fen == sum(s.owed - s.settled for s in stays)


def telling_credit(fen, plate, stay=""):
    from tests.storemodel import Credit

    return Credit(fen, plate, stay)


ACTS = {
    Story.enter: 10,
    Story.leave: 8,
    Story.turn_back: 1,
    Story.pay: 7,
    Story.settle: 2,
    Story.grant: 5,
    Story.revoke: 2,
    Story.close: 1,
    Story.correct: 2,
    Story.merge: 1,
    Story.charge_after_the_exit: 1,
    Story.say_again: 3,
    Story.restart: 1,
}


@pytest.mark.parametrize("seed", range(6))
def test_the_store_comes_to_what_a_dict_comes_to(tmp_path, seed):
    async def tell(park):
        story = Story(park, random.Random(seed))
        for step in range(STEPS):
            story.now += story.dice.choice((1, 7, 45, 130, 400))
            (act,) = story.dice.choices(list(ACTS), list(ACTS.values()))
            await act(story)
            if step % 10 == 0:
                await story.compare()
        await story.compare()
        await story.balance()

    assert NOON.tzinfo is not None
    parked(tmp_path / "lanegate.db", tell)
