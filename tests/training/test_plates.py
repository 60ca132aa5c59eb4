"""The drawn plates: every kind says what a plate of its kind may say."""

import random

import numpy as np
import pytest

pytest.importorskip("PIL", reason="needs the extra `demo`: fonts for what is drawn")

from gateway.lane.plates import KINDS as GRAMMAR
from gateway.lane.plates import kind_of
from models.training.kinds import KINDS, PROVINCES
from models.training.plates import PX_PER_MM, draw_plate


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_kind_is_drawn_in_its_size_with_a_text_of_its_grammar(kind):
    dice = random.Random(1)
    sizes = {(round(f.height * PX_PER_MM), round(f.width * PX_PER_MM)) for f in kind.forms}
    for _ in range(30):
        plate = draw_plate(dice, kind)
        known = kind_of(plate.text)

        assert plate.image.dtype == np.uint8
        assert plate.image.shape[:2] in sizes
        if known is not None:
            assert known.type is plate.type
            assert plate.colour in known.colours
            assert plate.rows in known.rows


def test_every_type_of_the_grammar_is_drawn():
    assert {kind.type for kind in GRAMMAR} == {kind.type for kind in KINDS}


def test_most_drawn_texts_are_possible_plates():
    dice = random.Random(2)
    texts = [kind.text(dice) for kind in KINDS for _ in range(100)]

    assert sum(kind_of(text) is not None for text in texts) > 0.8 * len(texts)


def test_all_provinces_are_drawn_equally():
    dice = random.Random(3)
    blue = next(kind for kind in KINDS if kind.name == "blue")
    drawn = [blue.text(dice)[0] for _ in range(31 * 200)]

    counts = [drawn.count(province) for province in PROVINCES]
    assert len(PROVINCES) == 31
    assert min(counts) > 130
    assert max(counts) < 270


def test_one_seed_gives_one_plate():
    first, again = (draw_plate(random.Random(7)) for _ in range(2))

    assert first.text == again.text
    assert np.array_equal(first.image, again.image)


def test_a_wished_text_is_drawn():
    kind = next(kind for kind in KINDS if kind.name == "new energy")

    assert draw_plate(random.Random(1), kind, "京AD12345").text == "京AD12345"
