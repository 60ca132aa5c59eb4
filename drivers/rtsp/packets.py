"""RTP packets (RFC 3550), put back into their order where a network mixed them up."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_HEAD = struct.Struct(">BBHII")
_VERSION = 2
_WORD = 4
_TURN = 1 << 16
PATIENCE = 32


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """`marker`: the last one of a picture."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    source: int
    payload: bytes


def parsed(data: bytes) -> RtpPacket | None:
    """None for what is no RTP packet with something in it."""
    if len(data) < _HEAD.size:
        return None
    first, second, sequence, timestamp, source = _HEAD.unpack_from(data)
    start, end = _HEAD.size + _WORD * (first & 0x0F), len(data)
    if first >> 6 != _VERSION:
        return None
    if first & 0x10:
        if len(data) < start + _WORD:
            return None
        start += _WORD + _WORD * int.from_bytes(data[start + 2 : start + 4], "big")
    if first & 0x20:
        end -= data[-1]
    if start >= end:
        return None
    marker, kind = bool(second & 0x80), second & 0x7F
    return RtpPacket(kind, marker, sequence, timestamp, source, data[start:end])


class InOrder:
    """Packets by their number. One that is missing is waited for until 32 others have come."""

    def __init__(self) -> None:
        self._expected: int | None = None
        self._source: int | None = None
        self._early: dict[int, RtpPacket] = {}
        self._late = 0

    def add(self, packet: RtpPacket) -> Iterator[RtpPacket]:
        """Those whose turn it is now."""
        if packet.source != self._source or self._late > PATIENCE:
            self._source, self._expected, self._early = packet.source, packet.sequence, {}
        self._late = self._late + 1 if self._ahead(packet.sequence) >= _TURN // 2 else 0
        if self._late:
            return
        self._early[packet.sequence] = packet
        if len(self._early) > PATIENCE:
            self._expected = min(self._early, key=self._ahead)
        while (due := self._early.pop(self._expected or 0, None)) is not None:
            self._expected = (due.sequence + 1) % _TURN
            yield due

    def _ahead(self, sequence: int) -> int:
        return (sequence - (self._expected or 0)) % _TURN
