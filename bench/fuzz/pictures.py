"""Hostile pictures, as files and as frames. The same seed and number give the same one."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

import cv2
import numpy as np

from bench.fuzz import headers

PLATES = Path(__file__).resolve().parents[3] / "shared" / "plates"
_REAL_FILES = 400
_FORMATS = (".jpg", ".png", ".bmp", ".webp")
_LARGEST = (7680, 4320)
_MODES = {
    "JPEG": ("CMYK", "L", "RGB", "YCbCr"),
    "GIF": ("P",),
    "TIFF": ("CMYK", "I;16", "F", "1"),
    "PNG": ("P", "1", "LA", "I;16", "RGBA"),
    "WEBP": ("RGBA", "RGB"),
}
_MAGICS = (b"", b"\xff\xd8\xff\xe0", headers.PNG, b"BM", b"RIFF\0\0\0\0WEBP", b"GIF89a", b"II*\0",
           b"MM\0*", b"P6\n9 9\n255\n", b"#?RADIANCE\n", b"v/1\x01", b"\0\0\0\x0cjP  ",
           b"\0\0\0\x1cftypavif", b"\x59\xa6\x6a\x95")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """`content`: a file's bytes, or what a camera would have handed over as a frame."""

    sort: str
    content: Any
    crop: bool

    @property
    def is_file(self) -> bool:
        return isinstance(self.content, bytes)


Maker = Callable[[Random], Any]


def case(seed: int, number: int) -> Case:
    dice = Random(f"{seed}/{number}")  # noqa: S311 -- pictures, no secrets
    sort = dice.choices(list(SORTS), [share for share, _ in SORTS.values()])[0]
    return Case(sort, SORTS[sort][1](dice), crop=dice.random() < 0.4)  # noqa: PLR2004


def _small(dice: Random) -> tuple[int, int]:
    """Width and height; often thin or tiny."""
    sides = (1, 2, 7, 8, 9, 31, 32, 33, dice.randint(1, 64), dice.randint(64, 700))
    return dice.choice(sides), dice.choice(sides)


def _pixels(dice: Random, size: tuple[int, int], channels: int = 3) -> np.ndarray:
    """Noise, one colour, or coarse blocks."""
    noise = np.random.default_rng(dice.getrandbits(32))
    width, height = size
    match dice.randrange(3):
        case 0:
            return noise.integers(0, 256, (height, width, channels), np.uint8)
        case 1:
            return np.full((height, width, channels), dice.randrange(256), np.uint8)
        case _:
            coarse = noise.integers(0, 256, (9, 16, channels), np.uint8)
            shown = cv2.resize(coarse, size, interpolation=cv2.INTER_NEAREST)
            return shown.reshape(height, width, channels)


def _encoded(image: np.ndarray, suffix: str) -> bytes:
    done, data = cv2.imencode(suffix, image)
    assert done  # noqa: S101 -- our own picture
    return data.tobytes()


def sound(dice: Random) -> bytes:
    """A file as a program would write it: grey, with alpha, in 16 bits too."""
    channels = dice.choice((1, 3, 3, 4))
    image = _pixels(dice, _small(dice), channels)
    suffix = dice.choice(_FORMATS)
    if suffix == ".png" and dice.random() < 0.4:  # noqa: PLR2004
        image = image.astype(np.uint16) * 257
    if channels == 4 and suffix == ".jpg":  # noqa: PLR2004
        suffix = ".png"
    return _encoded(image, suffix)


def unusual(dice: Random) -> bytes:
    """CMYK, progressive, palettes, animations: what only another program writes."""
    from PIL import Image

    size = _small(dice)
    kind = dice.choice(list(_MODES))
    mode = dice.choice(_MODES[kind])
    frames = [Image.new(mode, size) for _ in range(dice.choice((1, 1, 3)))]
    more: dict[str, Any] = {"progressive": True} if kind == "JPEG" and dice.random() < 0.5 else {}  # noqa: PLR2004
    if len(frames) > 1 and kind != "JPEG":
        more |= {"save_all": True, "append_images": frames[1:]}
    file = io.BytesIO()
    frames[0].save(file, kind, **more)
    return file.getvalue()


