"""What the rules found goes with the visit; who has paid meanwhile is judged again."""

from dataclasses import dataclass, field, replace

import pytest

from gateway.lane.events import (
    AgentOpens,
    AnswerOrder,
    CloseCase,
    CodeSeen,
    Decide,
    Decided,
    JudgeAgain,
    ModeOrdered,
    OpenBarrier,
    OpenCase,
    StoreDecision,
    StorePass,
)
from gateway.lane.machine import step
from gateway.lane.reports import ModeKind
from gateway.lane.types import DecidedBy, Decision, Ending, Level, Reason, Terms, Verdict
from tests.lane.playing import ALLOW, DENY, QUIET, Player, at

ON, OFF = Level.ON, Level.OFF
UP = {"up_limit": ON, "down_limit": OFF}
PAY = Decision(Verdict.DENY, Reason.PAY)
PAID = Decision(Verdict.ALLOW, Reason.PAID)
TERMS = Terms("s1", due_fen=400, why="the fee of 4 yuan is to be paid first")
SETTLED = replace(TERMS, due_fen=0, why="paid")


@dataclass
class Payer(Player):
    """Its rules answer with terms, to codes, too; `silent` rules do not answer at all."""

    decision: Decision = PAY
    terms: Terms | None = TERMS
    silent: bool = False
    asked: list[Decide] = field(default_factory=list)

    def send(self, event):
        self.lane, commands = step(self.lane, event, at(self.seconds), self.timing)
        self.commands += commands
        for command in commands:
            if isinstance(command, Decide):
                self.asked.append(command)
                if not self.silent:
                    self.answer(command)
        return commands

    def answer(self, command: Decide) -> None:
        text = command.reading.text if command.reading else command.code
        self.send(Decided(command.pass_id, text, self.decision, self.terms))

    def pays(self) -> None:
        self.decision, self.terms = PAID, SETTLED

    @property
    def pass_id(self) -> str:
        return self.lane.visit.pass_id

    def judged_again(self) -> "Payer":
        self.send(JudgeAgain(self.pass_id))
        return self


def at_the_boom(**options) -> Payer:
    return Payer(**options).wait(1).wait(0.5, arming_loop=ON)


def waiting(**options) -> Payer:
    return at_the_boom(**options).see("京A12345", "京A12345").wait(1)


def stored(player: Player) -> list[tuple[Decision, Terms | None]]:
    return [(one.visit.decision, one.visit.terms) for one in player.told(StoreDecision)]


# --- judged again ------------------------------------------------------------------------


def test_who_waits_with_a_fee_and_pays_is_judged_again_and_let_out():
    player = waiting()
    assert (player.state, player.told(OpenBarrier)) == ("Waiting", [])
    player.pays()
    player.judged_again().wait(1)
    assert [type(command) for command in player.commands[1:]] == [
        Decide,
        StoreDecision,
        OpenBarrier,
    ]
    assert stored(player) == [(PAID, SETTLED)]
    first, again = player.asked
    assert (first.code, again) == ("", replace(first, code="s1"))


def test_who_has_paid_too_little_is_judged_again_and_goes_on_waiting():
    player = waiting()
    player.terms = replace(TERMS, due_fen=100)
    player.judged_again().wait(1)
    assert (player.state, player.told(OpenBarrier)) == ("Waiting", [])
    assert player.lane.visit.terms.due_fen == 100


def test_who_has_paid_and_drives_off_is_not_let_in_by_a_late_answer():
    player = waiting(silent=True)
    visit = player.lane.visit
    player.pays()
    player.judged_again().wait(3, arming_loop=OFF)
    assert player.state == "Idle"
    player.send(Decided(visit.pass_id, "京A12345", PAID, SETTLED))
    player.wait(1)
    assert player.told(OpenBarrier) == []
    assert [command.record.ending for command in player.told(StorePass)] == [Ending.LEFT]


def test_the_fee_of_another_visit_changes_nothing():
    player = waiting()
    player.pays()
    lane = player.lane
    assert player.send(JudgeAgain("f" * 32)) == ()
    assert (player.lane.state, len(player.asked)) == (lane.state, 1)


def test_whoever_comes_next_is_not_judged_again_for_the_one_before():
    player = waiting()
    first = player.pass_id
    player.wait(3, arming_loop=OFF).wait(0.5, arming_loop=ON)
    player.see("京B99999", "京B99999").wait(1)
    asked = len(player.asked)
    player.pays()
    assert player.send(JudgeAgain(first)) == ()
    assert (len(player.asked), player.told(OpenBarrier)) == (asked, [])


def test_who_is_not_judged_yet_is_judged_in_its_own_time():
    reading = at_the_boom()
    assert reading.state == "Reading"
    assert reading.send(JudgeAgain(reading.pass_id)) == ()
    deciding = at_the_boom(silent=True).see("京A12345", "京A12345")
    assert deciding.state == "Deciding"
    assert deciding.send(JudgeAgain(deciding.pass_id)) == ()
    assert len(deciding.asked) == 1


def test_who_was_let_out_already_is_not_asked_about_again():
    player = waiting()
    player.pays()
    player.judged_again()
    asked, pass_id = len(player.asked), player.pass_id
    for levels in ({}, UP, {"closing_loop": ON, "arming_loop": OFF}, {"closing_loop": OFF}):
        player.wait(0.6, **levels)
        assert player.send(JudgeAgain(pass_id)) == ()
    player.wait(10, up_limit=OFF, down_limit=ON)
    assert player.send(JudgeAgain(pass_id)) == ()
    assert (len(player.asked), len(player.told(OpenBarrier))) == (asked, 1)


