"""A small JPEG inside a large one, where every viewer looks for a preview. Pure.

Exif 2.32: an APP1 segment holds a TIFF structure; its second directory (IFD1) says where in the
segment the preview's own JPEG file is. Its bytes stay as they are.
"""

import struct
from collections.abc import Iterator

MOST_BYTES = 65_000
"""Of a preview: a segment has 64 KB, and the directories need some."""

_SOI, _MARK, _APP0, _APP1, _SOS = b"\xff\xd8", 0xFF, 0xE0, 0xE1, 0xDA
_SEGMENT = struct.Struct(">BBH")
_EXIF = b"Exif\x00\x00"
_SHORT, _LONG = 3, 4
_ORIENTATION, _COMPRESSION, _OFFSET, _LENGTH = 0x0112, 0x0103, 0x0201, 0x0202
_UPRIGHT, _AS_JPEG = 1, 6
_TIFF = struct.Struct(">2sHI")
_ENTRY = struct.Struct(">HHI4s")
_ORDERS = {b"MM": ">", b"II": "<"}


def with_thumbnail(frame_jpeg: bytes, crop_jpeg: bytes) -> bytes:
    """The frame with the crop as its preview; both are baseline JPEG files.

    Raises `ValueError` where the crop is larger than `MOST_BYTES`, or the frame is no JPEG.
    """
    if not frame_jpeg.startswith(_SOI):
        raise ValueError("the frame is no JPEG file")
    if len(crop_jpeg) > MOST_BYTES:
        raise ValueError(f"a preview of {len(crop_jpeg)} bytes; at most {MOST_BYTES}")
    body = _EXIF + _tiff(crop_jpeg)
    segment = _SEGMENT.pack(_MARK, _APP1, len(body) + 2) + body
    # JFIF wants its own segment to be the first; readers of Exif look behind it.
    place = next((end for marker, _, end in _segments(frame_jpeg) if marker == _APP0), len(_SOI))
    return frame_jpeg[:place] + segment + frame_jpeg[place:]


def thumbnail_of(jpeg: bytes) -> bytes | None:
    """The preview's own bytes; None where the file has none, or a broken one."""
    for marker, begin, end in _segments(jpeg):
        if marker == _APP1 and jpeg.startswith(_EXIF, begin):
            try:
                return _preview(jpeg[begin + len(_EXIF) : end])
            except (struct.error, KeyError):
                return None
    return None


def _segments(jpeg: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, where its content begins, where it ends), up to the picture itself."""
    place = len(_SOI)
    while jpeg.startswith(_SOI) and place + _SEGMENT.size <= len(jpeg):
        mark, marker, length = _SEGMENT.unpack_from(jpeg, place)
        begin, end = place + _SEGMENT.size, place + 2 + length
        if mark != _MARK or marker == _SOS or not begin <= end <= len(jpeg):
            return
        yield marker, begin, end
        place = end


# --- the TIFF structure ------------------------------------------------------------------


def _tiff(crop_jpeg: bytes) -> bytes:
    first = _TIFF.size
    second = first + _directory_size(1)
    crop_at = second + _directory_size(3)
    return b"".join(
        (
            _TIFF.pack(b"MM", 42, first),
            _directory([_short(_ORIENTATION, _UPRIGHT)], following=second),
            _directory(
                [
                    _short(_COMPRESSION, _AS_JPEG),
                    _long(_OFFSET, crop_at),
                    _long(_LENGTH, len(crop_jpeg)),
                ],
                following=0,
            ),
            crop_jpeg,
        )
    )


def _directory_size(entries: int) -> int:
    return 2 + entries * _ENTRY.size + 4


def _directory(entries: list[bytes], *, following: int) -> bytes:
    return struct.pack(">H", len(entries)) + b"".join(entries) + struct.pack(">I", following)


def _short(tag: int, value: int) -> bytes:
    return _ENTRY.pack(tag, _SHORT, 1, struct.pack(">HH", value, 0))


def _long(tag: int, value: int) -> bytes:
    return _ENTRY.pack(tag, _LONG, 1, struct.pack(">I", value))


def _preview(tiff: bytes) -> bytes | None:
    """Raises `struct.error` and `KeyError` for what is no such structure."""
    order = _ORDERS[tiff[:2]]
    (first,) = struct.unpack_from(order + "I", tiff, 4)
    (entries,) = struct.unpack_from(order + "H", tiff, first)
    (second,) = struct.unpack_from(order + "I", tiff, first + _directory_size(entries) - 4)
    if not second:
        return None
    values = _values(tiff, second, order)
    crop = tiff[values[_OFFSET] : values[_OFFSET] + values[_LENGTH]]
    return crop if len(crop) == values[_LENGTH] and crop.startswith(_SOI) else None


def _values(tiff: bytes, place: int, order: str) -> dict[int, int]:
    """A directory's whole numbers by their tags."""
    (entries,) = struct.unpack_from(order + "H", tiff, place)
    found = {}
    for number in range(entries):
        tag, kind = struct.unpack_from(order + "HH", tiff, place + 2 + number * _ENTRY.size)
        if kind in (_SHORT, _LONG):
            width = "H" if kind == _SHORT else "I"
            at = place + 2 + number * _ENTRY.size + 8
            (found[tag],) = struct.unpack_from(order + width, tiff, at)
    return found
