"""A story that tells something else than what happens must fail, and say where."""

import asyncio

import pytest

from gateway.lane.types import Level
from gateway.ports import DeviceError
from tests.storyteller import virtual_time
from tests.storyteller.boom import PaperBoom
from tests.storyteller.box import Box
from tests.storyteller.parser import read
from tests.storyteller.player import StoryError, play
from tests.storyteller.witness import Witness

LET_IN = [
    "at 1.0 s loop A on",
    "at 1.5 s camera reads 京A12345",
    "expect open within 0.5 s",
]
DRIVES_THROUGH = ["at 5.0 s loop B on", "at 6.0 s loop A off", "at 7.0 s loop B off"]
RECORDED = ["expect pass recorded as passed with plate 京A12345", "expect close"]


def played(folder, *steps, head=""):
    path = folder / "story.yaml"
    lines = "\n".join(f"  - {step}" for step in steps)
    path.write_text(f"story: One\nallow: [京A12345]\n{head}steps:\n{lines}\n", encoding="utf-8")
    return play(read(path), folder)


def failure(folder, *steps, head=""):
    with pytest.raises(StoryError) as wrong:
        played(folder, *steps, head=head)
    return str(wrong.value).replace(f"{folder}/", "")


def test_a_story_that_is_so_is_played_to_its_end(tmp_path):
    box = played(tmp_path, *LET_IN, *DRIVES_THROUGH, *RECORDED)
    told = [seen.facts["do"] for seen in box.chronicle.seen if seen.kind == "order"]
    assert told == ["open", "close"]


def test_what_does_not_happen_is_told_with_its_line_and_all_that_did(tmp_path):
    told = failure(tmp_path, *LET_IN, "expect close within 2 s")
    assert told.startswith("story.yaml:7: `expect close within 2 s`: not so")
    assert "the lane is" in told
    assert "order: do open" in told


def test_an_order_that_no_line_expects_fails_before_the_next_thing_happens(tmp_path):
    told = failure(tmp_path, *LET_IN[:2], "at 5.0 s loop B on")
    assert told.startswith("before story.yaml:6: `at 5.0 s loop B on`: no line expects")
    assert "order: do open" in told


def test_orders_are_expected_in_their_order(tmp_path):
    told = failure(tmp_path, *LET_IN[:2], "expect close")
    assert told.startswith("story.yaml:6: `expect close`: not so")


def test_an_order_where_none_is_expected_is_told_at_once(tmp_path):
    told = failure(tmp_path, *LET_IN[:2], "expect no order for 30 s")
    assert told.startswith("story.yaml:6: `expect no order for 30 s`: not so")


@pytest.mark.parametrize("left_out", RECORDED)
def test_a_pass_or_an_order_that_no_line_expects_fails_at_the_end(tmp_path, left_out):
    steps = [step for step in (*LET_IN, *DRIVES_THROUGH, *RECORDED) if step != left_out]
    assert "no line expects" in failure(tmp_path, *steps, "after 20 s nothing happens")


def test_an_alarm_that_no_line_expects_fails_at_the_end(tmp_path):
    told = failure(tmp_path, "at 1.0 s loop B on", "at 3.0 s loop B off")
    assert "before the story's end: no line expects" in told
    assert "wrong way" in told


def test_another_plate_reason_or_ending_is_not_what_was_expected(tmp_path):
    for wrong in (
        "expect pass recorded as passed with plate 京A12346",
        "expect pass recorded as passed without a plate",
        "expect pass recorded as turned back with plate 京A12345",
        "expect pass recorded as passed because open button",
    ):
        folder = tmp_path / wrong[-12:]
        folder.mkdir()
        steps = (*LET_IN, *DRIVES_THROUGH, wrong, "expect close")
        assert f"`{wrong}`: not so" in failure(folder, *steps)


def test_a_line_that_comes_too_late_for_its_second_is_told(tmp_path):
    told = failure(tmp_path, "at 1.0 s loop A on", "expect no order for 5 s", "at 2.0 s loop A off")
    assert "`at 2.0 s loop A off` comes too late" in told


def test_a_gateway_that_is_off_has_no_mode(tmp_path):
    with pytest.raises(AssertionError, match="the gateway is off"):
        played(tmp_path, "at 1.0 s gateway crashes", "expect mode automatic")


class BrokenCamera(Witness):
    def photograph(self, subject):
        raise ZeroDivisionError


def test_an_error_in_the_gateway_s_own_code_fails_the_story(tmp_path):
    path = tmp_path / "story.yaml"
    path.write_text("story: One\nsteps:\n  - at 1.0 s loop A on\n", encoding="utf-8")

    async def story():
        box = Box(tmp_path, read(path))
        box.witness = BrokenCamera(box.chronicle, box.send)
        box.start()
        box.desk.levels["arming_loop"] = Level.ON
        await asyncio.sleep(60)
        with pytest.raises(ZeroDivisionError):
            box.check()
        await box.end()

    virtual_time.run(story())


def test_the_same_story_is_played_the_same_way_each_time(tmp_path):
    first, second = tmp_path / "1", tmp_path / "2"
    first.mkdir()
    second.mkdir()
    steps = (*LET_IN, *DRIVES_THROUGH, *RECORDED)
    assert str(played(first, *steps).chronicle) == str(played(second, *steps).chronicle)


def test_the_paper_boom_takes_its_time_turns_round_and_answers_with_its_limits():
    async def story():
        told = []
        boom = PaperBoom(2.0, told.append)
        await boom.open()
        await asyncio.sleep(1.0)
        halfway = boom.stands, round(boom.place, 2)
        await boom.close()
        await asyncio.sleep(1.0)
        return told, halfway, boom.stands, boom.limit("down_limit")

    told, halfway, end, limit = virtual_time.run(story())
    assert (told, halfway, end, limit) == (["open", "close"], ("between", 0.51), "down", "on")


def test_the_paper_boom_s_board_may_be_silent_deaf_or_late():
    async def story():
        told = []
        boom = PaperBoom(2.0, told.append)
        boom.confirms = False
        with pytest.raises(DeviceError):
            await boom.open()
        boom.hears = False
        with pytest.raises(DeviceError):
            await boom.close()
        boom.hears = boom.confirms = True
        with pytest.raises(DeviceError, match="too late"):
            await boom.close(not_after=asyncio.get_running_loop().time() - 0.1)
        return told

    assert virtual_time.run(story()) == ["open"]
