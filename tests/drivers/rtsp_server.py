"""A real RTSP camera for tests: `/usr/bin/python3 rtsp_server.py PORT [USER PASSWORD] [options]`.

Needs Debian's gstreamer1.0-rtsp, gir1.2-gst-rtsp-server-1.0, python3-gi and
gstreamer1.0-plugins-{base,good,ugly}. Streams at rtsp://127.0.0.1:PORT/lane and says `ready` on
standard output; ends when its standard input closes. What it streams:

    without --clip    a ball that bounces over 320x180 pixels, H.264, 15 pictures a second
    --clip FILE       coded pictures from a file, again and again: 4 bytes of length (big-endian)
                      before each, the first one a key picture with all that a decoder needs

`--noise` keeps the head of every coded picture and fills the rest with chance.
"""

import argparse
import random
import struct
import sys
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

BALL = (
    "( videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=180,framerate=15/1 "
    "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 "
    "! rtph264pay name=pay0 pt=96 )"
)
CLIP = (
    "( appsrc name=source is-live=true do-timestamp=true format=time block=false max-bytes=0 "
    "caps=video/x-{codec},stream-format=byte-stream,alignment=au ! rtp{codec}pay name=pay0 pt=96 )"
)
UNTOUCHED = 64


class Player:
    """Pushes a clip's coded pictures into every stream that is open, at its pace."""

    def __init__(self, pictures: list[bytes], fps: float, *, noise: bool) -> None:
        self._pictures = pictures
        self._noise = random.Random(1) if noise else None
        self._turn = 0
        self._sources: list[Any] = []
        GLib.timeout_add(round(1000 / fps), self._push)

    def joined(self, _factory: object, media: Any) -> None:
        source = media.get_element().get_by_name_recurse_up("source")
        self._sources.append(source)
        self._turn = 0
        media.connect("unprepared", lambda _: self._sources.remove(source))

    def _push(self) -> bool:
        data = self._pictures[self._turn % len(self._pictures)]
        self._turn += 1
        if self._noise is not None:
            data = data[:UNTOUCHED] + self._noise.randbytes(max(0, len(data) - UNTOUCHED))
        for source in self._sources:
            source.emit("push-buffer", Gst.Buffer.new_wrapped(data))
        return True


def main() -> None:
    asked = arguments()
    Gst.init(None)
    server = GstRtspServer.RTSPServer(service=asked.port, address="127.0.0.1")
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(CLIP.format(codec=asked.codec) if asked.clip else BALL)
    factory.set_shared(True)
    if asked.clip:
        player = Player(coded(asked.clip), asked.fps, noise=asked.noise)
        factory.connect("media-configure", player.joined)
    if asked.user:
        lock(server, factory, user=asked.user, password=asked.password)
    server.get_mount_points().add_factory("/lane", factory)
    server.attach(None)
    loop = GLib.MainLoop()
    GLib.io_add_watch(sys.stdin.fileno(), GLib.IO_HUP, lambda *_: loop.quit())
    print("ready", flush=True)  # noqa: T201
    loop.run()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("port")
    parser.add_argument("user", nargs="?")
    parser.add_argument("password", nargs="?")
    parser.add_argument("--clip")
    parser.add_argument("--codec", choices=("h264", "h265"), default="h264")
    parser.add_argument("--fps", type=float, default=15.0)
    parser.add_argument("--noise", action="store_true")
    return parser.parse_args()


def coded(path: str) -> list[bytes]:
    with open(path, "rb") as file:  # noqa: PTH123
        data = file.read()
    pictures, at = [], 0
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        pictures.append(data[at + 4 : at + 4 + length])
        at += 4 + length
    return pictures


def lock(
    server: GstRtspServer.RTSPServer,
    factory: GstRtspServer.RTSPMediaFactory,
    *,
    user: str,
    password: str,
) -> None:
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    for right in ("media.factory.access", "media.factory.construct"):
        permissions.add_permission_for_role("viewer", right, True)  # noqa: FBT003
    factory.set_permissions(permissions)


main()
