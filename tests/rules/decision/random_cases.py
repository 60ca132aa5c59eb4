"""Cases that nobody chose: a vehicle, what is known of it, and what an operator wants."""

from dataclasses import replace

from gateway.lane.types import Direction, Verdict
from gateway.rules.decision import (
    Arriving,
    Attested,
    Deduction,
    Facts,
    Funds,
    NoEntry,
    Passback,
    Policy,
)
from gateway.rules.rights import Right, RightKind, Span, Tolerance, Use, Window
from gateway.rules.sessions import Inner, Session
from gateway.rules.tariff import Payment
from gateway.rules.tariff.stay import AllOff, AmountOff
from tests.rules.decision.cases import CAR, PLATE, Case
from tests.rules.decision.slots import DAY, MONDAY_S, SLOT_S, when

WEEK = 7 * DAY
IDS = ("a", "b", "c")
OTHERS = ("京B99999", "京A1Z345", "")


def a_case(dice) -> Case:
    direction = Direction.ENTRY if dice.random() < 0.35 else Direction.EXIT
    entered = DAY + dice.randrange(WEEK)
    now = entered + length(dice)
    session = None if dice.random() < chance_of_none(direction) else a_session(dice, entered, now)
    rights = tuple(a_right(dice, name, entered, now) for name in IDS[: amount(dice)])
    policy = a_policy(dice, direction)
    arriving = Arriving("p1", a_vehicle(dice), when(now))
    facts = Facts(inside=(session,) if session else (), rights=rights)
    facts = replace(facts, **uses(dice, rights, entered), **others(dice, direction))
    if direction is Direction.EXIT:
        facts = replace(facts, **money(dice, entered, now))
    return Case(policy, facts, arriving)


def chance_of_none(direction):
    return 0.6 if direction is Direction.ENTRY else 0.1


def length(dice):
    return dice.choice([dice.randrange(1, 13), dice.randrange(1, 60), dice.randrange(1, 400)])


def amount(dice):
    return dice.choice([0, 1, 1, 1, 2, 2, 3])


def a_vehicle(dice):
    kind = "police" if dice.random() < 0.03 else "civil"
    return replace(CAR, kind=kind, vehicle="car" if dice.random() < 0.9 else "large")


def a_session(dice, entered, now):
    plate = PLATE if dice.random() < 0.9 else dice.choice(OTHERS)
    vehicle = replace(CAR, plate=plate, vehicle="car" if dice.random() < 0.9 else "large")
    came_by = dice.choice(["", *IDS])
    inner = visits(dice, entered, now) if dice.random() < 0.4 else ()
    return Session("s1", vehicle, "main", when(entered), right_id=came_by, inner=inner)


def visits(dice, entered, now):
    begin = entered + dice.randrange(0, max(1, now - entered))
    end = begin + dice.randrange(1, 60)
    if end >= now or dice.random() < 0.3:
        return (Inner("inner", when(begin)),)
    first = Inner("inner", when(begin), when(end))
    again = end + dice.randrange(1, 30)
    return (first, Inner("inner", when(again))) if again < now else (first,)


def near(dice, entered, now):
    """A slot near the stay, and often just at one of its ends."""
    return dice.choice([entered, now, entered - dice.randrange(DAY), now + dice.randrange(DAY)])


def a_right(dice, name, entered, now) -> Right:
    began = dice.choice([0, 0, near(dice, entered, now), dice.randrange(entered - 1, now + 1)])
    ended = dice.choice(
        [began + 40 * DAY, near(dice, entered, now), dice.randrange(entered, now + 9)]
    )
    some = dice.random
    return Right(
        right_id=name,
        version=1,
        kind=dice.choice(list(RightKind)),
        plates=frozenset({PLATE}),
        valid=Span(seconds(began), seconds(max(began + 1, ended))),
        windows=tuple(a_window(dice) for _ in range(dice.choice([0, 0, 1, 2]))),
        tolerance=a_tolerance(dice),
        spaces=dice.choice([None, None, None, 1, 2]),
        succession=some() < 0.5,
        areas=frozenset(dice.choice([(), (), (), ("main",), ("inner",), ("main", "inner")])),
        classes=frozenset(dice.choice([(), (), (), ("car",), ("large",)])),
        uses=dice.choice([None, None, None, 1, 2]),
        no_show_s=dice.choice([0, 0, 0, 6 * SLOT_S]),
        paid=some() < 0.9,
        plan="lent" if some() < 0.05 else "",
    )


def seconds(slots):
    return MONDAY_S + slots * SLOT_S


def a_window(dice):
    start, end = dice.randrange(DAY), dice.randrange(DAY)
    days = frozenset(day for day in range(7) if dice.random() < 0.8)
    return Window(start * SLOT_S, end * SLOT_S, days)


def a_tolerance(dice):
    early, late = (dice.choice([0, 0, 3, 12]) * SLOT_S for _ in range(2))
    return Tolerance(early, late, dice.choice([0, 0, 7 * DAY, 12]) * SLOT_S)


def uses(dice, rights, entered):
    used = {r.right_id: Use(dice.randrange(3), dice.randrange(3)) for r in rights}
    shared = [r.right_id for r in rights if r.spaces is not None and dice.random() < 0.6]
    since = {name: seconds(entered + dice.choice([-9, 0, 5, 30])) for name in shared}
    return {"uses": used, "since": since}


def others(dice, direction):
    entry = direction is Direction.ENTRY
    return {
        "owed_fen": dice.choice([0, 0, 300]),
        "places_left": dice.choice([None, None, 5, 0]) if entry else None,
        "attested": dice.choice(list(Attested)) if entry else Attested.UNKNOWN,
        "online": dice.random() < 0.7,
    }


def money(dice, entered, now):
    payments = [
        Payment(dice.choice([100, 200, 300, 500, 1000, 5000]), when(now - dice.randrange(-1, 8)))
        for _ in range(dice.choice([0, 0, 1, 2]))
    ]
    credits_ = [AmountOff("x", dice.choice([100, 700, 9999]))] if dice.random() < 0.2 else []
    credits_ += [AllOff("y")] if dice.random() < 0.05 else []
    return {
        "payments": tuple(payments),
        "credits": tuple(credits_),
        "funds": dice.choice([None, Funds(200), Funds(9999), Funds(9999, locked=True)]),
        "deduction": dice.choice([None, None, *Deduction]),
    }


def a_policy(dice, direction) -> Policy:
    area = dice.choice([{"area": "main"}, {"area": "main"}, {"area": "inner", "within": "main"}])
    rarely = {"allow": 0.04, "block": 0.04}
    lists = {name: frozenset({PLATE}) for name, odds in rarely.items() if dice.random() < odds}
    owe_fen = dice.choice([0, 300, 2000])
    return Policy(
        direction,
        **area,
        **lists,
        temporary=dice.choice(list(Verdict)),
        passback=dice.choice(list(Passback)),
        no_entry=dice.choice(list(NoEntry)),
        no_entry_fen=dice.choice([100, 900]),
        owe_fen=owe_fen,
        owe_all_fen=owe_fen + dice.choice([0, 200]),
        debtors=dice.choice(list(Verdict)),
        attest=dice.choice(["", "", "code"]),
        attest_fails=dice.choice(list(Verdict)),
    )
