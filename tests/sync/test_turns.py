"""Whose messages a receiver takes next."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.sync.link import Arrived
from gateway.sync.turns import LITTLE_BYTES, TURN_BYTES, Turns


def a_message(gateway, size, mid=0):
    return Arrived(f"lanegate/1/{gateway}/up/rec", b"x" * size, mid)


def waiting(*messages):
    turns = Turns()
    for message in messages:
        turns.put(message)
    return turns


def backlog(count):
    return [a_message("north", TURN_BYTES) for _ in range(count)]


def gateways(turn):
    return [message.topic.split("/")[2] for message in turn]


def test_nothing_waits_and_nothing_is_taken():
    assert Turns().take() == []


def test_a_live_pass_does_not_wait_for_a_backlog():
    turns = waiting(*backlog(4), a_message("south", 400))
    assert gateways(turns.take()) == ["south"]
    assert gateways(turns.take()) == ["north"]


def test_a_backlog_goes_on_although_live_passes_come_all_the_time():
    turns = waiting(a_message("north", TURN_BYTES))
    turns.put(a_message("south", 400))
    assert gateways(turns.take()) == ["south"]
    turns.put(a_message("south", 400))
    assert gateways(turns.take()) == ["north"]
    assert gateways(turns.take()) == ["south"]


def test_small_ones_go_together_and_large_ones_one_by_one():
    turns = waiting(*(a_message(f"gate-{n}", 300) for n in range(20)))
    assert len(turns.take()) == 20
    turns = waiting(*backlog(3))
    assert [len(turns.take()) for _ in range(4)] == [1, 1, 1, 0]


MESSAGES = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 3 * LITTLE_BYTES)), max_size=30
)


@given(MESSAGES, st.lists(st.integers(0, 5), max_size=10))
def test_everything_comes_once_and_each_gateways_messages_in_their_order(drawn, arrivals):
    messages = [a_message(gw, size, mid) for mid, (gw, size) in enumerate(drawn)]
    turns, taken, left = Turns(), [], list(messages)
    for count in [*arrivals, *[len(messages)] * (len(messages) + 1)]:
        for message in left[:count]:
            turns.put(message)
        left = left[count:]
        turn = turns.take()
        assert turn or not turns
        assert len(turn) <= 1 or sum(len(one.payload) for one in turn) <= TURN_BYTES
        taken += turn
    assert sorted(one.mid for one in taken) == [one.mid for one in messages]
    for gateway in "abc":
        order = [one.mid for one in taken if one.topic.split("/")[2] == gateway]
        assert order == sorted(order)
