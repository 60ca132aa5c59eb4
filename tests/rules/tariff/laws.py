"""What holds for every tariff, each law a function of the engine that it judges.

`engine` has `quote` and `Account`: those of the product, or of a mutant.
"""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st

from gateway.rules.clock import DAY_S, local_s
from gateway.rules.tariff import LineKind, Payment, Stay
from gateway.rules.tariff.shapes import Exceeded, PeriodKind
from gateway.rules.tariff.stay import AllOff, Waived
from tests.rules.tariff.reckoner import DailyWalk, Walk
from tests.rules.tariff.strategies import (
    NEW_YEAR,
    built,
    granted,
    payments,
    seconds,
    stays,
    tariffs,
    written,
)

TAKEN_OFF = (LineKind.CAP, LineKind.PERCENT)

HOUR_S = 3600


def later(stay, second):
    return end_of_visits(stay) + timedelta(seconds=second)


def end_of_visits(stay):
    return max([stay.entered, *(visit.left for visit in stay.visits)])


def fee_is_monotone(engine, draw):
    """A longer stay never costs less, with the same credits and payments."""
    lot = draw(tariffs)
    stay, credits_ = draw(stays(lot)), draw(granted())
    first, more = draw(seconds), draw(st.one_of(st.integers(0, 2 * HOUR_S), seconds))
    short = engine.quote(lot, stay, later(stay, first), (), credits_)
    long = engine.quote(lot, stay, later(stay, first + more), (), credits_)
    assert short.total_fen <= long.total_fen
    assert short.due_fen <= long.due_fen


