"""Many readings of one vehicle, one plate."""

from gateway.lane.types import PlateColour, PlateReading, PlateType
from gateway.lane.voting import KEPT, Ballot


def seen(text="京A12345", min_char=0.9, *, track=1, width=120.0, sure=True):
    corners = ((0.0, 0.0), (width, 0.0), (width, 38.0), (0.0, 38.0))
    return PlateReading(
        text, PlateType.CIVIL, PlateColour.BLUE, 0.8, min_char, corners, track=track, sure=sure
    )


def of(*readings):
    ballot = Ballot()
    for reading in readings:
        ballot = ballot.cast(reading)
    return ballot


def won(ballot, agree_frames=2):
    winner = ballot.winner(agree_frames)
    return winner.text if winner else None


def test_frames_that_agree_elect_their_surest_reading():
    ballot = of(seen(min_char=0.7), seen(min_char=0.95), seen(min_char=0.8))

    assert ballot.winner(2).min_char == 0.95


def test_one_frame_is_not_enough():
    assert won(of(seen())) is None


def test_a_text_that_is_nearly_as_strong_leaves_the_vote_open():
    assert won(of(seen(), seen(), seen("京A12845"), seen("京A12845"))) is None
    assert won(of(seen(), seen(), seen(), seen("京A12845"))) == "京A12345"


def test_a_frame_counts_by_its_least_sure_character():
    """Two sure frames stand against two that hardly passed the gate."""
    weak = seen("京A12845", 0.4)

    assert won(of(seen(), seen(), weak, weak)) == "京A12345"


def test_frames_that_agree_need_one_that_is_sure():
    """Frames of one vehicle are wrong in the same way: many weak ones are no proof."""
    weak = of(*[seen(min_char=0.7)] * 9)

    assert weak.winner(2, 0.8) is None
    assert weak.cast(seen(min_char=0.85)).winner(2, 0.8).min_char == 0.85


def test_the_vehicle_behind_has_no_vote():
    behind = [seen("沪B77777", track=2, width=60.0)] * 5

    assert won(of(*behind, seen(), seen())) == "京A12345"


def test_two_plates_as_near_as_each_other_leave_the_vote_open():
    beside = [seen("沪B77777", track=2, width=110.0)] * 2

    assert won(of(*beside, seen(), seen())) is None


def test_a_plate_that_was_lost_and_found_again_still_votes_with_all_its_frames():
    assert won(of(seen(track=1, width=100.0), seen(track=2, width=120.0))) == "京A12345"


def test_a_doubt_never_wins_and_never_hinders():
    doubt = seen("京A12845", 0.3, sure=False)

    assert won(of(doubt, doubt, doubt)) is None
    assert won(of(doubt, doubt, doubt, seen(), seen())) == "京A12345"


def test_the_candidates_are_the_likeliest_first_and_doubts_are_among_them():
    ballot = of(
        seen("京A12845", 0.5, sure=False),
        seen(min_char=0.8),
        seen(min_char=0.9),
        seen("京A12346", 0.6),
        seen("京A1Z345", 0.1, sure=False),
    )

    assert ballot.top() == (("京A12345", 2, 0.9), ("京A12346", 1, 0.6), ("京A12845", 1, 0.5))


def test_a_long_visit_keeps_its_newest_readings():
    ballot = of(*[seen("沪B77777")] * KEPT, *[seen()] * KEPT)

    assert len(ballot.readings) == KEPT
    assert won(ballot) == "京A12345"


def test_many_doubts_do_not_drive_out_the_sure_readings():
    """A plate that is hard to read is sure once in many frames."""
    doubts = [seen("京A12845", 0.3, sure=False)] * KEPT
    ballot = of(seen(), *doubts, seen(), *doubts)

    assert won(ballot) == "京A12345"
    assert len(ballot.readings) == KEPT + 2


def test_a_plate_that_is_too_near_to_be_sure_still_keeps_the_one_behind_from_voting():
    """Its light dazzles, or it is half out of the picture: it was read for sure before."""
    first = [seen(width=100.0), seen(width=100.0)]
    near = [seen("京A12845", 0.3, width=190.0, sure=False)] * 3
    behind = [seen("沪B77777", track=2, width=135.0)] * 4

    assert won(of(*first, *behind)) == "沪B77777", "without the doubts it would be the nearer one"
    assert won(of(*first, *near, *behind)) == "京A12345"
