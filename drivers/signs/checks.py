"""Checksums of the signs' frames."""

from functools import reduce
from operator import xor

POLYNOMIAL = 0xA001


def modbus_crc(data: bytes) -> int:
    """CRC-16 of Modbus: of the text `123456789` it is 0x4B37."""
    return _crc(data, 0xFFFF)


def arc_crc(data: bytes) -> int:
    """CRC-16/ARC: of the text `123456789` it is 0xBB3D."""
    return _crc(data, 0)


def xor_of(data: bytes) -> int:
    return reduce(xor, data, 0)


def _crc(data: bytes, start: int) -> int:
    crc = start
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (POLYNOMIAL if crc & 1 else 0)
    return crc
