"""What is seen in one picture, and what is known of one plate after many."""

import pytest

from gateway.lane.plates import Gate
from gateway.lane.types import PlateColour
from gateway.survey.sightings import Sighting, by_plate, look, sorted_out
from tests.survey.paper import HERE, PaperReader, a_candidate, shade


def a_sighting(number, *candidates):
    accepted, refused = sorted_out(candidates, Gate())
    return Sighting(accepted, refused, number=number, at_s=number / 10)


def test_what_passes_is_accepted_and_the_rest_is_refused_with_a_reason():
    good, weak = a_candidate(), a_candidate("京A54321", least=0.2)
    nonsense = a_candidate("A1", colour=PlateColour.UNKNOWN)
    seen = a_sighting(0, weak, good, nonsense)
    assert [one.reading.text for one in seen.accepted] == ["京A12345"]
    assert [one.candidate.text for one in seen.refused] == ["京A54321", "A1"]
    assert seen.refused[0].why == "character 1: 0.20 is under the gate's 0.45"
    assert seen.texts == {"京A12345"}


def test_a_reader_is_asked_for_a_scene_or_for_a_crop():
    reader = PaperReader({50: [a_candidate()]})
    assert look(shade(50), reader, Gate()).texts == {"京A12345"}
    assert look(shade(50), reader, Gate(), crop=True, number=7, at_s=1.5).number == 7
    assert not look(shade(99), reader, Gate()).accepted


def test_json_names_the_place_and_every_figure():
    told = a_sighting(0, a_candidate()).accepted[0].as_json()
    assert told["box"] == [400, 300, 520, 338]
    assert told["corners"] == [[x, y] for x, y in HERE]
    assert (told["text"], told["type"], told["colour"]) == ("京A12345", "civil", "blue")
    assert (told["min_char"], told["box_score"], told["rows"]) == (0.9, 0.9, 1)
    (no,) = a_sighting(0, a_candidate("", least=0)).refused
    assert (no.as_json()["text"], no.as_json()["min_char"]) == ("", 0)


def test_a_plate_appears_once_with_its_times_its_pictures_and_its_best_reading():
    plates = by_plate(
        [
            a_sighting(3, a_candidate(least=0.7)),
            a_sighting(4, a_candidate(least=0.95), a_candidate("沪B12345")),
            a_sighting(6),
            a_sighting(9, a_candidate(least=0.8), a_candidate(least=0.6)),
        ]
    )
    first, second = plates
    assert (first.text, first.frames) == ("京A12345", 3)
    assert (first.first_s, first.last_s, first.best_s) == pytest.approx((0.3, 0.9, 0.4))
    assert first.best.reading.min_char == 0.95
    assert (second.text, second.frames, second.first_s) == ("沪B12345", 1, 0.4)
    assert first.as_json()["best"]["at_s"] == 0.4
