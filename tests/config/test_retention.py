"""`retention:`: what may be kept for how long, and why not longer or shorter."""

import pytest

from tests.config.box import GOOD


def test_without_the_section_it_is_a_year_a_month_and_three_days(box):
    box.write(GOOD)
    kept = box.load().retention
    assert (kept.events_days, kept.pictures_days, kept.acked_hours) == (365, 30, 72)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("events_days: 29", "29 days are too few: a month's fees"),
        ("events_days: 1096", "1096 days are too many: plates are personal data"),
        ("pictures_days: 2", "2 days are too few: a picture must outlive a holiday"),
        ("pictures_days: 366", "366 days are too many: pictures show people"),
        ("acked_hours: 23", "23 hours are too few: a cloud that is set back"),
        ("acked_hours: 721", "721 hours are too many: they only repeat events"),
    ],
)
def test_each_limit_is_told_with_its_reason_and_its_place(box, line, reason):
    box.write(f"{GOOD}retention:\n  {line}\n")
    (told,) = box.told()
    assert reason in told
    assert told.startswith(f"lanegate.yaml:17:{len(line.split(':')[0]) + 5}: retention.")
    assert "; allowed: " in told


@pytest.mark.parametrize("line", ["events_days: 30", "events_days: 1095", "acked_hours: 720"])
def test_the_limits_themselves_are_allowed(box, line):
    box.write(f"{GOOD}retention:\n  {line}\n")
    assert box.load().retention


def test_no_picture_outlives_its_pass(box):
    box.write(f"{GOOD}retention: {{events_days: 60, pictures_days: 61}}\n")
    (told,) = box.told()
    assert "a picture without its event proves nothing; give pictures no more than events" in told


def test_words_and_unknown_keys_are_told(box):
    box.write(f"{GOOD}retention: {{events_days: long, picture_days: 4}}\n")
    assert len(box.told()) == 2
