"""What a camera says about its stream: the first video track, its coding and its address."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urljoin

from drivers.rtsp.wire import RtspError

Coding = Literal["h264", "h265"]
START = b"\x00\x00\x00\x01"
_CODINGS: dict[str, Coding] = {"H264": "h264", "H265": "h265", "HEVC": "h265"}
_SETS = ("sprop-vps", "sprop-sps", "sprop-pps", "sprop-parameter-sets")


@dataclass(frozen=True, slots=True)
class Track:
    """`parameter_sets`: what a decoder must know before the first picture, in Annex B."""

    coding: Coding
    payload_type: int
    url: str
    parameter_sets: bytes = b""


def video_track(text: str, base_url: str) -> Track:
    """Raises `RtspError` where there is none, or none in H.264 or H.265."""
    session, *media = re.split(r"(?m)^m=", text.replace("\r\n", "\n"))
    videos = [part for part in media if part.startswith("video ")]
    if not videos:
        raise RtspError("its stream has no pictures: is this the address of a video stream?")
    base = _joined(base_url, _attribute(session, "control"))
    seen = []
    for video in videos:
        number, name = _mapping(video)
        if (coding := _CODINGS.get(name)) is not None:
            url = _joined(base, _attribute(video, "control"))
            return Track(coding, number, url, _parameter_sets(video))
        seen.append(name or "an unnamed coding")
    raise RtspError(f"it sends {', '.join(seen)[:60]}: set the stream to H.264 or H.265")


def _attribute(part: str, name: str) -> str:
    """Without patterns: a line of 64 KB of spaces would keep one busy for a minute."""
    start = f"a={name}:"
    values = (line[len(start) :].strip() for line in part.split("\n") if line.startswith(start))
    return next(filter(None, values), "")


def _mapping(video: str) -> tuple[int, str]:
    found = re.search(r"(?m)^a=rtpmap:(\d{1,3})\s+([A-Za-z0-9.-]+)", video)
    return (int(found.group(1)), found.group(2).upper()) if found else (-1, "")


def _joined(base: str, control: str) -> str:
    """RTSP servers mean `track1` below the stream, also where the address has no final '/'."""
    if control in ("", "*"):
        return base
    if re.match(r"rtsps?://", control, re.IGNORECASE):
        return control
    if control.startswith("/"):
        return urljoin(base.replace("rtsp", "http", 1), control).replace("http", "rtsp", 1)
    return f"{base.removesuffix('/')}/{control}"


def _parameter_sets(video: str) -> bytes:
    options = _attribute(video, "fmtp").partition(" ")[2]
    pairs = (option.partition("=") for option in options.split(";"))
    fields = {name.strip(): value.strip() for name, _, value in pairs}
    coded = [part for name in _SETS if name in fields for part in fields[name].split(",")]
    return b"".join(START + unit for unit in map(_decoded, coded) if unit)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""
