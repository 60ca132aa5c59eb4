"""Single pictures over HTTP, from a small real web server with all the bad habits of cameras."""

import hashlib
import re
import threading
import time
from itertools import islice
from pathlib import Path

import pytest
from pydantic import ValidationError

from drivers.camera import snapshot
from gateway.ports import DeviceError, LiveCamera, LoginError
from tests.drivers.web_camera import Web, jpeg, web

PASSWORD = "s3cret:word"  # noqa: S105
NONCE = "0123abcd"


def camera(server, path="/ISAPI/Streaming/channels/101/picture", **more):
    url = f"http://127.0.0.1:{server.server_address[1]}{path}"
    asked = {"driver": "snapshot", "url": url, "every_ms": 50, "timeout_s": 5} | more
    return snapshot.connect(snapshot.Settings.model_validate(asked))


def trouble_with(habit, **more) -> str:
    """What the camera says of a web server with this habit."""
    with web(habit) as server, camera(server, **more) as lane:
        seen = []
        threading.Thread(target=lambda: seen.extend(islice(lane.frames(), 1)), daemon=True).start()
        end = time.monotonic() + 8
        while time.monotonic() < end and not lane.trouble and not seen:
            time.sleep(0.02)
        assert not seen
        return lane.trouble


def test_pictures_come_on_one_connection_and_know_their_age():
    with web(Web.picture) as server, camera(server, "/cgi-bin/snapshot.cgi?channel=1") as lane:
        before = time.monotonic()
        pictures = list(islice(lane.frames(), 4))
    assert pictures[0].image.shape == (48, 64, 3)
    assert before <= pictures[0].taken_at < pictures[3].taken_at <= time.monotonic()
    assert server.connections == 1
    assert server.asked[0][0] == "/cgi-bin/snapshot.cgi?channel=1"
    assert isinstance(lane, LiveCamera)


def test_a_resting_camera_is_asked_less_often():
    with web(Web.picture) as server, camera(server) as lane:
        lane.pace(0.5)
        first, second = islice(lane.frames(), 2)
    assert second.taken_at - first.taken_at >= 0.5


