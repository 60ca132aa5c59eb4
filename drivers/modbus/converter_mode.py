"""Finds out whether a converter between network and serial line speaks another way than asked.

Serial servers pass bytes on as they are (transparent, RTU over TCP) or translate (Modbus TCP);
which of them is one setting on their own web page. Only readings are ever asked here.
"""

import asyncio
import struct
from collections.abc import Callable
from contextlib import suppress

from drivers.modbus import rtu_frame
from drivers.modbus.pdu import Question

NUMBER = 0x4C47
HEADER = struct.Struct(">HHHB")
MOST_BYTES = 512
WAIT_S = 0.5

IS_TRANSLATING = (
    "{}: the converter is in Modbus TCP mode: set it to transparent mode (RTU over TCP), "
    "or use driver modbus_tcp"
)
IS_TRANSPARENT = (
    "{}: the converter is in transparent mode (RTU over TCP): set it to Modbus TCP mode, "
    "or use driver modbus_rtu_tcp"
)


def is_modbus_tcp(received: bytes, question: Question, number: int | None = None) -> bool:
    """Whether these bytes start with a Modbus TCP frame that could answer the question."""
    if len(received) <= HEADER.size:
        return False
    said, protocol, size, slave = HEADER.unpack(received[: HEADER.size])
    function = received[HEADER.size] & 0x7F
    if number is not None and said != number:
        return False
    is_whole = size == len(received) - HEADER.size + 1
    return (protocol, slave, function) == (0, question.slave, question.function) and is_whole


async def answers_modbus_tcp(host: str, port: int, question: Question) -> bool:
    """Ask a reading in Modbus TCP, over a connection of its own."""
    request = question.request
    body = bytes([request.function_code]) + request.encode()
    frame = HEADER.pack(NUMBER, 0, len(body) + 1, question.slave) + body

    def fits(received: bytes) -> bool:
        return is_modbus_tcp(received, question, NUMBER)

    return await _is_answered(host, port, frame, fits)


async def answers_rtu(host: str, port: int, question: Question) -> bool:
    """Ask a reading in RTU, over a connection of its own."""
    frame = rtu_frame.frame_of(question)

    def fits(received: bytes) -> bool:
        return frame not in received and rtu_frame.find_answer(received, question) is not None

    return await _is_answered(host, port, frame, fits)


async def _is_answered(host: str, port: int, frame: bytes, fits: Callable[[bytes], bool]) -> bool:
    received = b""
    with suppress(OSError):  # TimeoutError is one.
        async with asyncio.timeout(WAIT_S):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(frame)
                while not fits(received) and (more := await reader.read(MOST_BYTES)):
                    received = (received + more)[-MOST_BYTES:]
            finally:
                writer.close()
    return fits(received)
