"""Many readings of one vehicle, one plate."""

from gateway.lane.types import PlateColour, PlateReading, PlateType
from gateway.lane.voting import KEPT, Ballot


def seen(text="京A12345", min_char=0.9, *, track=1, width=120.0, sure=True, x=0.0, evidence=()):
    corners = ((x, 0.0), (x + width, 0.0), (x + width, 38.0), (x, 38.0))
    return PlateReading(
        text, PlateType.CIVIL, PlateColour.BLUE, 0.8, min_char, corners, evidence, track, sure
    )


def in_doubt(text="京A9Z876", *, track=1, width=190.0, **more):
    return seen(text, 0.2, track=track, width=width, sure=False, **more)


BEHIND = "沪B77777"


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


def test_a_vehicle_behind_does_not_let_in_a_nearer_one_that_can_only_be_guessed():
    """Both are seen in each picture; the width of the plate tells which is the nearer one."""
    both = [in_doubt(), seen(BEHIND, track=2, width=100.0)] * 12

    assert won(of(*both)) is None
    assert won(of(*reversed(both))) is None
    assert won(of(*[seen(BEHIND, track=2, width=100.0)] * 12)) == BEHIND


def test_the_nearer_plate_wins_as_soon_as_it_is_sure_itself():
    both = [in_doubt(), seen(BEHIND, track=2, width=100.0)] * 3

    assert won(of(*both, seen(width=190.0), seen(width=190.0))) == "京A12345"


def test_a_doubt_as_near_as_the_sure_plate_does_not_hinder_it():
    assert won(of(in_doubt(track=2, width=150.0), in_doubt(track=2, width=150.0), seen(), seen()))


def test_one_glint_before_many_sure_pictures_is_no_vehicle():
    glint = in_doubt(track=2, width=300.0)

    assert won(of(seen(), seen(), glint)) is None
    assert won(of(glint, *[seen()] * 5)) is None
    assert won(of(glint, *[seen()] * 6)) == "京A12345"
    assert won(of(glint, glint, *[seen()] * 20)) is None, "seen twice it is there"


def test_a_plate_that_was_lost_and_is_too_near_now_is_still_the_one_that_was_read():
    """Its number is new, and its text is nearly what it was before."""
    read = [seen(width=100.0)] * 3
    near = [in_doubt("京A1284S", track=2)] * 3

    assert won(of(*read, *near)) == "京A12345"
    assert won(of(*read, *[in_doubt("京A98765", track=2)] * 3)) is None


def test_two_vehicles_of_one_fleet_are_not_one_plate_that_was_lost():
    """Their numbers follow each other, but both are seen at once."""
    both = [in_doubt("京A12346", track=2), seen(width=100.0)] * 4

    assert won(of(*both)) is None


def test_what_a_parked_car_says_is_no_candidate():
    parked = seen(BEHIND, track=2, width=80.0, x=900.0)
    assert texts(of(parked, parked, in_doubt(), parked, in_doubt())) == ["京A9Z876"]


def test_what_the_vehicle_behind_says_is_no_candidate_though_it_moves():
    story = [(in_doubt(), seen(BEHIND, track=2, width=80.0 + 5 * n)) for n in range(6)]
    assert texts(of(*(one for both in story for one in both))) == ["京A9Z876"]


def test_what_was_read_from_afar_stays_a_candidate_when_it_is_too_near_to_read():
    coming = [seen(width=60.0 + 5 * n, x=20.0 * n) for n in range(6)]
    near = [in_doubt("京A9Z876", track=2, width=190.0)] * 3
    assert "京A12345" in texts(of(*coming, *near))


def test_a_single_plate_is_a_candidate_though_it_stands():
    assert texts(of(seen(), seen())) == ["京A12345"]
    assert texts(of(seen(), in_doubt(track=2, width=400.0))) == ["京A12345", "京A9Z876"], "a glint"


def texts(ballot):
    return [candidate.text for candidate in ballot.top()]


def test_the_pictures_shown_are_of_the_surest_reading_of_this_vehicle():
    doubts = [in_doubt(evidence=("a",)), seen("京A9Z876", 0.4, width=190.0, sure=False)]
    behind = seen(BEHIND, track=2, width=80.0, evidence=("b",))
    assert of(behind, *doubts, *doubts, behind).evidence() == ("a",)
    assert of(*doubts, seen(width=190.0, evidence=("c", "d"))).evidence() == ("c", "d")
    assert Ballot().evidence() == ()
