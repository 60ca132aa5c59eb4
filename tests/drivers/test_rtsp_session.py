"""A whole RTSP session with a camera that means no good, or does not know better."""

import contextlib
import re
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from drivers.login import Login
from drivers.rtsp.session import Session
from drivers.rtsp.wire import RtspError

SDP = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t\r\n"
Reply = Callable[[str, str], str]


def ok(number: str, headers: str = "", body: str = "") -> str:
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\n{headers}{length}\r\n{body}"


class Camera:
    """Answers each request on a real socket with what `reply(method, head)` returns."""

    def __init__(self, reply: Reply) -> None:
        self.reply, self.asked = reply, []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"rtsp://127.0.0.1:{self._door.getsockname()[1]}/lane"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._door.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _ = self._door.accept()
                threading.Thread(target=self._talk, args=(line,), daemon=True).start()

    def _talk(self, line: socket.socket) -> None:
        unread = b""
        with contextlib.suppress(OSError), line:
            while data := line.recv(4096):
                *heads, unread = (unread + data).split(b"\r\n\r\n")
                for head in map(bytes.decode, heads):
                    self.asked.append(head.partition(" ")[0])
                    line.sendall(self.reply(self.asked[-1], head).encode())


def number(head: str) -> str:
    return re.search(r"CSeq: (\d+)", head).group(1)


@contextlib.contextmanager
def session(reply: Reply, **more) -> Iterator[tuple[Camera, Session]]:
    camera = Camera(reply)
    settings = {"transport": "tcp", "open_timeout_s": 5, "read_timeout_s": 1.0} | more
    one = Session(camera.url, settings.pop("login", None), **settings)
    try:
        yield camera, one
    finally:
        one.close()
        camera.close()


def plays(method: str, head: str) -> str:
    match method:
        case "DESCRIBE":
            return ok(number(head), body=SDP)
        case "SETUP":
            return ok(number(head), "Session: 7\r\n")
        case _:
            return ok(number(head))


def test_a_camera_for_which_every_nonce_is_stale_is_not_asked_for_ever():
    def reply(method: str, head: str) -> str:
        wish = 'WWW-Authenticate: Digest realm="c", nonce="n", stale=true\r\n'
        return f"RTSP/1.0 401 Unauthorized\r\nCSeq: {number(head)}\r\n{wish}\r\n"

    with session(reply, login=Login("viewer", "x")) as (camera, one):
        with pytest.raises(RtspError, match="refuses the user name or the password"):
            watched(one.open)
        assert len(camera.asked) == 3


def watched(work: Callable[[], object]) -> None:
    """Raises what `work` raises; fails where it goes on for ever."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 -- it is raised again below
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(15)
    assert not thread.is_alive(), "it would go on for ever"
    if raised:
        raise raised[0]


def test_rubbish_that_never_pauses_does_not_keep_a_session_alive():
    """Its time is over, whatever else waits to be read."""
    with session(plays, transport="udp") as (_, one):
        one.open()
        port = one._datagrams[0].getsockname()[1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"rubbish", ("127.0.0.1", port))
        assert select.select(one._datagrams, (), (), 5)[0]
        with pytest.raises(TimeoutError):
            one._datagram(time.monotonic() - 0.1)


def test_a_picture_that_another_host_sends_is_not_the_cameras():
    """127.0.0.2 stands for anybody else on the network."""
    key = struct.pack(">BBHII", 0x80, 96 | 0x80, 1, 1, 7) + b"\x65key"
    with session(plays, transport="udp") as (_, one):
        one.open()
        port = one._datagrams[0].getsockname()[1]
        for address in ("127.0.0.2", "127.0.0.1"):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.bind((address, 0))
                sender.sendto(key.replace(b"key", address.encode()), ("127.0.0.1", port))
        assert b"127.0.0.1" in next(one.arrivals()).picture.data


@pytest.mark.parametrize("location", ["rtsp://[", "rtsp://127.0.0.1:99999/x", "rtsp://h/x", ""])
def test_a_camera_that_sends_us_nowhere_is_told(location):
    def reply(method: str, head: str) -> str:
        if method != "DESCRIBE":
            return plays(method, head)
        return f"RTSP/1.0 302 Moved\r\nCSeq: {number(head)}\r\nLocation: {location}\r\n\r\n"

    with session(reply) as (_, one), pytest.raises(RtspError, match="to another host"):
        one.open()


def test_a_description_with_an_address_that_is_none_is_told():
    def reply(method: str, head: str) -> str:
        if method != "DESCRIBE":
            return plays(method, head)
        body = SDP.replace("control:t", "control:/t")
        return ok(number(head), "Content-Base: rtsp://[x/\r\n", body)

    with session(reply) as (_, one), pytest.raises(RtspError, match="an address that is none"):
        one.open()


def test_a_request_of_the_cameras_own_is_not_taken_for_its_answer():
    def reply(method: str, head: str) -> str:
        own = f"OPTIONS rtsp://us RTSP/1.0\r\nCSeq: {number(head)}\r\n\r\n"
        return own + plays(method, head)

    with session(reply) as (_, one):
        one.open()
        assert one.track.coding == "h264"
