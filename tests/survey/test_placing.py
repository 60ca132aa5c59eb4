"""The judgement over measured numbers, limit by limit."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.survey.facts import Grade, LightFacts, Limit, PlateFacts, StreamFacts
from gateway.survey.placing import judged

STREAM = StreamFacts(
    width=1280, height=720, seconds=10, frames=150, fps=15, longest_gap_s=0.1, age_s=0.03
)
LIGHT = LightFacts(middle=110, burnt=0.01, black=0.02, blur_px=0.7)
PLATE = PlateFacts(
    text="京A12345", pictures=80, read_share=1.0, min_char=0.94, width_px=160, tilt_deg=2,
    edge_ratio=1.02, across_deg=15, down_deg=12, margin=4, white=220, contrast=160, burnt=0.01,
    blur_across_px=0.9, blur_down_px=0.9,
)  # fmt: skip
OK, USABLE, NOT_GOOD = Grade


def graded(topic, *, stream=STREAM, light=LIGHT, plate=PLATE):
    (advice,) = [one for one in judged(stream, light, plate).advice if one.topic == topic]
    return advice


def test_a_good_place_is_good_and_has_nothing_to_change():
    judgement = judged(STREAM, LIGHT, PLATE)
    assert judgement.grade is OK
    assert judgement.to_change == ()
    assert len(judgement.advice) == 15
    assert not any("aim for" in one.says for one in judgement.advice)


@pytest.mark.parametrize(
    ("facts", "topic", "grade"),
    [
        ({"width_px": 101.9}, "width", OK),
        ({"width_px": 101.8}, "width", USABLE),
        ({"width_px": 61}, "width", USABLE),
        ({"width_px": 60.9}, "width", NOT_GOOD),
        ({"width_px": 0}, "width", NOT_GOOD),
        ({"width_px": 422}, "width", OK),
        ({"width_px": 423}, "width", USABLE),
        ({"width_px": 576}, "width", USABLE),
        ({"width_px": 577}, "width", NOT_GOOD),
        ({"tilt_deg": 10}, "tilt", OK),
        ({"tilt_deg": -10.1}, "tilt", USABLE),
        ({"tilt_deg": 20}, "tilt", USABLE),
        ({"tilt_deg": -20.1}, "tilt", NOT_GOOD),
        ({"across_deg": 25}, "side view", OK),
        ({"across_deg": 25.1}, "side view", USABLE),
        ({"across_deg": 36}, "side view", USABLE),
        ({"across_deg": 36.1}, "side view", NOT_GOOD),
        ({"down_deg": 31}, "height", OK),
        ({"down_deg": 31.1}, "height", USABLE),
        ({"down_deg": 36.1}, "height", NOT_GOOD),
        ({"margin": 1}, "edge", OK),
        ({"margin": 0.9}, "edge", USABLE),
        ({"margin": 0}, "edge", USABLE),
        ({"margin": -0.1}, "edge", NOT_GOOD),
        ({"white": 60}, "dark", OK),
        ({"white": 59}, "dark", USABLE),
        ({"white": 37}, "dark", NOT_GOOD),
        ({"burnt": 0.04}, "bright", OK),
        ({"burnt": 0.05}, "bright", USABLE),
        ({"burnt": 0.11}, "bright", NOT_GOOD),
        ({"contrast": 60}, "contrast", OK),
        ({"contrast": 59}, "contrast", USABLE),
        ({"contrast": 34}, "contrast", NOT_GOOD),
        ({"blur_across_px": 1.36, "blur_down_px": 1.36}, "sharpness", OK),
        ({"blur_across_px": 1.37, "blur_down_px": 1.37}, "sharpness", USABLE),
        ({"blur_across_px": 1.68, "blur_down_px": 1.68}, "sharpness", USABLE),
        ({"blur_across_px": 1.69, "blur_down_px": 1.69}, "sharpness", NOT_GOOD),
        ({"blur_down_px": 2.03}, "sharpness", OK),
        ({"blur_down_px": 2.05}, "sharpness", USABLE),
        ({"blur_down_px": 2.53}, "sharpness", NOT_GOOD),
        ({"blur_across_px": 0.75, "blur_down_px": 0.75, "width_px": 62}, "sharpness", OK),
        ({"blur_across_px": 0.76, "blur_down_px": 0.76, "width_px": 62}, "sharpness", NOT_GOOD),
        ({"read_share": 0.9}, "reading", OK),
        ({"read_share": 0.89}, "reading", USABLE),
        ({"read_share": 0.49}, "reading", NOT_GOOD),
        ({"min_char": 0.75}, "sureness", OK),
        ({"min_char": 0.74}, "sureness", USABLE),
        ({"min_char": 0.44}, "sureness", NOT_GOOD),
    ],
)  # fmt: skip
def test_each_limit_of_the_plate(facts, topic, grade):
    plate = replace(PLATE, **facts)
    assert graded(topic, plate=plate).grade is grade
    assert ("aim for" in graded(topic, plate=plate).says or topic == "sharpness") is (
        grade is not OK or topic == "sharpness"
    )
    worst = judged(STREAM, LIGHT, plate).grade
    assert list(Grade).index(worst) >= list(Grade).index(grade)


@pytest.mark.parametrize(
    ("facts", "topic", "grade"),
    [
        ({"fps": 5}, "rate", OK),
        ({"fps": 4.9}, "rate", USABLE),
        ({"fps": 1.9}, "rate", NOT_GOOD),
        ({"longest_gap_s": 1.0}, "rate", OK),
        ({"longest_gap_s": 1.1}, "rate", USABLE),
        ({"longest_gap_s": 3.1}, "rate", NOT_GOOD),
        ({"longest_gap_s": 1.1, "fps": 1.9}, "rate", NOT_GOOD),
        ({"age_s": 0.3}, "age", OK),
        ({"age_s": 0.31}, "age", USABLE),
        ({"age_s": 1.1}, "age", NOT_GOOD),
        ({"width": 1920, "height": 1080}, "size", OK),
        ({"width": 3840, "height": 2160}, "size", USABLE),
        ({"expected": (1280, 720)}, "size", OK),
        ({"expected": (1920, 1080)}, "size", NOT_GOOD),
        ({"stopped": "gone"}, "stream", NOT_GOOD),
    ],
)
def test_each_limit_of_the_stream(facts, topic, grade):
    assert graded(topic, stream=replace(STREAM, **facts)).grade is grade


@pytest.mark.parametrize(
    ("facts", "topic", "grade"),
    [
        ({"black": 0.6}, "dark", OK),
        ({"black": 0.61}, "dark", USABLE),
        ({"black": 0.91}, "dark", NOT_GOOD),
        ({"burnt": 0.2}, "bright", OK),
        ({"burnt": 0.21}, "bright", USABLE),
        ({"burnt": 0.51}, "bright", NOT_GOOD),
        ({"blur_px": 1.1}, "sharpness", OK),
        ({"blur_px": 1.2}, "sharpness", USABLE),
        ({"blur_px": 1.5}, "sharpness", NOT_GOOD),
    ],
)
def test_without_a_plate_the_picture_itself_is_judged(facts, topic, grade):
    assert graded(topic, light=replace(LIGHT, **facts), plate=None).grade is grade


def test_no_plate_is_not_good_and_says_what_to_do():
    judgement = judged(STREAM, LIGHT, None)
    assert judgement.grade is NOT_GOOD
    assert [one.says for one in judgement.to_change] == [
        "no plate seen in 10 s: drive a car to the stop line and run again"
    ]


def test_a_dark_picture_around_a_bright_plate_is_no_fault():
    night = LightFacts(middle=4, burnt=0.0, black=0.95, blur_px=3)
    assert judged(STREAM, night, PLATE).grade is OK


def test_a_picture_without_an_edge_or_without_light_is_not_called_blurred():
    for light in (replace(LIGHT, blur_px=0), replace(LIGHT, blur_px=3, black=0.95)):
        topics = [one.topic for one in judged(STREAM, light, None).advice]
        assert "sharpness" not in topics


def test_the_advice_has_the_figure_the_aim_and_the_way():
    assert graded("width", plate=replace(PLATE, width_px=62)).says == (
        "the plate is 62 px wide, 5% of the picture: aim for 102: move the camera nearer or zoom"
        " in 1.7x"
    )
    assert graded("width", plate=replace(PLATE, width_px=640)).says == (
        "the plate is 640 px wide, 50% of the picture: aim for 320: move the camera away or zoom"
        " out 2.0x"
    )
    assert graded("tilt", plate=replace(PLATE, tilt_deg=14)).says == (
        "the plate is tilted by 14 degrees: aim for under 10: turn the camera clockwise about its"
        " lens"
    )
    assert "anticlockwise" in graded("tilt", plate=replace(PLATE, tilt_deg=-14)).says
    assert "cuts the plate off" in graded("edge", plate=replace(PLATE, margin=-0.2)).says


@pytest.mark.parametrize(("width", "aim"), [(640, 100), (1280, 102), (1920, 154), (3840, 307)])
def test_the_aim_is_100_px_and_8_percent_of_the_picture(width, aim):
    stream, plate = replace(STREAM, width=width), replace(PLATE, width_px=30)
    assert f"aim for {aim}:" in graded("width", stream=stream, plate=plate).says


def test_a_region_makes_plates_larger_in_what_the_reader_is_shown():
    wide, plate = replace(STREAM, width=2048), replace(PLATE, width_px=110)
    assert graded("width", stream=wide, plate=plate).grade is USABLE
    half = replace(wide, share=0.5)
    assert graded("width", stream=half, plate=plate).grade is OK
    assert "11% of the region" in graded("width", stream=half, plate=plate).says


def test_the_angle_of_a_plate_too_small_for_it_is_not_told():
    for width_px, told in ((90, True), (89, False)):
        plate = replace(PLATE, width_px=width_px, across_deg=50, down_deg=50)
        topics = {one.topic for one in judged(STREAM, LIGHT, plate).advice}
        assert ({"side view", "height"} <= topics) is told
        assert ({"side view", "height"} & topics != set()) is told


def test_a_smear_is_told_apart_from_a_lens_out_of_focus():
    along = graded("sharpness", plate=replace(PLATE, blur_across_px=2.0, blur_down_px=0.9))
    assert "smeared by about 10 px sideways" in along.says
    down = graded("sharpness", plate=replace(PLATE, blur_across_px=0.9, blur_down_px=3.0))
    assert "up and down" in down.says
    out = graded("sharpness", plate=replace(PLATE, blur_across_px=2.0, blur_down_px=1.5))
    assert "focus the lens" in out.says
    assert "aim for under 1.4" in out.says


def test_a_car_that_drove_past_is_asked_to_stand():
    judgement = judged(STREAM, LIGHT, replace(PLATE, pictures=4))
    assert judgement.grade is USABLE
    assert "in only 4 pictures: let the car stand" in judgement.to_change[0].says
    assert judged(STREAM, LIGHT, replace(PLATE, pictures=5)).grade is OK


def test_the_worst_is_told_first():
    plate = replace(PLATE, tilt_deg=12, min_char=0.2)
    assert [one.topic for one in judged(STREAM, LIGHT, plate).to_change] == ["sureness", "tilt"]


def test_what_is_no_number_is_never_good():
    limit = Limit(1, 2)
    assert limit.grade(math.nan) is limit.grade_of_much(math.nan) is NOT_GOOD


NUMBERS = st.floats(allow_nan=True, allow_infinity=True)


@given(
    st.builds(
        StreamFacts, width=st.integers(0, 99999), height=st.integers(0, 99999), seconds=NUMBERS,
        frames=st.integers(), fps=NUMBERS, longest_gap_s=NUMBERS, age_s=NUMBERS,
        stopped=st.just(""), share=NUMBERS, expected=st.none(),
    ),
    st.builds(LightFacts, NUMBERS, NUMBERS, NUMBERS, NUMBERS),
    st.none() | st.builds(PlateFacts, st.text(), st.integers(), *[NUMBERS] * 13),
)  # fmt: skip
def test_the_judgement_is_defined_for_all_numbers(stream, light, plate):
    judgement = judged(stream, light, plate)
    assert judgement.grade in Grade
    assert all(one.says for one in judgement.advice)
