"""Every kind of plate is drawn in its size and colours, and our reader can read most of them."""

import random

import numpy as np
import pytest

pytest.importorskip("PIL", reason="the extra `demo` is not installed")
pytest.importorskip("manimgx_fonts_cjk", reason="the extra `demo` is not installed")

import cv2

from drivers.twins.dirt import soiled
from drivers.twins.plateart import PX_PER_MM, plate_art
from drivers.twins.plateforms import LIVERIES, LIVERY_OF, livery_named
from drivers.twins.traffic import plate_colour, plate_kind
from gateway.lane.plates import kind_of
from gateway.lane.types import PlateColour

EXAMPLES = {
    "blue": "京A82635",
    "government": "浙O31245",
    "yellow": "沪C50827",
    "yellow lorry": "冀B70916",
    "foreign black": "粤A36F52",
    "motorcycle": "鲁C28175",
    "light motorcycle": "川A61390",
    "new energy": "粤BD36217",
    "large new energy": "苏E52817F",
    "trailer": "豫A5286挂",
    "trailer line": "皖B7310挂",
    "trainer": "湘A2085学",
    "police": "京A0527警",
    "police motorcycle": "陕A3816警",
    "military": "VA05213",
    "military lorry": "BK27306",
    "old military": "军A05183",
    "armed police": "WJ京1234X",
    "armed staff": "WJ32358",
    "armed lorry": "WJ浙22657",
    "embassy": "使014081",
    "new embassy": "148072使",
    "consulate": "沪A0712领",
    "border": "粤Z5F28港",
    "airport": "民航B2086",
    "emergency": "京X1835应急",
    "temporary": "京A72635临",
    "temporary across": "辽B53816超",
    "farm": "皖0523845",
}
RED_SIGNS = {
    "police": "警",
    "police motorcycle": "警",
    "military": "VA",
    "military lorry": "BK",
    "old military": "军A",
    "armed police": "WJ京",
    "armed staff": "WJ",
    "armed lorry": "WJ浙",
    "embassy": "使",
    "new embassy": "使",
    "consulate": "领",
    "emergency": "应急",
}
RIGHT_SHARE = 0.8


@pytest.fixture(scope="module")
def reader():
    onnx_plates = pytest.importorskip("drivers.reader.onnx_plates")
    settings = onnx_plates.Settings(driver="onnx_plates")
    if not (settings.models / "manifest.yaml").is_file():
        pytest.skip("no plate models beside the packages")
    with onnx_plates.connect(settings) as ready:
        yield ready


def drawn(kind):
    return plate_art(EXAMPLES[kind], kind)


def redness(art, form, place):
    """Share of a character's cell that is red."""
    left, top, width, height = (round(side * PX_PER_MM) for side in form.cells[place])
    cell = art[top : top + height, left : left + width].astype(int)
    return ((cell[..., 2] - cell[..., :2].max(2)) > 100).mean()


def test_every_kind_has_an_example_of_its_type_and_colour():
    assert list(EXAMPLES) == [livery.name for livery in LIVERIES]
    for livery in LIVERIES:
        known = kind_of(EXAMPLES[livery.name])
        assert known is not None
        assert known.type is livery.type
        assert livery.colour in known.colours


@pytest.mark.parametrize("livery", LIVERIES, ids=lambda livery: livery.name)
def test_each_kind_is_drawn_in_its_size(livery):
    art = drawn(livery.name)
    sizes = {(form.height * PX_PER_MM, form.width * PX_PER_MM) for form in livery.forms}

    assert art.shape[:2] in sizes
    assert art.shape[2:] == (3,)
    assert art.dtype == np.uint8
    assert not art.flags.writeable


@pytest.mark.parametrize(
    ("kind", "millimetres"),
    [("blue", (440, 140)), ("new energy", (480, 140)), ("yellow lorry", (440, 220)),
     ("motorcycle", (220, 140)), ("farm", (300, 165)), ("armed lorry", (440, 220))],
)  # fmt: skip
def test_the_sizes_are_those_of_the_standards(kind, millimetres):
    assert drawn(kind).shape[1::-1] == tuple(side * PX_PER_MM for side in millimetres)


@pytest.mark.parametrize("livery", LIVERIES, ids=lambda livery: livery.name)
def test_every_character_stands_in_its_cell_and_only_the_right_ones_are_red(livery):
    art = drawn(livery.name)
    size = tuple(side / PX_PER_MM for side in art.shape[1::-1])
    fits = [one for one in livery.forms if (one.width, one.height) == size]
    reds = {
        tuple(place for place in range(len(form.cells)) if redness(art, form, place) > 0.05)
        for form in fits
    }
    assert livery.red in reds
    (form, *_) = fits
    for left, top, width, height in form.cells:
        assert 0 <= left < left + width <= form.width
        assert 0 <= top < top + height <= form.height