def never_above_cap(engine, draw):
    """Each period costs at most its cap, and so all of them their sum."""
    lot = draw(tariffs)
    stay = replace(draw(stays(lot)), visits=())
    period = lot.tariffs[0].plan_for(stay.vehicle, stay.rights).period
    length = draw(st.one_of(seconds, st.integers(2 * DAY_S, 5 * DAY_S)))
    fee = engine.quote(lot, stay, later(stay, length))
    charged_lines = [line for line in fee.lines if line.kind is not LineKind.WAIVED]
    origin = min((line.start_s for line in charged_lines), default=0)
    if period.kind is PeriodKind.CALENDAR_DAY:
        origin -= origin % DAY_S
    charged = Counter()
    for line in charged_lines:
        charged[(line.start_s - origin) // period.kind.length_s] += line.amount_fen
    for number, fen in charged.items() if period.caps_fen else ():
        assert fen <= period.caps_fen[min(number, len(period.caps_fen) - 1)]


def quoting_changes_nothing(engine, draw):
    """The same question has the same answer, whatever was asked in between."""
    lot = draw(tariffs)
    stay, other = draw(stays(lot)), draw(stays(lot))
    left = later(stay, draw(seconds))
    first = engine.quote(lot, stay, left)
    engine.quote(lot, other, later(other, draw(seconds)))
    assert engine.quote(lot, stay, left) == first


def paying_on_the_way_costs_the_same(engine, draw):
    """What is paid early and what is due later add up to what is due later without it."""
    lot = draw(tariffs)
    stay, credits_ = draw(stays(lot)), draw(granted())
    moments = sorted(later(stay, draw(seconds)) for _ in range(3))
    paid = ()
    for moment in moments[:-1]:
        due_fen = engine.quote(lot, stay, moment, paid, credits_).due_fen
        part_fen = draw(st.integers(0, due_fen))
        paid = (*paid, Payment(part_fen, moment)) if part_fen else paid
    with_it = engine.quote(lot, stay, moments[-1], paid, credits_)
    without = engine.quote(lot, stay, moments[-1], (), credits_)
    assert with_it.overpaid_fen == 0
    if with_it.grace_until is None:
        paid_fen = sum(payment.amount_fen for payment in paid)
        assert paid_fen + with_it.due_fen == without.due_fen
    else:
        assert moments[-1] <= with_it.grace_until
        assert with_it.due_fen == 0


def grace_is_for_whoever_settled(engine, draw):
    """Within the grace nothing more is due, after it everything since the entry is."""
    lot = draw(tariffs)
    stay, credits_ = draw(stays(lot)), draw(granted())
    moment = later(stay, draw(seconds))
    due_fen = engine.quote(lot, stay, moment, (), credits_).due_fen
    if due_fen == 0:
        return
    grace = timedelta(seconds=lot.tariffs[0].grace_s)
    part_fen = draw(st.integers(1, due_fen))
    last = engine.quote(lot, stay, moment + grace, (Payment(part_fen, moment),), credits_)
    assert (last.grace_until == moment + grace) == (part_fen == due_fen)
    after = moment + grace + timedelta(seconds=1)
    late = engine.quote(lot, stay, after, (Payment(due_fen, moment),), credits_)
    assert late.grace_until is None
    assert late.due_fen + due_fen == engine.quote(lot, stay, after, (), credits_).due_fen


def money_balances(engine, draw):
    """fee = discounts + paid + due - overpaid, and nothing of it is negative."""
    lot = draw(tariffs)
    stay, paid, credits_ = draw(stays(lot)), draw(payments), draw(granted())
    fee = engine.quote(lot, stay, later(stay, draw(seconds)), paid, credits_)
    assert 0 <= fee.discounted_fen <= fee.total_fen
    assert all(line.amount_fen < 0 for line in fee.discounts)
    assert min(fee.due_fen, fee.overpaid_fen) == 0
    settled = fee.discounted_fen + fee.paid_fen + fee.due_fen - fee.overpaid_fen
    assert fee.total_fen == settled
    assert fee.paid_fen == sum(payment.amount_fen for payment in paid)


def credits_only_help(engine, draw):
    """More credits never make a fee higher; neither their order nor sending one twice matters."""
    lot = draw(tariffs)
    stay, credits_ = draw(stays(lot)), draw(granted())
    left = later(stay, draw(seconds))
    fee = engine.quote(lot, stay, left, (), credits_)
    assert fee.due_fen <= engine.quote(lot, stay, left).due_fen
    shuffled = tuple(draw(st.permutations(credits_)))
    if len({one.credit_id for one in credits_}) == len(credits_):
        assert engine.quote(lot, stay, left, (), (*shuffled, *shuffled)) == fee
    if any(isinstance(one, AllOff) for one in credits_):
        in_its_place = {one.credit_id for one in credits_ if not isinstance(one, AllOff)}
        if any(isinstance(o, AllOff) and o.credit_id not in in_its_place for o in credits_):
            assert fee.due_fen == 0


def rights_only_help(engine, draw):
    """Who holds a right never pays more, and nothing is charged for what it covers."""
    lot = draw(tariffs)
    stay = draw(stays(lot))
    left = later(stay, draw(seconds))
    without = engine.quote(lot, replace(stay, waived=()), left)
    fee = engine.quote(lot, stay, left)
    assert fee.total_fen <= without.total_fen
    whole = (Waived(stay.entered - timedelta(draw(st.integers(0, 9))), left),)
    assert engine.quote(lot, replace(stay, waived=whole), left).total_fen == 0


def closed_fees_stay(engine, draw):
    """Neither a later look, a stepped clock, another tariff nor a second closing changes one."""
    lot, other = draw(tariffs), draw(tariffs)
    stay = draw(stays(lot))
    left = later(stay, draw(seconds))
    account = engine.Account(stay, draw(payments), draw(granted())).close(lot, left)
    stepped = left + timedelta(seconds=draw(st.integers(-10 * DAY_S, 10 * DAY_S)))
    fee = account.fee(lot, left)
    assert account.fee(lot, stepped) == fee
    assert account.fee(other, stepped) == fee
    assert account.close(other, stepped).fee(lot, left) == fee


def a_clock_that_steps_back_takes_nothing_back(engine, draw):
    """Who has paid is owed nothing and owes the rest, at any earlier time too."""
    lot = draw(tariffs)
    stay = draw(stays(lot))
    moment = later(stay, draw(seconds))
    due_fen = engine.quote(lot, stay, moment).due_fen
    if due_fen:
        part_fen = draw(st.one_of(st.just(due_fen), st.integers(1, due_fen)))
        stepped = moment - timedelta(seconds=draw(st.integers(0, 10 * DAY_S)))
        fee = engine.quote(lot, stay, stepped, (Payment(part_fen, moment),))
        assert (fee.due_fen, fee.overpaid_fen) == (due_fen - part_fen, 0)


def lines_explain_every_second(engine, draw):
    """Each second of the stay stands in one line, and each line's amount follows from it."""
    lot = draw(tariffs)
    stay = draw(stays(lot))
    fee = engine.quote(lot, stay, later(stay, draw(seconds)))
    times = [line for line in fee.lines if line.kind not in TAKEN_OFF]
    spans = sorted((line.start_s, line.end_s) for line in times if line.end_s > line.start_s)
    if not fee.lines and stay.waived:
        assert fee.total_fen == 0
        return
    ends = [local_s(stay.entered), *(end for _, end in spans)]
    assert [start for start, _ in spans] == ends[:-1]
    assert ends[-1] == local_s(fee.until)
    for line in times:
        if line.kind is LineKind.UNITS:
            assert line.amount_fen == line.units * line.price_fen
            used_s = line.end_s - line.start_s - line.dropped_s
            assert (line.units - 1) * line.unit_s < used_s <= line.units * line.unit_s


def short_stays_are_free(engine, draw):
    """A stay no longer than the free minutes costs nothing, one second more may."""
    lot = draw(tariffs)
    stay = replace(draw(stays(lot)), visits=(), waived=())
    plan = lot.tariffs[0].plan_for(stay.vehicle, stay.rights)
    second = draw(st.sampled_from([0, plan.free.length_s // 2, plan.free.length_s]))
    whole = plan.free.exceeded is Exceeded.BILLED and plan.free.again
    if not whole or plan.period.kind is not PeriodKind.CALENDAR_DAY:
        assert engine.quote(lot, stay, later(stay, second)).total_fen == 0


def the_other_reckoner_agrees(engine, draw):
    """Tick by tick, on both sides of each change of the fee, over two days."""
    text = draw(written())
    (vehicle,) = text["plans"][0]["classes"]
    entered = NEW_YEAR + timedelta(draw(st.integers(0, 9)), minutes=draw(st.integers(0, 1439)))
    stay = Stay("main", vehicle, entered)
    walk = Walk(text, text["plans"][0], entered.replace(tzinfo=None))
    walk = DailyWalk(walk, used_up=False) if "daily_free" in walk.plan else walk
    lot, before = built(text), 0
    for minute in range(2 * 1440):
        walk.tick()
        if walk.fee != before or minute % 500 == 0:
            for second, fen in ((minute * 60, before), (minute * 60 + 1, walk.fee)):
                left = entered + timedelta(seconds=second)
                assert engine.quote(lot, stay, left).total_fen == fen, left
        before = walk.fee


LAWS = (
    the_other_reckoner_agrees,
    fee_is_monotone,
    never_above_cap,
    quoting_changes_nothing,
    paying_on_the_way_costs_the_same,
    grace_is_for_whoever_settled,
    money_balances,
    credits_only_help,
    rights_only_help,
    closed_fees_stay,
    a_clock_that_steps_back_takes_nothing_back,
    lines_explain_every_second,
    short_stays_are_free,
)
