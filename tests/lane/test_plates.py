"""The grammar of plates, and the gate."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.lane.plates import KINDS, PROVINCES, Gate, Rejected, judge
from gateway.lane.types import PlateCandidate, PlateColour, PlateReading, PlateType

CORNERS = ((0.0, 0.0), (90.0, 0.0), (90.0, 30.0), (0.0, 30.0))
BLUE, GREEN, YELLOW = PlateColour.BLUE, PlateColour.GREEN, PlateColour.YELLOW
YELLOW_GREEN = PlateColour.YELLOW_GREEN
WHITE, BLACK, UNKNOWN = PlateColour.WHITE, PlateColour.BLACK, PlateColour.UNKNOWN


def seen(text, colour=UNKNOWN, *, sure=0.9, box_score=0.9, rows=1, characters=None):
    each = (sure,) * len(text) if characters is None else characters
    return PlateCandidate(text, colour, each, box_score, CORNERS, rows)


def told(candidate, gate=None):
    """The type of an accepted candidate, or why it was refused."""
    verdict = judge(candidate, gate or Gate())
    return verdict.type if isinstance(verdict, PlateReading) else verdict.why


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.example)
def test_every_row_of_the_table_reads_its_own_example_as_its_type(kind):
    for colour in (*kind.colours, UNKNOWN):
        for rows in kind.rows:
            assert told(seen(kind.example, colour, rows=rows)) is kind.type


@pytest.mark.parametrize(
    ("text", "colour", "type_"),
    [
        ("皖A5P086", BLUE, PlateType.CIVIL),
        ("沪BD1234", YELLOW, PlateType.CIVIL),
        ("京A00001", BLACK, PlateType.CIVIL),
        ("苏O12345", BLUE, PlateType.CIVIL),
        ("皖AD19789", GREEN, PlateType.NEW_ENERGY),
        ("粤BFA1234", GREEN, PlateType.NEW_ENERGY),
        ("粤AK12345", UNKNOWN, PlateType.NEW_ENERGY),
        ("沪A12345F", GREEN, PlateType.NEW_ENERGY),
        ("沪A12345F", YELLOW_GREEN, PlateType.NEW_ENERGY),
        ("鲁H123G挂", YELLOW, PlateType.TRAILER),
        ("浙A1234学", YELLOW, PlateType.TRAINER),
        ("川O1234警", WHITE, PlateType.POLICE),
        ("WJ12345", WHITE, PlateType.ARMED_POLICE),
        ("WJ粤1234X", WHITE, PlateType.ARMED_POLICE),
        ("KA12345", WHITE, PlateType.MILITARY),
        ("军A00101", WHITE, PlateType.MILITARY),
        ("014001使", BLACK, PlateType.EMBASSY),
        ("粤Z1A34澳", BLACK, PlateType.HK_MACAU),
        ("川X1234应急", WHITE, PlateType.EMERGENCY),
        ("京12345应急", WHITE, PlateType.EMERGENCY),
        ("民航A1234", UNKNOWN, PlateType.AIRPORT),
        ("民航A1234", GREEN, PlateType.AIRPORT),
        ("粤A1234临", BLUE, PlateType.TEMPORARY),
        ("粤A12345临", YELLOW, PlateType.TEMPORARY),
        ("皖0112345", GREEN, PlateType.FARM),
    ],
)
def test_real_plates_are_read_as_what_they_are(text, colour, type_):
    assert told(seen(text, colour)) is type_


@pytest.mark.parametrize(
    "text",
    [
        "",
        "京",
        "京A1234",
        "京A123456",
        "A京12345",
        "京A1234O",
        "京AI2345",
        "京I12345",
        "京OD12345",
        "京AAAA11",
        "京AL12345",
        "京A12345L",
        "京ADAB123",
        "京AO12345",
        "京A12345\n",
        "京A12٣45",
        "VA1234٣",
        "京a12345",
        "应急X1234",
    ],
)
def test_a_text_no_standard_knows_is_refused(text):
    assert told(seen(text)) == "no plate of GA 36-2018 looks like this text"


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("京A12345", WHITE),
        ("京O12345", YELLOW),
        ("京AD12345", BLUE),
        ("京AD12345", WHITE),
        ("京AD12345", YELLOW_GREEN),
        ("京A1234挂", BLUE),
        ("京A1234警", BLUE),
        ("WJ京1234X", GREEN),
        ("VA12345", BLUE),
        ("使014001", WHITE),
        ("民航A1234", WHITE),
    ],
)
def test_a_colour_that_speaks_against_the_text_is_believed(text, colour):
    assert told(seen(text, colour)).endswith(f"plate is never {colour}")


def test_a_green_plate_of_seven_characters_is_called_a_misread():
    why = told(seen("京A12345", GREEN))

    assert why == "a green plate has 8 characters, this text has 7: a misread"


def test_a_new_energy_plate_never_has_two_rows():
    assert told(seen("京AD12345", GREEN, rows=2)) == "a new_energy plate never has 2 rows"
    assert told(seen("京A12345", YELLOW, rows=2)) is PlateType.CIVIL


def test_one_covered_character_is_not_hidden_by_six_good_ones():
    characters = (0.99, 0.99, 0.99, 0.5, 0.99, 0.99, 0.99)

    why = told(seen("京A12345", BLUE, characters=characters), Gate(min_char=0.6, box_score=0.4))

    assert why == "character 4: 0.50 is under the gate's 0.60"


def test_a_weak_box_is_refused_however_sure_its_text_is():
    why = told(seen("京A12345", BLUE, box_score=0.39), Gate(min_char=0.5, box_score=0.4))

    assert why == "box score 0.39 is under the gate's 0.4"


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ({"plate": 0.49}, "chance to be a plate at all 0.49 is under the gate's 0.5"),
        ({"sharpness": 0.09}, "sharpness 0.09 is under the gate's 0.1"),
        (
            {"corners": ((0, 0), (20, 0), (20, 6), (0, 6))},
            "width in pixels 20 is under the gate's 30",
        ),
    ],
)
def test_what_is_no_plate_or_too_small_or_blurred_is_refused_with_its_figure(what, why):
    gate = Gate(plate=0.5, width_px=30, sharpness=0.1)

    assert told(replace(seen("京A12345", BLUE), **what), gate) == why
    assert told(seen("京A12345", BLUE), gate) is PlateType.CIVIL


def test_what_is_just_at_the_gate_passes():
    candidate = seen("京A12345", BLUE, sure=0.5, box_score=0.4)

    assert told(candidate, Gate(min_char=0.5, box_score=0.4)) is PlateType.CIVIL


@pytest.mark.parametrize("no_number", [math.nan, -math.inf])
def test_a_probability_that_is_no_number_never_passes(no_number):
    worst = (*(0.9,) * 6, no_number)

    assert isinstance(judge(seen("京A12345", characters=worst), Gate()), Rejected)
    assert isinstance(judge(seen("京A12345", box_score=no_number), Gate()), Rejected)


def test_a_text_without_a_probability_for_each_character_is_refused():
    why = told(seen("京A12345", characters=(0.9,)))

    assert why == "1 probabilities for 7 characters"


def test_a_reading_tells_the_product_and_the_least_of_its_probabilities():
    characters = (0.9, 0.8, 1.0, 1.0, 1.0, 1.0, 1.0)

    reading = judge(seen("京A12345", BLUE, characters=characters), Gate())

    assert isinstance(reading, PlateReading)
    assert reading.confidence == pytest.approx(0.72)
    assert reading.min_char == pytest.approx(0.8)
    assert (reading.text, reading.colour, reading.corners) == ("京A12345", BLUE, CORNERS)


def test_a_refusal_keeps_the_text_for_the_technician():
    assert judge(seen("京A1234", BLUE), Gate()) == Rejected(
        "京A1234", "no plate of GA 36-2018 looks like this text"
    )


SIGNS = PROVINCES + "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789学警港澳挂使领应急民航"
COLOURS = st.sampled_from(PlateColour)
PLATE_LIKE = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(PROVINCES),
        st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        st.text(SIGNS, min_size=4, max_size=7),
    ),
)
TEXTS = st.text(SIGNS, max_size=10) | st.text(max_size=10) | PLATE_LIKE


@given(
    text=TEXTS,
    colour=COLOURS,
    rows=st.integers(-1, 3),
    box_score=st.floats(),
    characters=st.lists(st.floats(), max_size=10),
)
def test_judging_never_raises(text, colour, rows, box_score, characters):
    candidate = PlateCandidate(text, colour, tuple(characters), box_score, CORNERS, rows)

    assert isinstance(judge(candidate, Gate()), PlateReading | Rejected)


@given(text=st.text(SIGNS, min_size=7, max_size=7) | PLATE_LIKE, sure=st.floats(0.9, 1.0))
def test_a_green_seven_is_never_accepted(text, sure):
    if len(text) != 8 and not text.startswith("民航"):
        assert isinstance(judge(seen(text, GREEN, sure=sure), Gate()), Rejected)


@given(text=PLATE_LIKE, colour=COLOURS)
def test_no_accepted_serial_has_an_i_or_an_o(text, colour):
    verdict = judge(seen(text, colour), Gate())

    if isinstance(verdict, PlateReading):
        assert not set("IO") & set(verdict.text[2:])
        assert verdict.text[1] != "I"


@given(text=PLATE_LIKE, colour=COLOURS, least=st.floats(0, 1), sure=st.floats(0, 1))
def test_nothing_less_sure_than_the_gate_is_accepted(text, colour, least, sure):
    verdict = judge(seen(text, colour, sure=sure), Gate(min_char=least, box_score=0.4))

    assert isinstance(verdict, Rejected) or verdict.min_char >= least