def test_what_the_standards_print_in_red_is_red():
    for livery in LIVERIES:
        red = "".join(EXAMPLES[livery.name][place] for place in livery.red)
        assert red == RED_SIGNS.get(livery.name, ""), livery.name


def test_a_new_energy_lorry_is_yellow_on_its_left_and_green_on_its_right():
    art = drawn("large new energy")
    left, right = art[40, 40].astype(int), art[40, -40].astype(int)

    assert left[2] > left[0] + 150
    assert right[1] > right[2] + 60


def test_some_kinds_are_laid_out_in_two_ways_and_a_text_always_in_the_same():
    plain = {plate_art(f"京A{n:04d}警", "police")[100:180, 136:200].tobytes() for n in range(12)}
    assert len(plain) > 1, "the second character stands further left or right"
    first = plate_art("京A0001警", "police").copy()
    plate_art.cache_clear()
    assert np.array_equal(plate_art("京A0001警", "police"), first)


def test_a_colour_stands_for_its_plainest_kind():
    for colour in set(PlateColour) - {PlateColour.UNKNOWN}:
        livery = livery_named(colour)
        assert livery is not None
        assert livery.colour is colour
    art = plate_art("粤BD36217", PlateColour.GREEN)
    assert np.array_equal(art, plate_art("粤BD36217", "new energy"))


@pytest.mark.parametrize(
    ("text", "kind"),
    [("京A12345", "new energy"), ("京A1234", "blue"), ("京A1234I", "blue"), ("京A12345", "tank")],
)
def test_what_cannot_be_drawn_is_refused(text, kind):
    with pytest.raises(ValueError, match=f"a {kind} plate '{text}' cannot be drawn"):
        plate_art(text, kind)


def test_dirt_hides_more_the_more_there_is_and_is_the_same_each_time():
    art = drawn("blue")
    hidden = [np.abs(soiled(art, dirt, 5).astype(int) - art).mean() for dirt in (0.1, 0.4, 0.8)]

    assert hidden[0] < hidden[1] < hidden[2]
    assert np.array_equal(soiled(art, 0.4, 5), soiled(art, 0.4, 5))
    assert not np.array_equal(soiled(art, 0.4, 5), soiled(art, 0.4, 6))


# --- what traffic makes of a plate ---------------------------------------------------------

SAME_TEXT = {"yellow", "yellow lorry", "foreign black", "motorcycle", "light motorcycle"}


@pytest.mark.parametrize("kind", sorted(set(EXAMPLES) - SAME_TEXT))
def test_traffic_knows_a_kind_by_its_text(kind):
    livery = LIVERY_OF[plate_kind(EXAMPLES[kind])]

    assert livery.type is LIVERY_OF[kind].type
    assert plate_art(EXAMPLES[kind], livery.name).any()


@pytest.mark.parametrize("kind", sorted(SAME_TEXT))
def test_a_plain_text_is_a_blue_plate_and_a_marked_one_yellow(kind):
    assert plate_kind(EXAMPLES[kind]) == "blue"
    assert plate_kind(EXAMPLES[kind] + "黄") == "yellow"
    assert plate_colour(EXAMPLES[kind] + "黄") is PlateColour.YELLOW


def test_no_plate_has_no_kind():
    assert plate_kind("") == ""
    assert plate_colour("") is PlateColour.UNKNOWN


# --- readable ----------------------------------------------------------------------------


def test_the_reader_reads_most_kinds_straight_on(reader):
    misread = {}
    for kind, text in EXAMPLES.items():
        art = drawn(kind)
        width = 200 if art.shape[1] > 600 else 130
        size = (width, round(width * art.shape[0] / art.shape[1]))
        found = reader.read_crop(cv2.resize(art, size, interpolation=cv2.INTER_AREA))
        if (found.text, found.rows) != (text, LIVERY_OF[kind].forms[0].rows):
            misread[kind] = found.text
    assert len(misread) <= (1 - RIGHT_SHARE) * len(EXAMPLES), misread


def test_a_plate_of_any_kind_fits_every_number_of_its_shape():
    """No character of the alphabet lacks its strokes or its place."""
    dice = random.Random(1)
    for sign in "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789":
        text = "京" + "A" + sign + "".join(dice.choices("0123456789", k=4))
        assert plate_art(text, "blue").any()
