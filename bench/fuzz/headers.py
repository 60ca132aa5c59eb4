"""Picture files whose headers lie: built byte by byte, checksums right."""

import struct
import zlib
from random import Random

PNG = b"\x89PNG\r\n\x1a\n"
_HUGE = (0, 1, 65_535, 65_536, 100_000, 1 << 20, (1 << 24) - 1, (1 << 31) - 1, (1 << 32) - 1)
_TYPES, _DEPTHS = (0, 2, 3, 4, 6, 1, 7), (1, 2, 4, 8, 16, 0, 32)


def png(width: int, height: int, rows: bytes, kind: int = 2, depth: int = 8) -> bytes:
    """`rows`: what is compressed as the picture's data, right or not."""
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return PNG + b"".join(_chunk(name, data) for name, data in parts)


def bomb(width: int, height: int) -> bytes:
    """A valid PNG of one colour: a thousandth of what it takes when it is decoded."""
    packer = zlib.compressobj(1)
    row = bytes(1 + 3 * width)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return PNG + b"".join(_chunk(name, part) for name, part in parts)


def lying(dice: Random) -> bytes:
    """A small file of any format that claims to be of any size."""
    return dice.choice((_png, _jpeg, _bmp, _webp, _gif, _tiff, _pnm))(dice)


def _side(dice: Random) -> int:
    return dice.choice(_HUGE) if dice.random() < 0.5 else dice.randint(1, 40_000)  # noqa: PLR2004


def _some(dice: Random) -> bytes:
    return dice.randbytes(dice.choice((0, 1, 16, 300, 4000)))


def _chunk(name: bytes, data: bytes) -> bytes:
    check = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)


def _png(dice: Random) -> bytes:
    kind, depth = dice.choice(_TYPES), dice.choice(_DEPTHS)
    return png(_side(dice), _side(dice), _some(dice), kind, depth)


def _jpeg(dice: Random) -> bytes:
    """The frame's header with any size, precision, components and sampling; then any scan."""
    size = struct.pack(">HH", _side(dice) & 0xFFFF, _side(dice) & 0xFFFF)
    parts = dice.choice((1, 3, 4, 0, 255))
    frame = bytes([dice.choice((8, 12, 16))]) + size + bytes([parts])
    frame += b"".join(bytes([n, dice.choice((0x11, 0x22, 0x44, 0xFF)), 0]) for n in range(parts))
    marker = bytes([0xFF, dice.choice((0xC0, 0xC1, 0xC2, 0xC3, 0xC9))])
    table = b"\xff\xdb" + struct.pack(">H", 67) + b"\0" + bytes(range(1, 65))
    scan = b"\xff\xda" + struct.pack(">H", dice.choice((2, 8, 12, 0xFFFF))) + _some(dice)
    length = struct.pack(">H", dice.choice((len(frame) + 2, 2, 0xFFFF)))
    return b"\xff\xd8" + table + marker + length + frame + scan + b"\xff\xd9"


def _bmp(dice: Random) -> bytes:
    def signed() -> int:
        value = _side(dice) & 0x7FFFFFFF
        return -value if dice.random() < 0.3 else value  # noqa: PLR2004

    bits, packing = dice.choice((1, 4, 8, 16, 24, 32, 0, 64)), dice.choice((0, 1, 2, 3, 9))
    head = struct.pack(
        "<IiiHHIIiiII", 40, signed(), signed(), 1, bits, packing, 0, 1, 1, _side(dice), 0
    )
    start = dice.choice((54, 0, 0xFFFFFFFF, 1078))
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, start) + head + _some(dice)


def _webp(dice: Random) -> bytes:
    sort = dice.choice((b"VP8 ", b"VP8L", b"VP8X"))
    sizes = struct.pack("<II", _side(dice) & 0xFFFFFFFF, _side(dice) & 0xFFFFFFFF)
    starts = {b"VP8 ": b"\x10\0\0\x9d\x01\x2a", b"VP8L": b"\x2f", b"VP8X": b"\x12\0\0\0"}
    data = starts[sort] + sizes + _some(dice)
    inner = sort + struct.pack("<I", dice.choice((len(data), 0, 0xFFFFFFFE))) + data
    whole = dice.choice((len(inner) + 4, 0, 0xFFFFFFF0))
    return b"RIFF" + struct.pack("<I", whole) + b"WEBP" + inner


def _gif(dice: Random) -> bytes:
    size = struct.pack("<HH", _side(dice) & 0xFFFF, _side(dice) & 0xFFFF)
    return (
        b"GIF89a"
        + size
        + b"\xf7\0\0"
        + bytes(768)
        + b","
        + bytes(4)
        + size
        + b"\0\x08"
        + _some(dice)
    )


def _tiff(dice: Random) -> bytes:
    def entry(tag: int, value: int) -> bytes:
        return struct.pack("<HHII", tag, 4, 1, value & 0xFFFFFFFF)

    tags = ((256, _side(dice)), (257, _side(dice)), (258, 8), (259, dice.choice((1, 5, 7, 8))),
            (262, 2), (273, 8), (277, 3), (278, _side(dice)), (279, _side(dice)))  # fmt: skip
    table = struct.pack("<H", len(tags)) + b"".join(entry(*tag) for tag in tags) + bytes(4)
    return b"II*\0" + struct.pack("<I", 8) + table + _some(dice)


def _pnm(dice: Random) -> bytes:
    sort = dice.choice(("P1", "P2", "P3", "P4", "P5", "P6", "Pf", "P7"))
    return (
        f"{sort}\n{_side(dice)} {_side(dice)}\n{dice.choice((255, 65535, 0, -1))}\n".encode()
        + _some(dice)
    )
