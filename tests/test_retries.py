"""How long a camera's process stays away after its end."""

from gateway.retries import Retries


def refused(retries, times):
    return [retries.pause_s(1.0, refused=True) for _ in range(times)]


def test_a_camera_that_refuses_us_is_asked_so_seldom_that_it_locks_no_account():
    retries = Retries()
    assert refused(retries, 5) == [60, 300, 600, 600, 600]


def test_other_ends_between_two_refusals_do_not_make_the_wait_short_again():
    retries = Retries()
    refused(retries, 2)
    retries.pause_s(1.0, refused=False)
    assert refused(retries, 1) == [600]


def test_a_camera_that_let_us_in_meanwhile_is_asked_sooner_again():
    retries = Retries()
    refused(retries, 3)
    retries.let_in()
    assert refused(retries, 1) == [60]


def test_a_process_that_fails_at_once_waits_longer_each_time_and_a_good_run_ends_that():
    retries = Retries()
    assert [retries.pause_s(1.0, refused=False) for _ in range(8)] == [1, 2, 4, 8, 16, 30, 30, 30]
    assert retries.pause_s(11.0, refused=False) == 0.5
