"""What a driver is told: in which words, for which doings of the lane, and by whom."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from drivers.display import fk_board
from drivers.twins import signs
from drivers.twins.signhost import PtyHost
from gateway.inbox import Inbox
from gateway.lane.authority import Authority
from gateway.lane.events import CodeSeen, OpenCase
from gateway.lane.reports import Case, Mode, ModeKind
from gateway.lane.states import (
    Armed,
    Cleared,
    Clearing,
    Closing,
    Deciding,
    Fault,
    Follower,
    Idle,
    Lane,
    Open,
    Opening,
    Passing,
    Raised,
    Reading,
    Waiting,
    WrongWay,
)
from gateway.lane.types import (
    Decision,
    Direction,
    Inputs,
    PlateColour,
    PlateReading,
    PlateType,
    Reason,
    Verdict,
    Visit,
)
from gateway.lane.voting import Ballot
from gateway.notices import notice_of, resting_notice, standing_notice
from gateway.ports import DeviceError
from gateway.scanning import ScannerWatch
from gateway.signage import Pace, Signage
from gateway.texts import RESTING, Notice, NoticeKind, spelled_out, worded

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CORNERS = ((0, 0), (100, 0), (100, 30), (0, 30))
PLATE = PlateReading("京A12345", PlateType.CIVIL, PlateColour.BLUE, 0.9, 0.9, CORNERS)
LANGUAGES = ("zh-CN", "en")
ENTRY, EXIT = Direction.ENTRY, Direction.EXIT
every_language = pytest.mark.parametrize("language", LANGUAGES)


def visit(verdict=Verdict.DENY, reason=Reason.UNDECIDED, reading=PLATE):
    return Visit("p1", NOW, Decision(verdict, reason), reading)


def lane(state, kind=ModeKind.AUTOMATIC):
    return Lane(state, authority=Authority(ordered=Mode(kind, NOW, "me", "why")))


# --- words -------------------------------------------------------------------------------


@every_language
@pytest.mark.parametrize("kind", NoticeKind)
def test_every_kind_of_notice_has_lines_without_holes(kind, language):
    notice = Notice(kind, "京A12345", Reason.BLOCK_LIST, days_left=3, fee_fen=1250)
    words = worded(notice, language)
    assert words.lines
    assert all(line and "{" not in line for line in (*words.lines, words.spoken or "-"))


@every_language
@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_words(reason, language):
    words = worded(Notice(NoticeKind.REFUSED, "京A12345", reason), language)
    assert len(words.lines) == 3
    assert words.lines[1] in words.spoken


@every_language
@pytest.mark.parametrize("kind", NoticeKind)
def test_a_line_fits_a_small_sign_in_gbk(kind, language):
    notice = Notice(kind, "粤Z1234港", Reason.UNDECIDED, days_left=30, fee_fen=123456)
    for line in worded(notice, language).lines:
        assert len(line.encode("gbk")) <= 16


@every_language
@pytest.mark.parametrize("reason", Reason)
def test_a_reason_fits_a_small_sign(reason, language):
    assert (
        len(worded(Notice(NoticeKind.REFUSED, "", reason), language).lines[0].encode("gbk")) <= 16
    )


@every_language
def test_without_a_plate_nothing_speaks_of_one(language):
    words = worded(Notice(NoticeKind.WELCOME), language)
    assert words.lines[0] in ("欢迎光临", "Welcome")
    assert words.spoken in ("欢迎光临", "welcome")


@pytest.mark.parametrize(
    ("fen", "shown", "spoken"),
    [
        (0, "0.00元", "0元"),
        (5, "0.05元", "5分"),
        (1250, "12.50元", "12元5角"),
        (2000, "20.00元", "20元"),
        (101, "1.01元", "1元1分"),
    ],
)
def test_money_is_made_from_fen_without_a_fraction(fen, shown, spoken):
    words = worded(Notice(NoticeKind.FEE_DUE, "京A12345", fee_fen=fen), "zh-CN")
    assert words.lines[1] == f"请付{shown}"
    assert words.spoken.endswith(f"请付停车费{spoken}")


def test_a_fee_below_nothing_is_refused():
    with pytest.raises(ValueError, match="a fee of -1 fen"):
        worded(Notice(NoticeKind.FEE_DUE, fee_fen=-1), "zh-CN")


def test_a_plate_is_spoken_sign_by_sign_and_shown_as_it_is():
    assert spelled_out("京A12345") == "京 A 1 2 3 4 5"
    words = worded(Notice(NoticeKind.WELCOME, "京A12345"), "zh-CN")
    assert words.lines[0] == "京A12345"
    assert words.spoken == "京 A 1 2 3 4 5，欢迎光临"


def test_signs_with_nobody_before_them_say_nothing_but_fire_and_fault():
    speaking = {kind for kind in RESTING if worded(Notice(kind), "zh-CN").spoken}
    assert speaking == {NoticeKind.FIRE_ENTRY, NoticeKind.FIRE_EXIT, NoticeKind.FAULT}


# --- what the lane does ------------------------------------------------------------------


READING = Reading(visit(reading=None), 1.0)
ALLOWED = visit(Verdict.ALLOW, Reason.ALLOW_LIST)
ADMITTED = Notice(NoticeKind.WELCOME, "京A12345", Reason.ALLOW_LIST)
BEHIND = Follower(visit())


@pytest.mark.parametrize(
    ("state", "notice"),
    [
        (Idle(), Notice(NoticeKind.IDLE_ENTRY)),
        (Armed(), Notice(NoticeKind.IDLE_ENTRY)),
        (READING, Notice(NoticeKind.WAIT)),
        (Deciding(visit(), 1.0, Ballot(), "京A12345"), Notice(NoticeKind.PLATE_READ, "京A12345")),
        (Deciding(visit(), 1.0, Ballot(), "a-code"), Notice(NoticeKind.WAIT)),
        (
            Waiting(visit(reason=Reason.BLOCK_LIST), 1.0, Ballot()),
            Notice(NoticeKind.REFUSED, "京A12345", Reason.BLOCK_LIST),
        ),
        (
            Waiting(visit(reason=Reason.NO_PLATE, reading=None), 1.0, Ballot()),
            Notice(NoticeKind.NO_PLATE),
        ),
        (Opening(ALLOWED, 1.0), ADMITTED),
        (Open(ALLOWED, 1.0), ADMITTED),
        (Passing(ALLOWED, 1.0), ADMITTED),
        (Passing(ALLOWED, 1.0, BEHIND), Notice(NoticeKind.SECOND_CAR)),
        (Clearing(ALLOWED, NOW, BEHIND), Notice(NoticeKind.SECOND_CAR)),
        (Cleared(BEHIND), Notice(NoticeKind.SECOND_CAR)),
        (Closing(1.0), Notice(NoticeKind.IDLE_ENTRY)),
        (
            Passing(visit(reason=Reason.UNPAID_FOLLOW), 1.0),
            Notice(NoticeKind.REFUSED, "京A12345", Reason.UNPAID_FOLLOW),
        ),
        (Raised(1.0), Notice(NoticeKind.IDLE_ENTRY)),
        (WrongWay(), Notice(NoticeKind.IDLE_ENTRY)),
        (Fault("stuck", 1.0), Notice(NoticeKind.FAULT)),
    ],
)
def test_each_state_has_its_notice(state, notice):
    assert standing_notice(lane(state), ENTRY) == notice


def test_an_exit_says_goodbye():
    assert standing_notice(lane(Idle()), EXIT).kind is NoticeKind.IDLE_EXIT
    assert standing_notice(lane(Open(ALLOWED, 1.0)), EXIT).kind is NoticeKind.GOODBYE


@pytest.mark.parametrize(
    ("kind", "direction", "told"),
    [
        (ModeKind.FIRE, ENTRY, NoticeKind.FIRE_ENTRY),
        (ModeKind.FIRE, EXIT, NoticeKind.FIRE_EXIT),
        (ModeKind.HOLD_OPEN, ENTRY, NoticeKind.HOLD_OPEN),
        (ModeKind.MANUAL, EXIT, NoticeKind.ATTENDED),
    ],
)
def test_a_mode_that_is_for_everybody_goes_before_the_single_vehicle(kind, direction, told):
    for state in (Idle(), READING, Open(ALLOWED, 1.0)):
        assert standing_notice(lane(state, kind), direction).kind is told


def test_a_closed_lane_says_so_and_tells_each_vehicle_why():
    refused = Waiting(visit(reason=Reason.LOCK_DOWN), 1.0, Ballot())
    assert resting_notice(lane(Idle(), ModeKind.LOCK_DOWN), ENTRY).kind is NoticeKind.CLOSED
    told = standing_notice(lane(refused, ModeKind.LOCK_DOWN), ENTRY)
    assert told == Notice(NoticeKind.REFUSED, "京A12345", Reason.LOCK_DOWN)


def test_what_does_not_change_for_the_driver_is_told_once():
    first = lane(Waiting(visit(reason=Reason.BLOCK_LIST), 1.0, Ballot()))
    later = lane(replace(first.state, until=9.0))
    assert notice_of(first, later, (), ENTRY) is None
    assert notice_of(lane(Opening(ALLOWED, 1.0)), lane(Open(ALLOWED, 1.0)), (), ENTRY) is None
    assert notice_of(lane(Idle()), first, (), ENTRY) == standing_notice(first, ENTRY)


def test_a_driver_hears_that_somebody_was_called_but_not_over_a_fire():
    waiting = Waiting(visit(reason=Reason.NO_PLATE, reading=None), 1.0, Ballot())
    case = (OpenCase(Case("c", NOW, "no plate", waiting.visit, Inputs())),)
    told = notice_of(lane(waiting), lane(waiting), case, ENTRY)
    assert told == Notice(NoticeKind.AGENT_CALLED)
    burning = lane(waiting, ModeKind.FIRE)
    assert notice_of(burning, burning, case, ENTRY) is None


def test_the_end_of_a_mode_is_told_too():
    told = notice_of(lane(Idle(), ModeKind.HOLD_OPEN), lane(Idle()), (), ENTRY)
    assert told == Notice(NoticeKind.IDLE_ENTRY)


# --- the sign and the voice at work ------------------------------------------------------


class PaperSign:
    """Keeps what it got; fails while it has a `trouble`, hangs while it is `stuck`."""

    def __init__(self):
        self.shown, self.said, self.tries = [], [], 0
        self.trouble = ""
        self.stuck = False
        self.show_s = self.speech_s = 0.0

    async def show(self, lines):
        self.tries += 1
        await asyncio.sleep(self.show_s)
        await self._do()
        self.shown.append(lines[0])

    async def say(self, text):
        await self._do()
        await asyncio.sleep(self.speech_s)
        self.said.append(text)

    async def _do(self):
        if self.stuck:
            await asyncio.sleep(3600)
        if self.trouble:
            raise DeviceError(self.trouble)


IDLE = Notice(NoticeKind.IDLE_ENTRY)
WAIT = Notice(NoticeKind.WAIT)
AGENT = Notice(NoticeKind.AGENT_CALLED)
WELCOME = Notice(NoticeKind.WELCOME, "京A12345")
QUICK = Pace(retry_s=0.05, longest_retry_s=0.2)


def at_work(story, *, pace=QUICK, **devices):
    """Run `story(signage)` while the signage runs; returns what health was told."""
    told = []

    async def run():
        signage = Signage("entry-1", IDLE, pace=pace, told=told.append, **devices)
        running = asyncio.create_task(signage.run())
        await asyncio.wait_for(story(signage), 20)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(run())
    return told


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


def test_a_lane_with_nobody_before_it_shows_its_idle_text_from_the_start():
    sign = PaperSign()

    async def story(_signage):
        await until(lambda: sign.shown)

    at_work(story, display=sign)
    assert sign.shown == ["欢迎光临"]
    assert sign.said == []


def test_a_notice_is_shown_and_said_and_gives_way_to_the_idle_text():
    sign, voice = PaperSign(), PaperSign()

    async def story(signage):
        signage.tell(WELCOME)
        await until(lambda: "欢迎光临" in sign.shown)

    at_work(story, display=sign, voice=voice, pace=replace(QUICK, brief_s=0.2))
    assert sign.shown == ["京A12345", "欢迎光临"]
    assert voice.said == ["京 A 1 2 3 4 5，欢迎光临"]
    assert sign.said == []


def test_without_a_voice_the_display_speaks_in_its_language():
    sign = PaperSign()

    async def story(signage):
        signage.tell(AGENT)
        await until(lambda: sign.said)

    at_work(story, display=sign, language="en")
    assert sign.said == ["Help is called, please wait"]


def test_after_a_notice_the_lane_goes_back_to_what_it_last_rested_on():
    sign = PaperSign()

    async def story(signage):
        signage.tell(Notice(NoticeKind.CLOSED))
        signage.tell(WELCOME)
        await until(lambda: "本通道已关闭" in sign.shown)

    at_work(story, display=sign, pace=replace(QUICK, brief_s=0.1))
    assert sign.shown[-1] == "本通道已关闭"


def test_of_notices_that_wait_for_a_voice_the_newest_is_said():
    voice = PaperSign()
    voice.speech_s = 0.2

    async def story(signage):
        signage.tell(AGENT)
        await asyncio.sleep(0.05)
        signage.tell(Notice(NoticeKind.PAY_HERE))
        signage.tell(WELCOME)
        await until(lambda: len(voice.said) == 2)
        await asyncio.sleep(0.3)

    at_work(story, voice=voice)
    assert voice.said == ["已呼叫管理员，请稍候", "京 A 1 2 3 4 5，欢迎光临"]


def test_a_dead_display_costs_one_log_line_and_is_told_until_it_is_back(caplog):
    caplog.set_level("INFO")
    sign = PaperSign()
    sign.trouble = "/dev/sign: is the adapter plugged in?"

    async def story(signage):
        await until(lambda: sign.tries >= 4)
        signage.tell(WAIT)
        sign.trouble = ""
        await until(lambda: "正在识别" in sign.shown)

    told = at_work(story, display=sign)
    # A try that was under way may still bring the older text; it is never the last.
    assert sign.shown[-1] == "正在识别"
    assert told == ["/dev/sign: is the adapter plugged in?", ""]
    assert caplog.text.count("is the adapter plugged in?") == 1
    assert caplog.text.count("entry-1: display: is back") == 1


def test_what_came_while_a_display_failed_is_shown_and_not_the_older_text():
    sign = PaperSign()
    sign.trouble, sign.show_s = "away", 0.2

    async def story(signage):
        await until(lambda: sign.tries == 1)
        signage.tell(WAIT)
        await until(lambda: sign.tries == 2)
        sign.trouble = ""
        await until(lambda: sign.shown)

    at_work(story, display=sign)
    assert sign.shown == ["正在识别"]


def test_a_dead_display_is_tried_less_and_less():
    sign = PaperSign()
    sign.trouble = "away"

    async def story(_signage):
        await asyncio.sleep(1.0)

    at_work(story, display=sign, pace=Pace(retry_s=0.1, longest_retry_s=10))
    assert 2 <= sign.tries <= 5


def test_a_voice_that_was_away_does_not_say_old_news():
    voice = PaperSign()
    voice.trouble = "away"

    async def story(signage):
        signage.tell(AGENT)
        await asyncio.sleep(0.5)
        voice.trouble = ""
        await asyncio.sleep(0.3)
        signage.tell(WELCOME)
        await until(lambda: voice.said)

    told = at_work(story, voice=voice, pace=replace(QUICK, stale_speech_s=0.3))
    assert voice.said == ["京 A 1 2 3 4 5，欢迎光临"]
    assert told == ["away", ""]


def test_a_driver_that_hangs_is_told_and_tried_again():
    sign = PaperSign()
    sign.stuck = True

    async def story(_signage):
        await until(lambda: sign.tries)
        sign.stuck = False
        await until(lambda: sign.shown)

    told = at_work(story, display=sign, pace=replace(QUICK, patience_s=0.1))
    assert told == ["entry-1: display did not finish in 0.1 s: restart it", ""]


def test_telling_never_waits_for_a_device():
    sign = PaperSign()
    sign.stuck = True

    async def story(signage):
        for _ in range(1000):
            signage.tell(WELCOME)
            signage.tell(WAIT)

    assert at_work(story, display=sign) == []


def test_a_sign_that_lost_its_power_is_written_anew():
    sign = PaperSign()

    async def story(_signage):
        await until(lambda: len(sign.shown) >= 3)

    at_work(story, display=sign, pace=replace(QUICK, refresh_s=0.05))
    assert set(sign.shown) == {"欢迎光临"}


def test_the_troubles_of_sign_and_voice_are_told_together():
    sign, voice = PaperSign(), PaperSign()
    sign.trouble, voice.trouble = "sign away", "voice away"
    told = []

    async def story(signage):
        signage.tell(AGENT)
        await until(lambda: sign.tries > 1)

    told = at_work(story, display=sign, voice=voice)
    assert set(told[-1].split("; ")) == {"sign away", "voice away"}


def test_a_visit_is_shown_and_said_by_a_real_board_on_a_wire(tmp_path):
    twin = signs.FkBoard()

    async def run():
        with PtyHost(twin, tmp_path / "sign") as host:
            board = fk_board.Settings(driver="fk_board", port=host.port, baud=115200)
            async with fk_board.connect(board) as display:
                signage = Signage("entry-1", IDLE, display=display)
                running = asyncio.create_task(signage.run())
                signage.tell(WELCOME)
                await until(lambda: twin.said and len(twin.shown) == 4)
                running.cancel()

    asyncio.run(run())
    assert twin.shown == {0: "京A12345", 1: "欢迎光临", 2: "请入场停车", 3: " "}
    assert twin.said == ["京A12345，欢迎光临"]
    assert twin.broken == 0


# --- the scanner -------------------------------------------------------------------------


class PaperScanner:
    """Each round is a list of codes, and then, but for the last, a loss."""

    def __init__(self, *rounds):
        self.rounds = list(rounds)

    async def codes(self):
        for code in self.rounds.pop(0):
            yield code
        if not self.rounds:
            await asyncio.sleep(3600)
        raise DeviceError("/dev/scanner: lost its device")


def test_codes_become_events_and_a_scanner_that_is_away_costs_one_log_line(caplog):
    caplog.set_level("INFO")
    scanner, inbox, told = PaperScanner(["one"], [], [], ["two"]), Inbox(), []

    async def run():
        watch = ScannerWatch("entry-1", scanner, inbox, told=told.append, first_pause_s=0.01)
        running = asyncio.create_task(watch.run())
        events = [await asyncio.wait_for(inbox.get(), 10) for _ in range(2)]
        running.cancel()
        return events

    assert asyncio.run(run()) == [CodeSeen("one"), CodeSeen("two")]
    assert told[:2] == ["/dev/scanner: lost its device", ""]
    assert caplog.text.count("entry-1: scanner: /dev/scanner: lost its device") == 1


def test_a_scanner_that_is_back_is_told_without_waiting_for_a_code():
    scanner, told = PaperScanner([], []), []

    async def run():
        watch = ScannerWatch("entry-1", scanner, Inbox(), told=told.append, first_pause_s=0.01)
        running = asyncio.create_task(watch.run())
        await until(lambda: told == ["/dev/scanner: lost its device", ""])
        running.cancel()

    asyncio.run(run())
