"""Orders of people: through the socket, to a lane at work, once, and answered."""

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from click.testing import CliRunner

from gateway import orders as orders_module
from gateway.app import clock
from gateway.commands.order import order as order_command
from gateway.control import SOCKET, give, listening
from gateway.lane.reports import ModeKind
from gateway.orders import Order, Orders
from tests.test_runner import a_lane, see, work_off

HOLD = Order("order-1", "entry-1", "hold-open", "somebody", "peak", hold_s=60.0)


class Working:
    """A lane at work, as its orders see it."""

    def __init__(self, runner, orders):
        self._runner = runner
        self._task = None
        self.orders = orders
        self.taken = []

    @property
    def visit(self):
        return self._runner.lane.visit

    def put(self, event):
        self.taken.append(event)
        self._runner.inbox.put(event)
        self._task = asyncio.get_running_loop().create_task(work_off(self._runner))

    def answered(self, order_id, answer):
        self.orders.answered(order_id, answer)

    def fire(self, *, reset): ...
    def moved(self, before, after, commands): ...


@asynccontextmanager
async def a_box(folder):
    async with a_lane(folder) as (runner, barrier, store):
        works = {}
        orders = Orders(store, lambda: works, clock)
        works["entry-1"] = runner._outside = Working(runner, orders)
        await see(runner)
        yield orders, works["entry-1"], runner, barrier


def told(folder, story):
    async def play():
        async with a_box(folder) as box:
            return await story(*box)

    return asyncio.run(play())


def test_an_order_is_carried_out_and_answered(tmp_path):
    async def story(orders, _lane, runner, barrier):
        assert await orders.give(HOLD) == "done"
        assert runner.lane.mode.kind is ModeKind.HOLD_OPEN
        assert [order for order, _ in barrier.told] == ["open"]

    told(tmp_path, story)


def test_the_same_order_acts_once_and_gets_the_same_answer(tmp_path):
    async def story(orders, lane, _runner, barrier):
        first = await orders.give(HOLD)
        assert await orders.give(HOLD) == first == "done"
        assert (len(lane.taken), len(barrier.told)) == (1, 1)

    told(tmp_path, story)


def test_after_a_restart_the_same_order_does_not_act_again(tmp_path):
    async def give_it(orders, _lane, _runner, barrier):
        return await orders.give(HOLD), len(barrier.told)

    assert told(tmp_path, give_it) == ("done", 1)
    assert told(tmp_path, give_it) == ("done", 0)


def test_an_order_to_nobody_names_the_lanes_that_are_there(tmp_path):
    async def story(orders, *_):
        return await orders.give(replace(HOLD, lane="exit-9"))

    assert told(tmp_path, story) == "there is no lane exit-9; known: entry-1"


def test_an_order_nobody_knows_is_refused(tmp_path):
    async def story(orders, lane, *_):
        answer = await orders.give(replace(HOLD, word="explode"))
        assert not lane.taken
        return answer

    assert "there is no order explode" in told(tmp_path, story)


def test_opening_an_empty_lane_is_refused_with_the_reason(tmp_path):
    async def story(orders, *_):
        return await orders.give(Order("order-2", "entry-1", "open", "somebody"))

    assert told(tmp_path, story) == "no vehicle waits at the lane to be let in"


def test_a_lane_that_does_not_answer_is_told_of(tmp_path, monkeypatch):
    monkeypatch.setattr(orders_module, "PATIENCE_S", 0.05)

    async def story(orders, lane, *_):
        lane.put = lane.taken.append
        return await orders.give(HOLD)

    assert "not answered yet" in told(tmp_path, story)


def test_through_the_socket_and_back(tmp_path):
    async def story(orders, *_):
        async with listening(tmp_path, orders, {}):
            asked = {"lane": "entry-1", "word": "lock-down", "by": "me", "reason": "a theft"}
            return await asyncio.to_thread(give, tmp_path, asked)

    assert told(tmp_path, story) == "done"
    assert not (tmp_path / SOCKET).exists()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"nonsense\n", "not understood"),
        (b"[]\n", "an order is a mapping"),
        (b'{"colour": "red"}\n', "unknown field colour"),
        (b'{"lane": "entry-1"}\n', "not understood"),
        (b'{"lane": "entry-1", "word": "hold-open", "by": "x", "hold_s": "long"}\n', "not under"),
        (b"x" * 9000 + b"\n", "not understood"),
    ],
)
def test_what_is_no_order_is_answered_too(tmp_path, line, words):
    async def story(orders, *_):
        async with listening(tmp_path, orders, {}):
            reader, writer = await asyncio.open_unix_connection(tmp_path / SOCKET)
            writer.write(line)
            answer = await reader.readline()
            writer.close()
            return json.loads(answer)["answer"]

    assert words in told(tmp_path, story)


def test_the_command_says_that_no_daemon_listens(tmp_path):
    file = tmp_path / "lanegate.yaml"
    file.write_text(_CONFIG.format(data=tmp_path / "data"), encoding="utf-8")
    said = CliRunner().invoke(order_command, ["automatic", "entry-1", str(file)])
    assert (said.exit_code, "no daemon listens" in said.output) == (1, True)


@pytest.mark.parametrize("words", [["hold-open", "entry-1"], ["open", "entry-1", "--minutes", "3"]])
def test_the_command_wants_an_end_for_hold_open_and_for_nothing_else(words):
    said = CliRunner().invoke(order_command, words)
    assert (said.exit_code, "--minutes" in said.output) == (2, True)


_CONFIG = """
gateway: box-1
data: {data}
buses: {{line: {{driver: simulated}}}}
lanes:
  - name: entry-1
    direction: entry
    barrier: {{driver: modbus_relay, bus: line, slave: 1, outputs: 8, timed_pulse_base: 0x0200,
      quantum_ms: 100, open_output: 1, close_output: 2}}
    inputs: {{driver: modbus_inputs, bus: line, slave: 1, first_input: 0, inputs: 8,
      arming_loop: {{channel: 3, active: closed}}, closing_loop: {{channel: 4, active: open}}}}
"""
