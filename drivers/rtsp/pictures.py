"""Coded pictures from RTP packets: H.264 (RFC 6184) and H.265 (RFC 7798), as Annex B."""

from dataclasses import dataclass
from itertools import pairwise

from drivers.rtsp.packets import RtpPacket
from drivers.rtsp.sdp import START, Track

LARGEST = 8 * 1024 * 1024
# H.264: packets of several units, and of pieces of one; a key picture, and its sequence set.
_STAP_A, _FU_A, _IDR, _SPS = 24, 28, 5, 7
# H.265: the same; every picture from 16 to 23 can be begun with.
_AP, _FU, _IRAP, _VPS, _SPS_265 = 48, 49, range(16, 24), 32, 33
_START_BIT = 0x80


@dataclass(frozen=True, slots=True)
class Coded:
    """`key`: a decoder can begin with it."""

    data: bytes
    key: bool


class Assembler:
    """One picture after the other. A picture of which something was lost is left out.

    So are those after it up to the next key picture: they would be smeared.
    """

    def __init__(self, track: Track) -> None:
        self._is_265 = track.coding == "h265"
        self._sets = track.parameter_sets
        self._units: list[bytes] = []
        self._size = 0
        self._timestamp: int | None = None
        self._expected: int | None = None
        self._broken = False
        self._wait_for_key = True

    def add(self, packet: RtpPacket) -> list[Coded]:
        """The pictures that are whole with this packet: none or one, two without markers."""
        done = []
        if self._timestamp is not None and packet.timestamp != self._timestamp:
            done.append(self._finished())
        if self._expected is not None and packet.sequence != self._expected:
            self._broken = True
        self._expected = (packet.sequence + 1) % 0x10000
        self._timestamp = packet.timestamp
        self._unpack(packet.payload)
        if packet.marker:
            done.append(self._finished())
        return [coded for coded in done if coded is not None]

    def _unpack(self, payload: bytes) -> None:
        head = 2 if self._is_265 else 1
        if len(payload) <= head:
            self._broken = True
            return
        kind = self._kind(payload)
        if kind == (_AP if self._is_265 else _STAP_A):
            self._several(payload[head:])
        elif kind == (_FU if self._is_265 else _FU_A):
            self._piece(payload, head)
        elif kind < (_AP if self._is_265 else _STAP_A):
            self._keep(payload)
        else:
            self._broken = True

    def _kind(self, unit: bytes) -> int:
        return (unit[0] >> 1) & 0x3F if self._is_265 else unit[0] & 0x1F

    def _several(self, rest: bytes) -> None:
        while len(rest) > 2:  # noqa: PLR2004 -- the length of a length
            size = int.from_bytes(rest[:2], "big")
            if not 0 < size <= len(rest) - 2:
                self._broken = True
                return
            self._keep(rest[2 : 2 + size])
            rest = rest[2 + size :]

    def _piece(self, payload: bytes, head: int) -> None:
        about = payload[head]
        if not about & _START_BIT:
            if self._units:
                self._grow(payload[head + 1 :])
            else:
                self._broken = True
        elif self._is_265:
            first = (payload[0] & 0x81) | ((about & 0x3F) << 1)
            self._keep(bytes((first, payload[1])) + payload[head + 1 :])
        else:
            self._keep(bytes(((payload[0] & 0xE0) | (about & 0x1F),)) + payload[head + 1 :])

    def _keep(self, unit: bytes) -> None:
        self._units.append(START)
        self._grow(unit)

    def _grow(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > LARGEST:
            self._broken, self._units, self._size = True, [], 0
        self._units.append(data)

    def _finished(self) -> Coded | None:
        """The units so far, as a picture; parameter sets alone wait for the picture after them."""
        units, broken = self._units, self._broken
        kinds = [self._kind(unit) for mark, unit in pairwise(units) if mark is START and unit]
        self._timestamp = None
        if not broken and kinds and not any(map(self._is_picture, kinds)):
            return None
        self._units, self._size, self._broken = [], 0, False
        key = any(kind in _IRAP if self._is_265 else kind == _IDR for kind in kinds)
        if broken or not kinds:
            self._wait_for_key = True
            return None
        if self._wait_for_key and not key:
            return None
        self._wait_for_key = False
        has_sets = any(kind in ((_VPS, _SPS_265) if self._is_265 else (_SPS,)) for kind in kinds)
        sets = self._sets if key and not has_sets else b""
        return Coded(sets + b"".join(units), key)

    def _is_picture(self, kind: int) -> bool:
        return kind < _VPS if self._is_265 else 1 <= kind <= _IDR
