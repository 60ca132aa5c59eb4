"""How long to wait, and which MQTT to speak, after each kind of ending."""

from gateway.sync.redial import Ending, MqttProtocol, Redial, connected, ended, redial

AUTO, V5, V311 = MqttProtocol.AUTO, MqttProtocol.V5, MqttProtocol.V311


def after(state: Redial, *endings: Ending) -> Redial:
    for ending in endings:
        state = ended(state, ending)
    return state


def test_the_bound_doubles_from_two_seconds_to_the_cap():
    state, bounds = redial(AUTO, 30.0), []
    for _ in range(7):
        state = ended(state, Ending.UNREACHABLE)
        bounds.append(state.wait_up_to_s)
    assert bounds == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]


def test_the_first_try_waits_too_so_that_a_power_cut_makes_no_crowd():
    assert redial(AUTO, 30.0).wait_up_to_s == 5.0
    assert redial(AUTO, 1.0).wait_up_to_s == 1.0


def test_a_connection_that_lasted_begins_again_with_a_short_wait():
    state = connected(after(redial(AUTO, 30.0), *[Ending.UNREACHABLE] * 5))
    assert ended(state, Ending.LOST, lasted_s=60.0).wait_up_to_s == 2.0


def test_two_boxes_that_throw_each_other_out_do_it_ever_less_often():
    state = redial(AUTO, 30.0)
    for _ in range(6):
        state = ended(connected(state), Ending.LOST, lasted_s=1.0)
    assert state.wait_up_to_s == 30.0


def test_a_refusal_or_a_twin_waits_twenty_times_as_long():
    for ending in (Ending.NOT_ALLOWED, Ending.CERTIFICATE_REFUSED, Ending.TAKEN_OVER):
        assert after(redial(AUTO, 30.0), ending).wait_up_to_s == 600.0


def test_auto_tries_the_older_version_at_once_and_then_the_newer_again_after_a_wait():
    first = after(redial(AUTO, 30.0), Ending.MUTE)
    assert (first.protocol, first.wait_up_to_s) == (V311, 0.0)
    second = ended(first, Ending.MUTE)
    assert second.protocol is V5
    assert second.wait_up_to_s > 0


def test_patience_grows_so_that_a_slow_link_gets_through_in_the_end():
    state = redial(AUTO, 30.0)
    assert state.patience_s == 2.0
    assert after(state, *[Ending.MUTE] * 9).patience_s == 120.0


def test_a_version_that_worked_is_kept_through_a_broken_handshake():
    state = connected(after(redial(AUTO, 30.0), Ending.MUTE))
    assert after(state, Ending.LOST, Ending.MUTE).protocol is V311


def test_a_version_that_is_refused_later_is_given_up():
    state = connected(redial(AUTO, 30.0))
    assert ended(state, Ending.WRONG_VERSION).protocol is V311


def test_a_version_the_technician_insists_on_is_never_changed():
    for version in (V5, V311):
        assert after(redial(version, 30.0), Ending.WRONG_VERSION, Ending.MUTE).protocol is version


def test_an_unreachable_broker_says_nothing_about_its_version():
    assert after(redial(AUTO, 30.0), Ending.UNREACHABLE).protocol is V5


def test_who_is_not_the_broker_is_tried_again_soon_and_in_the_same_version():
    for ending in (Ending.UNTRUSTED, Ending.NOT_TLS):
        state = after(redial(AUTO, 30.0), ending)
        assert (state.wait_up_to_s, state.protocol) == (2.0, V5)


def test_room_for_a_new_certificate_is_no_failure():
    lasted = ended(connected(redial(AUTO, 30.0)), Ending.LOST, lasted_s=60.0)
    renewed = ended(lasted, Ending.RENEWED, lasted_s=1.0)
    assert (renewed.failures, renewed.wait_up_to_s) == (lasted.failures, 1.0)
    refused = after(redial(AUTO, 30.0), *[Ending.UNTRUSTED] * 4, Ending.RENEWED)
    assert ended(refused, Ending.UNTRUSTED).wait_up_to_s == 30.0
