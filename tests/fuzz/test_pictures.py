"""Hostile pictures: each ends in readings or in a sentence, in a child whose end would be seen."""

import io
import struct
from random import Random

import cv2
import numpy as np
import pytest

from bench.fuzz import headers
from bench.fuzz.parent import Tally, fuzz
from bench.fuzz.pictures import SORTS, case
from drivers.plates.pictures import as_bgr
from gateway.pictures import LONGEST, MOST_BYTES, MOST_PIXELS, decoded
from gateway.ports import DeviceError

PICTURES = 300
NO_PICTURE = "is no picture (JPEG, PNG, BMP or WebP expected)"


def encoded(suffix, width=64, height=48, channels=3, kind=np.uint8) -> bytes:
    image = np.full((height, width, channels), 90, np.uint8).astype(kind)
    return cv2.imencode(suffix, image)[1].tobytes()


def refusal(data) -> str:
    with pytest.raises(DeviceError) as refused:
        decoded(data)
    return str(refused.value)


def test_hostile_pictures_end_in_readings_or_a_sentence():
    tally = fuzz("bench.fuzz.child", 1, 0, PICTURES)

    assert tally.done == PICTURES
    assert tally.bad == []
    assert {"refused", "nothing read"} <= set(tally.sorts)


def test_the_same_seed_and_number_make_the_same_picture():
    first, second = case(7, 11), case(7, 11)

    assert (first.sort, first.crop) == (second.sort, second.crop)
    assert np.array_equal(first.content, second.content)


@pytest.mark.parametrize("sort", SORTS)
def test_every_sort_of_hostile_picture_can_be_made(sort):
    _, maker = SORTS[sort]

    for number in range(8):
        maker(Random(f"{sort}/{number}"))


def test_a_case_that_never_ends_is_seen_and_the_next_one_is_tried():
    tally = fuzz("tests.fuzz.naughty", 0, 50, 53, hang_s=3.0)

    assert (tally.done, dict(tally.broken)) == (3, {"hang": 1})


def test_a_picture_that_takes_too_long_or_too_much_is_named():
    tally = Tally()
    fast = {"sort": "sound", "outcome": "refused", "cpu_s": 5.0, "peak_mb": 1000.0}

    tally.add(1, fast)
    tally.add(2, fast | {"cpu_s": 5.1})
    tally.add(3, fast | {"peak_mb": 1000.1})

    assert [(one["case"], one["broken"]) for one in tally.bad] == [(2, ["slow"]), (3, ["large"])]


# --- the parent sees what a child does -----------------------------------------------------


@pytest.mark.parametrize(
    ("what", "seen"),
    [("exit", "crash"), ("abort", "crash"), ("raise", "exception"),
     ("swell", "large"), ("fine", None)],
)  # fmt: skip
def test_a_child_that_breaks_a_promise_is_seen(what, seen):
    tally = fuzz("tests.fuzz.naughty", 0, *NUMBERS[what])

    assert tally.done == 3
    assert dict(tally.broken) == ({seen: 1} if seen else {})
    assert [one["case"] for one in tally.bad] == ([NUMBERS[what][0] + 1] if seen else [])


NUMBERS = {
    name: (10 * place, 10 * place + 3)
    for place, name in enumerate(("exit", "abort", "raise", "swell", "fine"))
}


# --- files ---------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp"])
def test_a_sound_file_is_decoded(suffix):
    assert decoded(encoded(suffix)).shape == (48, 64, 3)


def test_grey_alpha_sixteen_bit_and_cmyk_become_bgr():
    Image = pytest.importorskip("PIL.Image")  # noqa: N806
    cmyk = io.BytesIO()
    Image.new("CMYK", (64, 48)).save(cmyk, "JPEG")
    files = [cmyk.getvalue(), encoded(".png", channels=4), encoded(".jpg", channels=1),
             encoded(".png", kind=np.uint16)]  # fmt: skip

    for data in files:
        image = decoded(data)
        assert (image.shape, image.dtype) == ((48, 64, 3), np.uint8)


