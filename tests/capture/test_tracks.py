"""Following plates from picture to picture."""

from gateway.capture.tracks import FORGOTTEN_S, MOST_NUMBERS, Tracks
from gateway.lane.types import PlateColour, PlateReading, PlateType


def plate(x, y=300.0, width=120.0, text="京A12345"):
    corners = ((x, y), (x + width, y), (x + width, y + 38), (x, y + 38))
    return PlateReading(text, PlateType.CIVIL, PlateColour.BLUE, 0.8, 0.9, corners)


def numbers(readings):
    return [reading.track for reading in readings]


def test_a_plate_that_comes_nearer_keeps_its_number():
    tracks = Tracks()
    steps = [plate(400 + 20 * n, 200 + 25 * n, 80 + 8 * n) for n in range(12)]

    seen = [tracks.numbered([step], n / 10) for n, step in enumerate(steps)]

    assert {number for readings in seen for number in numbers(readings)} == {1}


def test_two_plates_have_two_numbers_whatever_their_order():
    tracks = Tracks()

    first = tracks.numbered([plate(100), plate(800, text="沪B77777")], 0.0)
    then = tracks.numbered([plate(810, text="沪B77777"), plate(110)], 0.1)

    assert numbers(first) == [1, 2]
    assert numbers(then) == [2, 1]


def test_a_misread_text_keeps_the_number_of_its_place():
    tracks = Tracks()
    tracks.numbered([plate(100)], 0.0)

    assert numbers(tracks.numbered([plate(102, text="京A12845")], 0.1)) == [1]


def test_another_size_at_the_same_place_is_another_plate():
    tracks = Tracks()
    tracks.numbered([plate(100, width=60)], 0.0)

    assert numbers(tracks.numbered([plate(100, width=160)], 0.1)) == [2]


def test_a_plate_that_was_hidden_for_a_moment_is_the_same_one():
    tracks = Tracks()
    tracks.numbered([plate(100)], 0.0)
    tracks.numbered([], 0.5)

    assert numbers(tracks.numbered([plate(105)], FORGOTTEN_S)) == [1]
    assert numbers(tracks.numbered([plate(105)], 3 * FORGOTTEN_S)) == [2]


def test_numbers_stay_small_enough_for_the_pipe_and_are_never_none():
    tracks = Tracks(last=MOST_NUMBERS - 1)
    seen = [tracks.numbered([plate(300 * n)], n * 9.0) for n in range(3)]

    assert [numbers(readings) for readings in seen] == [[MOST_NUMBERS], [1], [2]]
