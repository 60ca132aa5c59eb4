"""A plate's own JPEG inside the picture of the lane, read by other people's programs too."""

import io
import struct

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image

from gateway.capture.thumbnail import MOST_BYTES, thumbnail_of, with_thumbnail
from gateway.pictures import decoded


def jpeg_of(width: int, height: int, seed: int = 1) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)
    return cv2.imencode(".jpg", noise)[1].tobytes()


FRAME, CROP = jpeg_of(320, 180), jpeg_of(120, 40, 2)
BOTH = with_thumbnail(FRAME, CROP)


def test_the_plate_comes_out_byte_for_byte_and_the_frame_looks_as_before():
    assert thumbnail_of(BOTH) == CROP
    assert np.array_equal(decoded(BOTH), decoded(FRAME))
    assert BOTH[:20] == FRAME[:20], "JFIF wants its own header to be the first"


def test_a_frame_without_a_jfif_header_takes_a_plate_too():
    bare = FRAME[:2] + FRAME[20:]
    assert FRAME[2:4] == b"\xff\xe0"
    assert thumbnail_of(with_thumbnail(bare, CROP)) == CROP
    assert decoded(with_thumbnail(bare, CROP)).shape == (180, 320, 3)


def test_pillow_finds_the_plate_where_viewers_look_for_a_preview():
    with Image.open(io.BytesIO(BOTH)) as image:
        image.load()
        assert image.size == (320, 180)
        exif = image.getexif()
        assert exif[ExifTags.Base.Orientation] == 1
        preview = exif.get_ifd(ExifTags.IFD.IFD1)
        tiff = image.info["exif"][6:]
    assert preview[ExifTags.Base.Compression] == 6
    begin = preview[ExifTags.Base.JpegIFOffset]
    crop = tiff[begin : begin + preview[ExifTags.Base.JpegIFByteCount]]
    assert crop == CROP
    with Image.open(io.BytesIO(crop)) as plate:
        plate.load()
        assert plate.size == (120, 40)


def test_the_largest_plate_fits_and_a_larger_one_is_refused():
    largest = CROP + bytes(MOST_BYTES - len(CROP))
    assert thumbnail_of(with_thumbnail(FRAME, largest)) == largest
    with pytest.raises(ValueError, match="at most 65000"):
        with_thumbnail(FRAME, largest + b"\0")
    with pytest.raises(ValueError, match="no JPEG"):
        with_thumbnail(b"\x89PNG", CROP)


def a_little_endian_file() -> bytes:
    """As many cameras write it, with a tag of another kind in between."""
    first = struct.pack("<HHHI4sI", 1, 0x0112, 3, 1, b"\1\0\0\0", 26)
    entries = [
        struct.pack("<HHI4s", 0x0103, 3, 1, b"\6\0\0\0"),
        struct.pack("<HHII", 0x011A, 5, 1, 0),
        struct.pack("<HHII", 0x0201, 4, 1, 26 + 2 + 4 * 12 + 4),
        struct.pack("<HHII", 0x0202, 4, 1, len(CROP)),
    ]
    second = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    body = b"Exif\0\0II*\0\x08\0\0\0" + first + second + CROP
    return FRAME[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + FRAME[2:]


def test_a_preview_that_another_program_wrote_is_found_too():
    assert thumbnail_of(a_little_endian_file()) == CROP


def test_a_preview_that_reaches_beyond_its_segment_is_none():
    length = struct.pack(">HHII", 0x0202, 4, 1, len(CROP))
    assert BOTH.count(length) == 1
    longer = struct.pack(">HHII", 0x0202, 4, 1, len(CROP) + 1)
    assert thumbnail_of(BOTH.replace(length, longer)) is None


def test_a_picture_without_a_preview_has_none():
    assert thumbnail_of(FRAME) is None
    assert thumbnail_of(b"") is None
    assert thumbnail_of(b"\x89PNG") is None
    assert thumbnail_of(BOTH[:100]) is None


@given(st.integers(2, 700), st.binary(min_size=1, max_size=8))
def test_a_broken_file_gives_nothing_or_some_bytes_and_never_an_error(place, noise):
    broken = BOTH[:place] + noise + BOTH[place + len(noise) :]
    found = thumbnail_of(broken)
    assert found is None or found.startswith(b"\xff\xd8")
