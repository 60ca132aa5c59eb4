"""One place changed in what stands around the lane: runner, poller, drivers, bus."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.simulator.copies import mutated_module
from tests.simulator.gate import Verdict, seeds_of
from tests.simulator.mutants import Mutant
from tests.simulator.whole.judge import WHOLE, played
from tests.simulator.whole.parts import REAL_PARTS

SECONDS = 60.0
MOST_SEEDS = 40


class Around(NamedTuple):
    """`part` names the module in `parts.Parts`."""

    part: str
    mutant: Mutant


NO_WAITING = """    async def _wait_for(self, output: int) -> None:
        pass

    async def _take_back(self, output: int) -> None:
        pass

    async def _prove("""
SENT_AGAIN = """        if answer is None and question.is_write:
            deadline = port.send(frame) + 1.0
            answer = await self._answer(port, question, earliest, deadline)
        if answer is None:
            raise await self._failure(port, question)"""
FORGETFUL = """self._debts = type(
            "Forgetful", (Debts,), {"owed": lambda *_: 0, "quiet_until": lambda *_: 0.0}
        )()"""

MUTANTS = (
    Around(
        "runner",
        Mutant(
            "b02_presence_while_closing_reopens",
            "the order to reopen stays in the box",
            "runner.py",
            "await self._reopened()",
            "pass",
            "wild drivers",
        ),
    ),
    Around(
        "polling",
        Mutant(
            "b03_no_close_while_blind",
            "the poller keeps its trouble to itself",
            "polling.py",
            "self._inbox.put(Noticed(AlarmCode.INPUTS_LOST, lost))",
            "log.info(lost)",
            "a bad line",
        ),
    ),
    Around(
        "relay",
        Mutant(
            "b07_no_close_is_sent_late",
            "a close may leave at any time",
            "modbus_relay.py",
            "self._timing.quanta, not_after=not_after",
            "self._timing.quanta",
            "calm",
        ),
    ),
    Around(
        "relay",
        Mutant(
            "b09_each_pulse_ends",
            "a contact is closed and never opened",
            "modbus_relay.py",
            "self._pulse_base + output - 1, self._timing.quanta",
            "output - 1, 0xFF00",
            "calm",
        ),
    ),
    Around(
        "wire",
        Mutant(
            "b11_no_order_is_sent_twice",
            "a write with no answer is sent again",
            "rtu_wire.py",
            "        if answer is None:\n            raise await self._failure(port, question)",
            SENT_AGAIN,
            "a bad line",
        ),
    ),
    Around(
        "wire",
        Mutant(
            "b12_each_answer_is_of_its_question",
            "nobody remembers what is owed",
            "rtu_wire.py",
            "self._debts = Debts()",
            FORGETFUL,
            "late answers",
        ),
    ),
    Around(
        "relay",
        Mutant(
            "b13_open_and_close_never_together",
            "one contact does not wait for the other",
            "modbus_relay.py",
            "    async def _prove(",
            NO_WAITING,
            "wild drivers",
        ),
    ),
    Around(
        "relay",
        Mutant(
            "b20_two_lanes_share_nothing",
            "every order goes to the first board",
            "modbus_relay.py",
            "self._slave = settings.slave",
            "self._slave = 1",
            "calm",
        ),
    ),
)


def tried(around: Around, folder: Path) -> Verdict:
    mutant = around.mutant
    real = getattr(REAL_PARTS, around.part)
    source = Path(real.__file__)
    name = f"{around.part}_{mutant.property}"
    copy = mutated_module(folder, name, source, mutant.old, mutant.new)
    parts = REAL_PARTS._replace(**{around.part: copy})
    holds = next(one for one in WHOLE if one.__name__ == mutant.property)
    for count, seed in enumerate(seeds_of(mutant.weather), start=1):
        for history in played(seed, parts, SECONDS):
            broken = next(holds(history), None)
            if broken is not None:
                return Verdict(mutant, count, broken.words)
        if count == MOST_SEEDS:
            break
    return Verdict(mutant, 0, "")


def all_tried() -> Iterator[Verdict]:
    with tempfile.TemporaryDirectory() as folder:
        for around in MUTANTS:
            yield tried(around, Path(folder))