def large(dice: Random) -> bytes:
    """Up to 8K; one colour, so that making it costs little."""
    width = dice.choice((1920, 3840, _LARGEST[0]))
    image = np.full((width * 9 // 16, width, 3), dice.randrange(256), np.uint8)
    return _encoded(image, dice.choice((".jpg", ".png")))


@lru_cache(maxsize=1)
def real_files() -> tuple[Path, ...]:
    """Photos and crops beside the repository; none where there are none."""
    found = (path for kind in ("scenes", "crops", "special") for path in (PLATES / kind).glob("*"))
    return tuple(sorted(found, key=lambda path: path.name)[:_REAL_FILES])


def real(dice: Random) -> bytes:
    return dice.choice(real_files()).read_bytes() if real_files() else sound(dice)


def truncated(dice: Random) -> bytes:
    whole = dice.choice((real, sound, unusual))(dice)
    return whole[: dice.randint(0, len(whole))]


def mutated(dice: Random) -> bytes:
    """A sound file with bytes changed, cut out, doubled; at its beginning more than elsewhere."""
    data = bytearray(dice.choice((real, sound, unusual))(dice))
    for _ in range(dice.choice((1, 2, 8, 40))):
        reach = min(len(data), 400) if dice.random() < 0.6 else len(data)  # noqa: PLR2004
        place, length = dice.randrange(max(1, reach)), dice.choice((1, 2, 4, 30))
        match dice.randrange(4):
            case 0:
                del data[place : place + length]
            case 1:
                data[place:place] = data[place : place + length] * dice.choice((1, 2, 50))
            case 2:
                data[place : place + 1] = bytes([dice.choice((0, 1, 127, 128, 254, 255))])
            case _:
                data[place : place + length] = dice.randbytes(length)
    return bytes(data)


def noise(dice: Random) -> bytes:
    return dice.choice(_MAGICS) + dice.randbytes(dice.choice((0, 1, 7, 60, 900, 20_000)))


def crowd(dice: Random) -> bytes:
    """Many plates in one picture: the most work that a picture can make."""
    tiles = [cv2.imdecode(np.frombuffer(real(dice), np.uint8), 1) for _ in range(6)]
    small = [cv2.resize(tile, (96, 30)) for tile in tiles if tile is not None]
    across, down = dice.choice(((4, 6), (8, 14), (13, 24)))
    rows = [np.hstack([dice.choice(small) for _ in range(across)]) for _ in range(down)]
    return _encoded(np.vstack(rows), ".png")


def frame(dice: Random) -> Any:
    """Not always an array, nor of the right kind; views, and 8K at times."""
    match dice.randrange(8):
        case 0:
            shape = tuple(dice.choice((0, 1, 3, 8, 40)) for _ in range(dice.randrange(6)))
            return np.zeros(shape, dice.choice((np.uint8, np.float32, np.int64, bool, object)))
        case 1:
            return dice.choice((None, "picture", b"", 7, [[1]], float("nan"), np.uint8(3)))
        case 2:
            return _pixels(dice, (dice.randint(8, 200), dice.randint(8, 200)), dice.randint(1, 6))
        case 3:
            return _pixels(dice, (90, 60))[:: dice.choice((1, -1, 2)), :: dice.choice((1, -1, 3))]
        case 4:
            still = _pixels(dice, (64, 48))
            still.setflags(write=False)
            return still
        case 5:
            return _pixels(dice, _small(dice)).transpose(1, 0, 2)
        case 6:
            return _pixels(dice, (dice.choice((8, 20_000)), dice.choice((8, 9))))
        case _:
            return _pixels(dice, _small(dice))


def large_frame(dice: Random) -> Any:
    width, height = dice.choice((_LARGEST, (3840, 2160), (7681, 4320), (40_000, 900), (65_536, 16)))
    return np.zeros((height, width, 3), np.uint8)


SORTS: dict[str, tuple[float, Maker]] = {
    "sound": (10, sound),
    "unusual": (8, unusual),
    "truncated": (20, truncated),
    "mutated": (30, mutated),
    "lying header": (14, headers.lying),
    "random bytes": (6, noise),
    "frame": (10, frame),
    "large file": (0.2, large),
    "large frame": (0.2, large_frame),
    "crowd": (0.2, crowd),
}
