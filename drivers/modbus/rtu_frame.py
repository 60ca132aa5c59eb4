"""Modbus RTU frames: a question's bytes, and its answer among the bytes that came back."""

from collections.abc import Iterator

from pymodbus.framer import FramerRTU
from pymodbus.pdu import ModbusPDU

from drivers.modbus.pdu import Question, decoder

ADDRESS_AND_CRC_BYTES = 3
EXCEPTION_BYTES = 5
SHOWN_BYTES = 16
SIZED_BY_FIRST_BYTE = (1, 2, 3, 4)
FIXED_SIZE = {5: 8, 6: 8, 15: 8, 16: 8}

_DECODER = decoder()
_FRAMER = FramerRTU(_DECODER)


def frame_of(question: Question) -> bytes:
    return _FRAMER.buildFrame(question.request)


def answer_size(question: Question) -> int:
    """Length of the right answer's frame."""
    return question.answer_bytes + ADDRESS_AND_CRC_BYTES


def find_answer(received: bytes, question: Question) -> tuple[ModbusPDU, int] | None:
    """The answer, or the slave's exception, and where it ends; other bytes are stepped over."""
    for answer, end in _frames(received):
        if not question.complaint(answer):
            return answer, end
    return None


def explain(received: bytes, question: Question) -> str:
    """Why `received` holds no answer, and what to look at."""
    if not received:
        return (
            f"gave no answer: is it powered, is its address {question.slave}, are baud rate and "
            "parity the same on both sides, are A and B swapped?"
        )
    for answer, _ in _frames(received):
        return f"{question.complaint(answer)}: are two devices set to one address?"
    wanted, bytes_sent = answer_size(question), _hex(received)
    if len(received) < wanted:
        return f"sent only {len(received)} of {wanted} bytes ({bytes_sent}): check the wiring"
    return f"sent damaged bytes ({bytes_sent}): check termination, ground, baud rate and parity"


def _hex(received: bytes) -> str:
    rest = len(received) - SHOWN_BYTES
    return received[:SHOWN_BYTES].hex(" ") + (f" and {rest} more" if rest > 0 else "")


def _frames(received: bytes) -> Iterator[tuple[ModbusPDU, int]]:
    """Every whole frame with a right CRC, wherever it starts."""
    for start in range(len(received) - EXCEPTION_BYTES + 1):
        end = start + _size(received[start : start + 3])
        frame = received[start:end]
        if start < end <= len(received) and _crc_fits(frame):
            answer = _DECODER.decode(frame[1:-2])
            if answer is not None:
                answer.dev_id = frame[0]
                yield answer, end


def _size(head: bytes) -> int:
    """Length of the answer that starts with these three bytes; 0 for an unknown function."""
    function = head[1]
    if function > 0x80:  # noqa: PLR2004
        return EXCEPTION_BYTES
    if function in SIZED_BY_FIRST_BYTE:
        return head[2] + 2 + ADDRESS_AND_CRC_BYTES
    return FIXED_SIZE.get(function, 0)


def _crc_fits(frame: bytes) -> bool:
    return FramerRTU.check_CRC(frame[:-2], int.from_bytes(frame[-2:], "big"))
