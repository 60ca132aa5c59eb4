"""What the bytes after a question mean. Pure."""

from enum import StrEnum

from gateway.probe.words import ANY_SLAVE, Heard, Reply

EXCEPTION = 0x80
PATH_UNAVAILABLE, TARGET_SILENT = 10, 11
BITS_FUNCTIONS = (1, 2)
HEAD_BYTES = 3


class Trace(StrEnum):
    """What a question left behind. TWO: two whole answers of one address."""

    SILENT = "silent"
    ANSWERED = "answered"
    TWO = "two"
    OTHER = "other"
    DAMAGED = "damaged"


def trace_of(slave: int, function: int, heard: Heard) -> Trace:
    """A gateway's word that nobody is behind it counts as silence."""
    own = _own(slave, function, heard)
    if any(_nobody_there(body) for body in own):
        return Trace.SILENT
    if own:
        return Trace.TWO if len(own) > 1 else Trace.ANSWERED
    if heard.bodies:
        return Trace.OTHER
    return Trace.DAMAGED if heard.rest else Trace.SILENT


def speakers(heard: Heard) -> tuple[int, ...]:
    """The addresses in the frames that came."""
    return tuple(body[0] for body in heard.bodies)


def reply_of(slave: int, function: int, count: int, heard: Heard) -> Reply:
    """The first answer that fits the question in address, function and length."""
    for body in _own(slave, function, heard):
        if body[1] & EXCEPTION:
            return Reply(refused=body[2])
        values = _values(function, count, body[HEAD_BYTES:])
        if values:
            return Reply(values)
    return Reply()


def _own(slave: int, function: int, heard: Heard) -> list[bytes]:
    """A board that is asked by the any-slave address may answer with its own."""
    return [
        body
        for body in heard.bodies
        if len(body) >= HEAD_BYTES
        and (body[0] == slave or slave == ANY_SLAVE)
        and body[1] & ~EXCEPTION == function
    ]


def _nobody_there(body: bytes) -> bool:
    return bool(body[1] & EXCEPTION) and body[2] in (PATH_UNAVAILABLE, TARGET_SILENT)


def _values(function: int, count: int, data: bytes) -> tuple[int, ...]:
    """Bits or registers; none where their number is not what was asked for."""
    if function in BITS_FUNCTIONS:
        if len(data) != -(-count // 8):
            return ()
        return tuple(data[place // 8] >> place % 8 & 1 for place in range(count))
    if len(data) != 2 * count:
        return ()
    return tuple(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))
