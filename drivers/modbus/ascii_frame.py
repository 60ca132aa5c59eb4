"""Modbus ASCII frames: `:`, two hex digits for each byte, an LRC, CR LF.

Source: Modbus over serial line V1.02, ASCII transmission mode. A body is the slave's address
and the PDU.
"""

from collections.abc import Iterator
from typing import Literal

START, END = b":", b"\r\n"
LOW_BITS = 0x7F
TOP_BIT = 0x80

Parity = Literal["none", "even", "odd"]


def frame_of(body: bytes) -> bytes:
    return START + (body + bytes([_lrc(body)])).hex().upper().encode() + END


def frame_size(body_bytes: int) -> int:
    """Characters of the frame with a body of so many bytes."""
    return len(START) + 2 * (body_bytes + 1) + len(END)


def bodies(received: bytes) -> Iterator[bytes]:
    """The body of every whole frame whose LRC is right; other bytes are stepped over."""
    for part in received.split(START)[1:]:
        text, end, _ = part.partition(END)
        body = _unhexed(text) if end else b""
        if len(body) > 1 and _lrc(body[:-1]) == body[-1]:
            yield body[:-1]


def seven_bits(text: bytes, parity: Parity) -> bytes:
    """Characters of 7 bits as a port of 8 bits and no parity sends them.

    On the wire 7E1, 7O1 and 7N2 are 8N1 whose top bit is the parity or the first stop bit.
    """
    return bytes(_with_top_bit(char & LOW_BITS, parity) for char in text)


def low_bits(received: bytes) -> bytes:
    """What characters of 7 bits said, as a port of 8 bits heard them."""
    return bytes(char & LOW_BITS for char in received)


def _with_top_bit(char: int, parity: Parity) -> int:
    odd_ones = char.bit_count() % 2 == 1
    top = parity == "none" or odd_ones == (parity == "even")
    return char | TOP_BIT if top else char


def _lrc(body: bytes) -> int:
    return -sum(body) & 0xFF


def _unhexed(text: bytes) -> bytes:
    try:
        return bytes.fromhex(text.decode("ascii"))
    except ValueError:
        return b""
