"""Picture files from strangers: looked at before they are decoded."""

import struct
from collections.abc import Callable
from typing import Any

from gateway.ports import DeviceError

# 8K is the largest camera there is; the longest side is well inside what OpenCV can warp.
MOST_PIXELS, LONGEST = 7680 * 4320, 16_384
MOST_BYTES = 64 << 20
_MOST_PASSES = 16
_SCAN, _FILL = b"\xff\xda", 0xFF
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset({_FILL, 0x00, 0x01, *range(0xD0, 0xDA)})
_NO_PICTURE = "is no picture (JPEG, PNG, BMP or WebP expected)"


def too_large(width: int, height: int) -> str:
    """Why a picture of that size is refused; empty where it is not."""
    if width * height <= MOST_PIXELS and max(width, height) <= LONGEST:
        return ""
    return f"larger than 8K ({MOST_PIXELS // 10**6} million pixels); set the camera to less"


def decoded(data: bytes) -> Any:
    """The picture in a file's bytes as uint8 [height, width, 3] in BGR.

    Raises `DeviceError`, without the file's name. OpenCV believes what a header claims: a PNG
    of 900 bytes could make it take 2 GB. So the header is looked at first.
    """
    if len(data) > MOST_BYTES:
        raise DeviceError(f"is larger than {MOST_BYTES >> 20} MiB; give a smaller picture")
    width, height = _claimed_size(data)
    if too_large(width, height):
        raise DeviceError(f"is a picture of {width} x {height}: {too_large(width, height)}")
    import cv2
    import numpy as np

    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        image = None
    if image is None:
        raise DeviceError(_NO_PICTURE)
    return image


def _claimed_size(data: bytes) -> tuple[int, int]:
    """Width and height by the header."""
    for magic, size_of in _FORMATS.items():
        if data.startswith(magic):
            try:
                return size_of(data)
            except struct.error as error:
                raise DeviceError(_NO_PICTURE) from error
    raise DeviceError(_NO_PICTURE)


def _png(data: bytes) -> tuple[int, int]:
    """OpenCV takes a chunk's whole length before it looks whether there are so many bytes."""
    place = 8
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        place += 12 + length
        if place > len(data):
            raise DeviceError(_NO_PICTURE)
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _jpeg(data: bytes) -> tuple[int, int]:
    """Each pass of a progressive file goes over every pixel again: some hundred take minutes."""
    height, width = struct.unpack_from(">HH", data, _frame(data) + 5)
    pixels = min(width * height, MOST_PIXELS)
    if data.count(_SCAN) * pixels > _MOST_PASSES * MOST_PIXELS:
        raise DeviceError("is a JPEG file of too many passes; save it as a plain one")
    return width, height


def _frame(data: bytes) -> int:
    """Where the picture's own frame header is: past the segments with previews in them."""
    place = data.find(b"\xff", 2)
    while place >= 0 and data[place : place + 2] != _SCAN:
        marker, length = struct.unpack_from(">xBH", data, place)
        if marker in _FRAMES:
            return place
        if marker in _WITHOUT_LENGTH:
            length = 1 if marker == _FILL else 2
        else:
            length += 2
        place = data.find(b"\xff", place + length)
    raise DeviceError(_NO_PICTURE)


def _bmp(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<ii", data, 18)
    return abs(width), abs(height)


def _webp(data: bytes) -> tuple[int, int]:
    """Lossy, lossless and extended files each have the size at a place of their own."""
    match data[8:16]:
        case b"WEBPVP8 ":
            width, height = struct.unpack_from("<HH", data, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"WEBPVP8L":
            (bits,) = struct.unpack_from("<I", data, 21)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"WEBPVP8X":
            low_w, high_w, low_h, high_h = struct.unpack_from("<HBHB", data, 24)
            return (low_w | high_w << 16) + 1, (low_h | high_h << 16) + 1
        case _:
            raise DeviceError(_NO_PICTURE)


_FORMATS: dict[bytes, Callable[[bytes], tuple[int, int]]] = {
    b"\x89PNG\r\n\x1a\n": _png,
    b"\xff\xd8": _jpeg,
    b"BM": _bmp,
    b"RIFF": _webp,
}