def test_a_photo_with_a_preview_inside_is_measured_by_itself():
    """As cameras write them: a small JPEG in front of the picture's own frame header."""
    photo, preview = encoded(".jpg", 640, 480), encoded(".jpg", 8, 8)
    segment = b"\xff\xe1" + struct.pack(">H", len(preview) + 2) + preview
    large = encoded(".jpg", 640, 480).replace(struct.pack(">HH", 480, 640), b"\xff\xff\xff\xff")

    assert decoded(photo[:2] + segment + photo[2:]).shape == (480, 640, 3)
    assert "65535 x 65535" in refusal(large[:2] + segment + large[2:])


@pytest.mark.parametrize("data", [b"", b"\xff", b"\xff\xd8", b"\xff\xd8\xff", b"BM", b"RIFF",
                                  headers.PNG, b"GIF89a" + bytes(40), b"\0" * 999,
                                  b"\xff\xd8" + b"\xff" * 99, b"RIFF\0\0\0\0WEBPVP8 "])  # fmt: skip
def test_what_is_no_picture_is_refused(data):
    assert refusal(data) == NO_PICTURE


def test_other_formats_are_refused_even_if_opencv_knows_them():
    assert refusal(encoded(".tiff")) == NO_PICTURE


def test_a_picture_of_8k_is_decoded_and_one_pixel_more_is_not():
    assert decoded(headers.bomb(7680, 4320)).shape == (4320, 7680, 3)
    assert "larger than 8K" in refusal(headers.bomb(7680, 4321))


def test_a_longer_side_than_opencv_can_warp_is_refused():
    assert decoded(headers.bomb(LONGEST, 8)).shape == (8, LONGEST, 3)
    assert "larger than 8K" in refusal(headers.bomb(LONGEST + 1, 8))


@pytest.mark.parametrize(
    "data",
    [
        headers.png(50_000, 50_000, b"\0" * 99),
        b"BM" + bytes(16) + struct.pack("<ii", 50_000, -50_000) + bytes(30),
        b"RIFF\0\0\0\0WEBPVP8 " + bytes(10) + struct.pack("<HH", 16_383, 16_383) + bytes(30),
        b"RIFF\0\0\0\0WEBPVP8L" + bytes(4) + b"\x2f" + b"\xff" * 20,
        b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + b"\xff" * 20,
        b"\xff\xd8\xff\xc0\0\x11\x08" + struct.pack(">HH", 60_000, 60_000) + bytes(30),
    ],
    ids=["png", "bmp", "webp lossy", "webp lossless", "webp extended", "jpeg"],
)
def test_a_header_that_claims_a_huge_picture_is_refused_before_it_is_decoded(data):
    assert "larger than 8K" in refusal(data)


def test_a_png_chunk_longer_than_the_file_is_refused():
    """OpenCV would take that much memory first: 2 GB for this file of some hundred bytes."""
    sound = encoded(".png")
    place = sound.index(b"IDAT") - 4

    assert refusal(sound[:place] + struct.pack(">I", 0x7FFFFFFF) + sound[place + 4 :]) == NO_PICTURE


def test_a_jpeg_of_hundreds_of_passes_over_a_large_picture_is_refused():
    large = encoded(".jpg", 7680, 4320)

    assert "too many passes" in refusal(large[:-2] + b"\xff\xda\0\x08" * 40 + large[-2:])


def test_a_file_of_no_picture_size_is_refused():
    assert "larger than 64 MiB" in refusal(b"BM" + bytes(MOST_BYTES))


# --- frames --------------------------------------------------------------------------------


def test_a_frame_of_8k_is_a_picture_and_a_larger_one_is_refused():
    assert as_bgr(np.zeros((4320, 7680, 3), np.uint8)).shape[0] * 7680 == MOST_PIXELS
    for shape in ((4321, 7680), (8, LONGEST + 1)):
        with pytest.raises(DeviceError, match="larger than 8K"):
            as_bgr(np.zeros(shape, np.uint8))