@pytest.fixture
def login(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(PASSWORD + "\n")
    return {"username": "viewer", "password": f"file:{secret}"}


def test_basic_opens(login):
    def habit(request):
        good = request.headers.get("Authorization") == "Basic dmlld2VyOnMzY3JldDp3b3Jk"
        request.picture() if good else request.refuse(401, 'Basic realm="camera"')

    with web(habit) as server, camera(server, **login) as lane:
        assert next(lane.frames()).image.any()


@pytest.mark.parametrize(("algorithm", "name"), [("MD5", "md5"), ("SHA-256", "sha256")])
def test_digest_opens_and_counts_its_answers(login, algorithm, name):
    seen = []

    def habit(request):
        fields = dict(re.findall(r'(\w+)="?([^",]+)', request.headers.get("Authorization", "")))
        if fields and fields["response"] == expected(fields, request.path):
            seen.append(fields["nc"])
            return request.picture()
        challenge = f'Digest realm="camera", nonce="{NONCE}", qop="auth", algorithm={algorithm}'
        return request.refuse(401, challenge, 'Basic realm="camera"')

    def expected(fields, path):
        def hashed(text):
            return hashlib.new(name, text.encode()).hexdigest()

        who, what = hashed(f"viewer:camera:{PASSWORD}"), hashed(f"GET:{path}")
        return hashed(f"{who}:{NONCE}:{fields['nc']}:{fields['cnonce']}:auth:{what}")

    with web(habit) as server, camera(server, **login) as lane:
        assert len(list(islice(lane.frames(), 3))) == 3
    assert seen == ["00000001", "00000002", "00000003"]
    assert len(server.asked) == 4, "asked once without, then never again"
    assert PASSWORD not in str(server.asked)


def test_a_refused_password_is_told_once_and_not_tried_again(login, caplog):
    with web(lambda request: request.refuse(401, f'Digest realm="c", nonce="{NONCE}"')) as server:
        with camera(server, **login) as lane, pytest.raises(LoginError) as refused:
            next(lane.frames())
        assert len(server.asked) == 2
    assert "check `username` and `password`" in str(refused.value)
    assert "refuses the user name or the password" in str(refused.value)
    assert "s3cret" not in str(refused.value) + caplog.text


def test_a_wanted_password_is_told():
    wanted = pytest.raises(DeviceError, match="wants a user name")
    asks = web(lambda request: request.refuse(401, 'Basic realm="c"'))
    with asks as server, camera(server) as lane, wanted:
        next(lane.frames())


def drip(request):
    request.send_response(200)
    request.send_header("Content-Length", "100000")
    request.end_headers()
    for _ in range(100):
        request.wfile.write(b"\xff")
        request.wfile.flush()
        time.sleep(0.1)


def drip_heads(request):
    request.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(100):
        request.wfile.write(f"X-{number}: y\r\n".encode())
        request.wfile.flush()
        time.sleep(0.1)


def flood(request):
    request.send_response(200)
    request.send_header("Connection", "close")
    request.end_headers()
    for _ in range(4000):
        request.wfile.write(b"\xff\xd8" + b"x" * 65534)


def cut_short(request):
    request.send_response(200)
    request.send_header("Content-Length", "100000")
    request.end_headers()
    request.wfile.write(jpeg())
    request.close_connection = True


@pytest.mark.parametrize(
    ("habit", "told"),
    [
        (lambda request: request.refuse(404), "knows no picture at this path"),
        (lambda request: request.refuse(503), "busy"),
        (lambda request: request.refuse(302), "answers 302"),
        (lambda request: request.picture(b"<html>login</html>"), "a web page instead"),
        (lambda request: request.picture(b""), "no JPEG instead"),
        (lambda request: request.picture(jpeg()[:-200] + b"x" * 2000), "half a picture"),
        (lambda request: request.picture(b"\xff\xd8\xff\xd9"), "is no picture"),
        (drip, "no whole picture within 1 s"),
        (drip_heads, "no whole picture within 1 s"),
        (flood, "more bytes than"),
        (lambda request: request.picture(b"\xff\xd8" + b"x" * 2_000_000), "more than `most_mb`"),
        (cut_short, "breaks off"),
        (lambda request: request.wfile.write(b"\x00garbage\r\n\r\n"), "breaks off"),
    ],
    ids=range(13),
)
def test_what_is_no_picture_is_told_and_never_shown(habit, told):
    drips = habit in (drip, drip_heads)
    said = trouble_with(habit, timeout_s=1 if drips else 5, most_mb=0.5)
    assert told in said
    assert "camera http://127.0.0.1:" in said


def closes_and_says_so(request):
    request.send_response(200)
    request.send_header("Connection", "close")
    request.end_headers()
    request.wfile.write(jpeg())


def closes(request):
    request.picture()
    request.close_connection = True


@pytest.mark.parametrize("once", [closes, closes_and_says_so])
def test_a_connection_that_the_camera_closes_is_opened_again_without_a_fuss(caplog, once):
    before = open_files()

    with web(once) as server, camera(server) as lane:
        assert len(list(islice(lane.frames(), 3))) == 3
        assert server.connections == 3
    assert not caplog.text
    assert open_files() <= before + 1


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_pictures_are_back_when_the_camera_is():
    state = {"good": False}

    def habit(request):
        request.picture() if state["good"] else request.refuse(503)

    with web(habit) as server, camera(server) as lane:
        threading.Timer(1.0, lambda: state.update(good=True)).start()
        assert next(lane.frames()).image.any()
        assert not lane.trouble


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"url": "http://a:b@10.0.0.1/x"}, "no user name or password in the address"),
        ({"url": "rtsp://10.0.0.1/x"}, "not an HTTP address"),
        ({"url": "http://10.0.0.1/x\r\nEvil: 1"}, "not an HTTP address"),
        ({"url": "http://10.0.0.1/x", "password": "file:/x"}, "a password without a user name"),
        ({"url": "http://10.0.0.1/x", "password": "hunter2"}, "password"),
        ({"url": "http://10.0.0.1:99999/x"}, "[Pp]ort out of range"),
        ({"url": "http://10.0.0.1:0/x"}, "there is no port 0"),
        ({"url": "http://10.0.0.1/\u753b"}, "write it as %XX"),
        ({"url": "http://10.0.0.1/a b"}, "write it as %XX"),
    ],
)
def test_settings_that_cannot_be_right_are_refused(asked, told):
    with pytest.raises(ValidationError, match=told):
        snapshot.Settings.model_validate({"driver": "snapshot"} | asked)


def test_a_password_in_the_address_stays_out_of_the_trouble_and_the_log(caplog):
    with web(lambda request: request.refuse(500)) as server:
        with camera(server, path="/snap?user=admin&pwd=hunter2") as lane:
            threading.Thread(target=lambda: next(lane.frames(), None), daemon=True).start()
            end = time.monotonic() + 8
            while time.monotonic() < end and not lane.trouble:
                time.sleep(0.02)
            assert "/snap?user=admin&pwd=***" in lane.trouble
        assert "hunter2" not in lane.trouble + caplog.text


def test_a_camera_that_changes_its_nonce_without_calling_the_old_one_stale_goes_on(login):
    """Each nonce is good for two pictures."""
    uses = [0]

    def habit(request):
        uses[0] += 1
        if f'nonce="n{uses[0] // 3}"' in request.headers.get("Authorization", ""):
            return request.picture()
        return request.refuse(401, f'Digest realm="c", nonce="n{uses[0] // 3}"')

    with web(habit) as server, camera(server, **login) as lane:
        assert len(list(islice(lane.frames(), 6))) == 6


def test_a_camera_that_is_closed_ends_its_pictures_also_while_it_rests(caplog):
    with web(Web.picture) as server:
        with camera(server) as lane:
            thread = threading.Thread(target=lambda: list(lane.frames()), daemon=True)
            thread.start()
            lane.pace(600)
            time.sleep(0.5)
        thread.join(10)
        assert not thread.is_alive()
    assert not caplog.text
