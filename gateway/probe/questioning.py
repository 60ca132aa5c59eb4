"""Asks one device the questions that tell makers apart; readings only."""

from gateway.probe.hearing import Trace, reply_of, trace_of
from gateway.probe.looks import COILS, COUNTS, INPUTS, QUESTIONS, Ask, Evidence
from gateway.probe.words import Line, Reply

TRIES = 2
TAIL_S = 0.03


async def evidence_of(line: Line, slave: int, wait_s: float, *, any_slave: bool) -> Evidence:
    """Everything that the device tells. Raises `DeviceError` where the line is lost."""
    replies = {name: await _asked(line, slave, ask, wait_s) for name, ask in QUESTIONS.items()}
    relays = await _most(line, slave, COILS, wait_s)
    inputs = await _most(line, slave, INPUTS, wait_s)
    return Evidence(slave, replies, relays, inputs, any_slave)


async def _most(line: Line, slave: int, function: int, wait_s: float) -> int:
    """How many coils or inputs can be read from 0; 0 where none can."""
    for count in COUNTS:
        reply = await _asked(line, slave, Ask(function, 0, count), wait_s)
        if reply.values:
            return count
        if not reply.came:
            return await _least(line, slave, function, wait_s)
    return 0


async def _least(line: Line, slave: int, function: int, wait_s: float) -> int:
    """For boards that are silent where others refuse: only the usual size is tried."""
    reply = await _asked(line, slave, Ask(function, 0, 8), wait_s)
    return len(reply.values)


async def _asked(line: Line, slave: int, ask: Ask, wait_s: float) -> Reply:
    """Asked again where nothing whole came: on a bad line one answer in some is lost."""
    for _ in range(TRIES):
        heard = await line.ask(slave, *ask, wait_s=wait_s, tail_s=TAIL_S)
        reply = reply_of(slave, ask.function, ask.quantity, heard)
        if reply.came or trace_of(slave, ask.function, heard) is Trace.SILENT:
            return reply
    return Reply()
