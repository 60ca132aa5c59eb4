"""Which picture goes next, and when."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.sync import snaps
from gateway.sync.snaps import (
    BACK_OFF_S,
    MAX_BACK_OFF_S,
    MOST_REMEMBERED,
    PATIENCE_S,
    SHARE,
    Plan,
    Waiting,
)

ONE, TWO = Waiting("1" * 64, 100_000), Waiting("2" * 64, 50_000)


def out(plan: Plan, one: Waiting = ONE, mono: float = 0.0, took_s: float = 0.0) -> Plan:
    """Sent, and taken by the broker after so long."""
    return snaps.taken(snaps.went_out(plan, one, mono), mono + took_s)


def test_one_at_a_time_until_the_cloud_has_it():
    plan = snaps.went_out(Plan(), ONE, 0.0)
    assert not snaps.may_go(plan, 0.0)
    plan = snaps.taken(plan, 0.0)
    assert not snaps.may_go(plan, 1.0), "that the broker took it means nothing"
    assert snaps.may_go(snaps.had(plan, [ONE.name]), 1.0)
    assert not snaps.may_go(snaps.had(plan, [TWO.name]), 1.0)


def test_the_line_rests_in_proportion_to_what_a_picture_took():
    plan = snaps.had(out(Plan(), took_s=2.0), [ONE.name])
    assert not snaps.may_go(plan, 7.9)
    assert snaps.may_go(plan, 2.0 / SHARE)


def test_a_bound_on_bytes_is_kept_on_average():
    plan = snaps.had(out(Plan(bytes_s=10_000.0)), [ONE.name])
    assert not snaps.may_go(plan, 9.9)
    assert snaps.may_go(plan, 10.0)


def test_a_picture_without_an_answer_makes_room_and_comes_again_later():
    plan = out(Plan())
    assert snaps.on_time(plan, PATIENCE_S - 0.1) == plan
    plan = snaps.on_time(plan, PATIENCE_S)
    assert snaps.may_go(plan, PATIENCE_S), "it may be the picture: another is tried at once"
    assert snaps.choose(plan, [ONE, TWO], PATIENCE_S) == TWO
    assert snaps.choose(plan, [ONE, TWO], PATIENCE_S + BACK_OFF_S) == ONE


def test_a_picture_on_the_wire_is_waited_for_as_long_as_the_connection_lasts():
    plan = snaps.went_out(Plan(), ONE, 0.0)
    assert snaps.on_time(plan, 1e6) == plan


def test_a_cloud_that_never_answers_is_asked_less_and_less():
    plan, mono, gaps = Plan(), 0.0, []
    for number in range(12):
        plan = snaps.on_time(out(plan, Waiting(f"{number:064}", 1), mono), mono + PATIENCE_S)
        mono += PATIENCE_S
        gaps.append(max(0.0, plan.rest_until - mono))
        mono = max(mono, plan.rest_until)
    assert gaps[:4] == [0.0, BACK_OFF_S, 2 * BACK_OFF_S, 4 * BACK_OFF_S]
    assert gaps[-1] == MAX_BACK_OFF_S
    assert snaps.had(plan, []).silence == 0


def test_a_picture_that_the_connection_broke_over_is_put_off_and_one_that_was_taken_is_not():
    plan = snaps.cut(snaps.went_out(Plan(), ONE, 0.0), 5.0)
    assert (plan.flight, plan.silence) == (None, 1)
    assert snaps.choose(plan, [ONE], 5.0) is None
    assert not snaps.may_go(plan, 4.9 + BACK_OFF_S), "the next one might break it too"
    plan = snaps.cut(out(Plan()), 5.0)
    assert (plan.flight, plan.silence) == (None, 0)
    assert snaps.choose(plan, [ONE], 5.0) == ONE
    assert snaps.cut(Plan(), 5.0) == Plan()


def test_what_the_cloud_asks_for_again_goes_at_once():
    plan = snaps.put_off(Plan(), ONE.name, 0.0)
    assert snaps.choose(plan, [ONE], 0.0) is None
    assert snaps.choose(snaps.asked(plan, [ONE.name]), [ONE], 0.0) == ONE
    assert snaps.choose(snaps.asked(plan, [TWO.name]), [ONE], 0.0) is None


def test_what_is_remembered_is_bounded():
    plan = Plan()
    for number in range(MOST_REMEMBERED + 50):
        plan = snaps.put_off(plan, f"{number:064}", float(number))
    assert len(plan.later) == MOST_REMEMBERED
    assert f"{0:064}" not in plan.later


# --- a line, a broker and a cloud of moods -----------------------------------------------


@dataclass
class Line:
    """Time goes by in small steps; the broker takes a picture after its bytes have passed."""

    plan: Plan
    bytes_s: float
    waiting: list[Waiting]
    moods: list[str]
    mono: float = 0.0
    sent: list[tuple[float, Waiting]] = field(default_factory=list)
    busy_s: float = 0.0
    has: list[str] = field(default_factory=list)

    def step(self) -> None:
        self.plan = snaps.on_time(self.plan, self.mono)
        chosen = snaps.choose(self.plan, self.waiting, self.mono)
        if chosen is None or not snaps.may_go(self.plan, self.mono):
            self.mono += 0.5
            return
        self.sent.append((self.mono, chosen))
        self.plan = snaps.went_out(self.plan, chosen, self.mono)
        mood = self.moods.pop() if self.moods else "good"
        took_s = chosen.size / self.bytes_s
        self.mono += took_s
        self.busy_s += took_s
        if mood == "cut":
            self.plan = snaps.cut(self.plan, self.mono)
            return
        self.plan = snaps.taken(self.plan, self.mono)
        if mood == "mute":
            return
        self.plan = snaps.had(self.plan, [chosen.name])
        self.waiting.remove(chosen)
        self.has.append(chosen.name)


SIZES = st.lists(st.integers(1, 262_144), min_size=1, max_size=12)
MOODS = st.lists(st.sampled_from(["good", "mute", "cut"]), max_size=8)


@settings(deadline=None, max_examples=60)
@given(SIZES, MOODS, st.sampled_from([8_000.0, 125_000.0, 1e8]), st.sampled_from([0.0, 20_000.0]))
def test_every_picture_comes_through_in_order_and_the_line_stays_free(sizes, moods, bytes_s, most):
    waiting = [Waiting(f"{number:064}", size) for number, size in enumerate(sizes)]
    line = Line(Plan(bytes_s=most), bytes_s, list(waiting), list(moods))
    steps = 0
    while line.waiting:
        line.step()
        steps += 1
        assert steps < 400_000
    assert sorted(line.has) == [one.name for one in waiting]
    if not moods:
        assert line.has == [one.name for one in waiting]
    times = [at for at, _ in line.sent]
    for place, (at, one) in enumerate(line.sent[:-1]):
        assert times[place + 1] >= at + one.size / bytes_s, "never two at once"
        assert not most or times[place + 1] >= at + one.size / most
        if "cut" not in moods:
            assert times[place + 1] >= at + one.size / bytes_s / SHARE - 1e-6
