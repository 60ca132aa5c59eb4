"""A whole RTSP session with a camera that means no good, or does not know better."""

import contextlib
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
from tests.drivers.paper_camera import SDP, Camera, Reply, number, ok, plays


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


def test_a_camera_that_lets_each_answer_wait_to_the_last_does_not_open_for_ever():
    def slow(method: str, head: str) -> str:
        time.sleep(0.8)
        return plays(method, head)

    late = pytest.raises(RtspError, match=r"it takes too long to begin|does not answer")
    with session(slow, open_timeout_s=1.0) as (_, one), late:
        one.open()


def test_a_handshake_that_drips_is_given_up_in_time():
    def drip(line: socket.socket) -> None:
        with contextlib.suppress(OSError), line:
            for byte in b"\x16\x03\x03\x40\x00\x02" + bytes(100):
                line.sendall(bytes([byte]))
                time.sleep(0.2)

    with socket.create_server(("127.0.0.1", 0)) as door:

        def serve() -> None:
            drip(door.accept()[0])

        threading.Thread(target=serve, daemon=True).start()
        url = f"rtsps://127.0.0.1:{door.getsockname()[1]}/lane"
        one = Session(url, None, transport="tcp", open_timeout_s=1, read_timeout_s=1)
        with pytest.raises(TimeoutError):
            watched(one.open)
        one.close()


def alive(one: Session) -> None:
    """Its sign of life goes out, and what it hears is taken in, until nothing comes any more."""
    one._send(one._alive_with, one._url)
    with contextlib.suppress(TimeoutError):
        while True:
            one._interleaved(time.monotonic() + 0.5)


def test_a_camera_that_wants_the_login_anew_for_the_sign_of_life_gets_it():
    """Each nonce is good for two requests, and none is ever called stale."""
    heads: list[str] = []

    def reply(method: str, head: str) -> str:
        if "Session: 7" not in head or method in ("PLAY", "TEARDOWN"):
            return plays(method, head)
        heads.append(head)
        nonce = f'nonce="n{len(heads) // 3}"'
        if nonce in head:
            return plays(method, head)
        wish = f'WWW-Authenticate: Digest realm="c", {nonce}'
        return f"RTSP/1.0 401 Unauthorized\r\nCSeq: {number(head)}\r\n{wish}\r\n\r\n"

    with session(reply, login=Login("viewer", "x")) as (_, one):
        one.open()
        for _ in range(4):
            alive(one)
    shown = [head.partition('nonce="')[2][:2] for head in heads]
    assert shown == ["", "n0", "n0", "n1", "n1", "n1", "n2"]


def test_a_camera_that_refuses_the_login_at_the_sign_of_life_is_not_asked_on_and_on():
    def reply(method: str, head: str) -> str:
        if "Session: 7" not in head or method in ("PLAY", "TEARDOWN"):
            return plays(method, head)
        wish = 'WWW-Authenticate: Digest realm="c", nonce="n"'
        return f"RTSP/1.0 401 Unauthorized\r\nCSeq: {number(head)}\r\n{wish}\r\n\r\n"

    with session(reply, login=Login("viewer", "x")) as (camera, one):
        one.open()
        with pytest.raises(RtspError, match="refuses the user name or the password") as refused:
            alive(one)
        assert refused.value.hopeless
        assert camera.asked.count("OPTIONS") == 3


def test_a_camera_that_forgot_the_session_is_told_before_its_pictures_stop():
    def reply(method: str, head: str) -> str:
        if "Session: 7" in head and method == "OPTIONS":
            return f"RTSP/1.0 454 Session Not Found\r\nCSeq: {number(head)}\r\n\r\n"
        return plays(method, head)

    with session(reply) as (_, one):
        one.open()
        with pytest.raises(RtspError, match="forgot the session"):
            alive(one)


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_whoever_waits_for_pictures_is_free_at_once_when_it_is_stopped(transport):
    with session(plays, transport=transport, read_timeout_s=30) as (_, one):
        one.open()
        raised: list[BaseException] = []

        def wait() -> None:
            try:
                next(one.arrivals())
            except RtspError as error:
                raised.append(error)

        thread = threading.Thread(target=wait, daemon=True)
        thread.start()
        time.sleep(0.3)
        one.stop()
        thread.join(10)
        assert not thread.is_alive()
        assert "hung up" in str(raised[0])