def test_a_lane_with_nobody_in_it_has_nothing_to_judge_again():
    player = Payer().wait(1)
    assert player.send(JudgeAgain("0" * 32)) == ()


def test_rules_that_are_silent_the_second_time_leave_what_was_said_the_first_time():
    player = waiting()
    player.silent = True
    player.judged_again()
    assert player.state == "Deciding"
    player.wait(player.timing.decide_s + 0.5)
    visit = player.lane.visit
    assert (player.state, visit.decision, visit.terms) == ("Waiting", PAY, TERMS)
    player.send(Decided(visit.pass_id, "京A12345", PAID, SETTLED))
    assert stored(player) == [(PAID, SETTLED)]


# --- cases -------------------------------------------------------------------------------


def test_a_case_that_is_open_stays_one_case_and_ends_when_the_vehicle_may_go():
    player = waiting().wait(20)
    (case,) = [command.case for command in player.told(OpenCase)]
    assert TERMS.why in case.why
    for _ in range(3):
        player.judged_again().wait(20)
    assert (len(player.told(OpenCase)), player.told(CloseCase)) == (1, [])
    player.pays()
    player.judged_again().wait(1)
    (closed,) = player.told(CloseCase)
    assert closed.case_id == case.case_id


def test_who_pays_a_part_gets_time_to_pay_the_rest_before_help_is_called():
    player = waiting().wait(10)
    player.judged_again().wait(player.timing.case_s - 1)
    assert player.told(OpenCase) == []
    player.wait(2)
    assert len(player.told(OpenCase)) == 1


# --- who has the say over the boom -------------------------------------------------------


def test_by_the_key_switch_who_has_paid_waits_for_the_key():
    player = Payer(inputs=replace(QUIET, manual=OFF)).wait(1).wait(0.5, arming_loop=ON)
    player.see("京A12345", "京A12345").wait(1, manual=ON)
    player.pays()
    player.judged_again().wait(2)
    assert (player.state, player.told(OpenBarrier)) == ("Waiting", [])
    assert player.lane.visit.decision == PAID
    player.wait(1, manual=OFF)
    assert player.told(OpenBarrier)
    assert stored(player)[-1] == (PAID, SETTLED)


def test_in_a_lane_that_is_shut_paying_opens_nothing():
    player = waiting()
    player.send(ModeOrdered("o1", ModeKind.LOCK_DOWN, "an operator", "works"))
    player.pays()
    player.judged_again().wait(1)
    visit = player.lane.visit
    assert (visit.decision.reason, visit.terms) == (Reason.LOCK_DOWN, SETTLED)
    assert player.told(OpenBarrier) == []


def test_who_passes_while_the_boom_is_held_open_keeps_its_terms():
    player = Payer().wait(1)
    player.send(ModeOrdered("o1", ModeKind.HOLD_OPEN, "an operator", "peak", hold_s=600))
    player.wait(2, **UP).wait(0.5, arming_loop=ON).see("京A12345", "京A12345")
    ((decision, terms),) = stored(player)
    assert (decision.reason, terms) == (Reason.HOLD_OPEN, TERMS)


def test_who_is_let_out_by_a_person_leaves_its_session_and_its_fee_behind():
    player = waiting()
    player.send(AgentOpens("o1", player.pass_id, "an operator"))
    ((decision, terms),) = stored(player)
    assert (decision.decided_by, decision.reason) == (DecidedBy.PERSON, Reason.AGENT)
    assert terms == TERMS
    assert [command.answer for command in player.told(AnswerOrder)] == ["done"]


# --- plates and codes --------------------------------------------------------------------


def test_the_terms_of_a_misreading_go_with_it():
    player = waiting()
    player.silent = True
    player.see(*["京A12B45"] * 5)
    assert player.asked[-1].reading.text == "京A12B45"
    visit = player.lane.visit
    assert (visit.decision.reason, visit.terms) == (Reason.UNDECIDED, None)


def test_a_ticket_without_a_plate_is_judged_again_by_its_session():
    player = at_the_boom()
    player.send(CodeSeen("s1"))
    assert player.state == "Waiting"
    player.pays()
    player.judged_again().wait(1)
    assert [(one.reading, one.code) for one in player.asked] == [(None, "s1"), (None, "s1")]
    assert stored(player) == [(PAID, SETTLED)]


def test_who_has_neither_plate_nor_ticket_cannot_be_judged_again():
    player = at_the_boom().wait(10)
    assert player.state == "Waiting"
    assert player.send(JudgeAgain(player.pass_id)) == ()
    assert player.asked == []


@pytest.mark.parametrize("decision", [ALLOW, DENY])
def test_a_vehicle_behind_another_one_brings_its_own_terms(decision):
    player = Payer(decision=ALLOW, terms=SETTLED).wait(1).wait(0.5, arming_loop=ON)
    player.see("京A12345", "京A12345").wait(2, **UP)
    player.wait(1, closing_loop=ON, arming_loop=OFF).wait(0.5, arming_loop=ON)
    player.decision, player.terms = decision, replace(TERMS, session_id="s2")
    player.see(*["京B99999"] * 3).wait(1)
    player.wait(0.3, closing_loop=OFF).wait(2, closing_loop=ON, arming_loop=OFF)
    last = player.told(StoreDecision)[-1].visit
    assert (last.reading.text, last.terms.session_id) == ("京B99999", "s2")
