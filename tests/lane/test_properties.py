"""What must hold for every sequence of events. Each property kills a mutant in test_mutants."""

from hypothesis import given, settings

from tests.lane import properties
from tests.lane.properties import stories


@given(stories)
@settings(max_examples=400, deadline=None)
def test_the_boom_never_closes_on_presence_or_on_unknown(story):
    properties.never_closes_on_presence(properties.play(story))


@given(stories)
@settings(max_examples=400, deadline=None)
def test_every_visit_ends_in_exactly_one_record(story):
    properties.one_record_a_visit(properties.play(story))


@given(stories)
@settings(max_examples=400, deadline=None)
def test_the_boom_never_opens_without_a_stored_reason(story):
    properties.no_open_without_a_reason(properties.play(story))


@given(stories)
@settings(max_examples=200, deadline=None)
def test_presence_while_closing_always_reopens(story):
    properties.presence_reopens(properties.play(story))


@given(stories)
@settings(max_examples=200, deadline=None)
def test_a_clock_step_changes_no_order(story):
    properties.wall_clock_changes_nothing(story)


@given(stories)
@settings(max_examples=200, deadline=None)
def test_a_lane_that_everybody_left_comes_to_rest(story):
    properties.comes_to_rest(story)


@given(stories)
@settings(max_examples=300, deadline=None)
def test_whoever_has_the_boom_up_no_rule_lowers_it(story):
    properties.held_up(properties.play(story))


@given(stories)
@settings(max_examples=300, deadline=None)
def test_a_fire_ends_by_its_reset_only(story):
    properties.fire_is_latched(properties.play(story))
