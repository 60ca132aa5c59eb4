"""`lanegate read`, as typed: photos, videos, streams."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
from click.testing import CliRunner

from drivers.reader.onnx_plates import released_models
from drivers.twins.clip import write_clip
from gateway.commands.read import read
from tests.commands.scenes import PLATE, painted, photo, video
from tests.drivers.stream import free_port, needs_server, server

pytestmark = pytest.mark.skipif(
    not (released_models() / "manifest.yaml").is_file(), reason="no plate models here"
)
PASSWORD = "s3cret/word@1"  # noqa: S105
SCENES = Path(__file__).resolve().parents[3] / "shared" / "plates" / "scenes"


def run(*words, **more):
    return CliRunner().invoke(read, [str(word) for word in words], **more)


def told(*words):
    done = run(*words, "--json")
    assert done.exit_code in (0, 1), done.output
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    return photo(tmp_path_factory.mktemp("scene") / "car.png")


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Half a second of an empty lane, one of a car, half a second of an empty lane."""
    empty, car = painted(plate=""), painted()
    path = tmp_path_factory.mktemp("film") / "lane.mp4"
    return video(path, [empty] * 5 + [car] * 10 + [empty] * 5)


# --- photos ------------------------------------------------------------------------------


def test_a_photo_is_read_into_json_that_keeps_its_old_fields(scene):
    (photo_,) = told(scene)
    assert set(photo_) == {"file", "ms", "plates"}
    assert (photo_["file"], photo_["ms"] > 0) == (str(scene), True)
    (plate,) = photo_["plates"]
    assert (plate["text"], plate["type"], plate["colour"]) == (PLATE, "civil", "blue")
    old = {"text", "type", "colour", "confidence", "min_char", "box", "corners"}
    assert old <= set(plate)
    assert len(plate["corners"]) == 4


def test_a_table_is_for_people(scene):
    done = run(scene)
    assert (done.exit_code, done.stderr) == (0, "")
    assert PLATE in done.stdout
    assert "refused" not in done.stdout


def test_what_the_gate_refused_is_told_with_its_reason_where_asked(scene):
    (photo_,) = told(scene, "--refused", "--min-char", "1")
    assert photo_["plates"] == []
    (refused, *_) = photo_["refused"]
    assert (refused["text"], "under the gate's 1.00" in refused["why"]) == (PLATE, True)
    table = run(scene, "--refused", "--min-char", "1").stdout
    assert "under the gate's 1.00" in table
    assert "under the gate's" not in run(scene, "--min-char", "1").stdout


def test_a_file_that_is_no_picture_costs_only_itself_and_exits_with_1(scene, tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"not a picture")
    (tmp_path / "b.png").write_bytes(scene.read_bytes())
    (tmp_path / "c.txt").write_text("ignored in a folder")
    done = run(tmp_path, "--json")
    bad, good = json.loads(done.stdout)
    assert done.exit_code == 1
    assert "a.jpg: is no picture" in bad["error"]
    assert good["plates"][0]["text"] == PLATE


def test_crops_are_read_as_crops(tmp_path):
    plateart = pytest.importorskip("drivers.twins.plateart", reason="needs the extra `demo`")
    from gateway.lane.types import PlateColour

    crop = tmp_path / "crop.png"
    art = plateart.plate_art(PLATE, PlateColour.BLUE)
    cv2.imwrite(str(crop), cv2.resize(art, (220, 70), interpolation=cv2.INTER_AREA))
    assert told(crop, "--crops")[0]["plates"][0]["text"] == PLATE


@pytest.mark.skipif(not SCENES.is_dir(), reason="no photos in ../shared/plates/scenes")
def test_real_photos_are_read_and_drawn(tmp_path):
    files = sorted(SCENES.iterdir())[:6]
    done = run(*files, "--json", "--draw", tmp_path / "out")
    photos = json.loads(done.stdout)
    assert done.exit_code == 0
    assert sum(bool(one["plates"]) for one in photos) >= 5
    assert all((tmp_path / "out" / one["drawn"]).is_file() for one in photos)


# --- videos ------------------------------------------------------------------------------


def test_a_video_is_one_object_with_its_plates_and_their_times(film):
    (clip,) = told(film)
    assert (clip["file"], clip["kind"], clip["size"]) == (str(film), "video", [1280, 720])
    assert (clip["frames"], clip["read"]) == (20, 20)
    (plate,) = clip["plates"]
    assert plate["text"] == PLATE
    assert plate["frames"] >= 9
    assert 0.4 <= plate["first_s"] <= 0.6
    assert 1.3 <= plate["last_s"] <= 1.5
    assert plate["best"]["min_char"] == max(one["min_char"] for one in clip["readings"])
    assert len(clip["readings"]) == plate["frames"]


def test_a_part_of_a_video_every_so_often(film):
    (clip,) = told(film, "--every", "4", "--seconds", "1")
    assert (clip["read"], clip["frames"]) == (3, 10)


def test_a_video_is_drawn_where_something_changed(film, tmp_path):
    out = tmp_path / "out"
    (clip,) = told(film, "--draw", out)
    names = sorted(path.name for path in out.glob("*.jpg"))
    assert names == clip["drawn"]
    assert 3 <= len(names) <= 5
    assert names[0] == "lane-000000.jpg"
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    (plate,) = summary["plates"]
    assert (plate["text"], plate["first"]["file"]) == (PLATE, str(film))
    assert plate["pictures"] == clip["plates"][0]["frames"]
    assert summary["gate"]["min_char"] == 0.45
    assert "refused" in summary["sources"][0]


def test_the_table_of_a_video_has_first_and_last_and_refused(film):
    out = run(film, "--refused", "--min-char", "1").stdout
    assert "1280 x 720, 1.9 s, 20 pictures, 20 read" in out
    assert "no plate" in out
    assert "under the gate's 1.00" in out


def test_a_video_that_cannot_be_opened_costs_only_itself(scene, tmp_path):
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    done = run(tmp_path / "bad.mp4", scene, "--json")
    bad, good = json.loads(done.stdout)
    assert done.exit_code == 1
    assert "cannot be opened as a video" in bad["error"]
    assert good["plates"]
    assert "cannot be opened as a video" in run(tmp_path / "bad.mp4").stdout


# --- use ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nowhere.jpg"], "there is no nowhere.jpg"),
        (["rtsp://u:hunter2@10.0.0.1/x"], "does not belong in the address"),
        (["rtsp://u@10.0.0.1/x"], "does not belong in the address"),
        (["rtsp://10.0.0.1/x?user=u&password=hunter2"], "does not belong in the address"),
        (["rtsp://10.0.0.1/user=u_Passwd=hunter2_"], "does not belong in the address"),
        (["http://10.0.0.1/x"], "expected rtsp://host:554/path"),
        (["rtsp:///x"], "expected rtsp://host:554/path"),
        (["rtsp://10.0.0.1:99999/x"], "a port or a host that cannot be"),
        (["rtsp://10.0.0.1/x", "--username", "u", "--password-from", "hunter2"], "file:/path or"),
        (["rtsp://10.0.0.1/x", "--password-from", "file:/x"], "--password-from needs --username"),
        (["rtsp://10.0.0.1/x", "--username", "u"], "nobody can be asked for the password"),
        (["rtsp://10.0.0.1/x", "--crops"], "--crops is for photos"),
        ([".", "--username", "u"], "are for rtsp:// addresses"),
        ([".", "--reader", "eyes"], "no reader 'eyes'"),
        ([".", "--every", "0"], "--every"),
        ([".", "--seconds", "0"], "--seconds"),
    ],
)
def test_wrong_use_exits_with_2_and_repeats_no_password(words, sentence):
    done = run(*words)
    assert done.exit_code == 2
    assert sentence in " ".join(done.stderr.replace("│", " ").split())
    assert "hunter2" not in done.output


def test_nothing_is_overwritten_unless_forced(scene, tmp_path):
    (tmp_path / "car.jpg").write_text("mine")
    done = run(scene, "--draw", tmp_path)
    assert done.exit_code == 2
    assert "already holds car.jpg" in done.stderr
    assert (tmp_path / "car.jpg").read_text() == "mine"
    assert run(scene, "--draw", tmp_path, "--force").exit_code == 0
    assert cv2.imread(str(tmp_path / "car.jpg")) is not None


# --- streams -----------------------------------------------------------------------------


def test_a_stream_is_read_for_its_seconds_with_a_password_from_a_file(tmp_path):
    needs_server()
    port, secret = free_port(), tmp_path / "secret"
    secret.write_text(PASSWORD)
    address = f"rtsp://127.0.0.1:{port}/lane"
    login = ("--username", "viewer", "--password-from", f"file:{secret}")
    with server(port, "viewer", PASSWORD):
        (clip,) = told(address, "--seconds", "2", "--draw", tmp_path / "out", *login)
    assert (clip["file"], clip["kind"], clip["size"]) == (address, "stream", [320, 180])
    assert clip["read"] >= 1
    assert clip["frames"] >= clip["read"]
    assert 0 <= clip["seconds"] < 60
    assert "error" not in clip
    assert (tmp_path / "out" / clip["drawn"][0]).is_file()
    secret.write_text("wr0ng-word")
    with server(port, "viewer", PASSWORD):
        done = run(address, "--json", *login)
    assert done.exit_code == 1
    assert "refuses" in json.loads(done.stdout)[0]["error"]
    assert "wr0ng" not in done.output


def test_a_plate_is_read_out_of_a_stream(tmp_path):
    needs_server()
    clip_file = write_clip(tmp_path / "lane.clip", [painted()] * 15, kbit_s=6000)
    port = free_port()
    with server(port, "--clip", clip_file):
        (clip,) = told(f"rtsp://127.0.0.1:{port}/lane", "--seconds", "3")
    assert clip["size"] == [1280, 720]
    assert [plate["text"] for plate in clip["plates"]] == [PLATE]


TYPING = """
import os, pty, sys
pid, master = pty.fork()
if pid == 0:
    os.execv(sys.executable, [sys.executable, "-m", "gateway", "read", *sys.argv[2:]])
said, typed = b"", False
while True:
    try:
        part = os.read(master, 4096)
    except OSError:
        break
    if not part:
        break
    said += part
    if not typed and b"Password of viewer" in said:
        typed = True
        os.write(master, sys.argv[1].encode() + b"\\n")
sys.stdout.buffer.write(said)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


def test_a_password_is_asked_for_at_a_terminal_and_not_shown():
    needs_server()
    port = free_port()
    words = [f"rtsp://127.0.0.1:{port}/lane", "--seconds", "1", "--username", "viewer"]
    with server(port, "viewer", PASSWORD):
        done = subprocess.run(
            [sys.executable, "-c", TYPING, PASSWORD, *words],
            capture_output=True, timeout=120, check=False, env=os.environ | {"COLUMNS": "200"},
        )  # fmt: skip
    said = done.stdout.decode()
    assert done.returncode == 0, said
    assert "Password of viewer" in said
    assert "320 x 180" in said
    assert PASSWORD not in said


def test_a_camera_that_is_away_is_told_and_exits_with_1():
    (clip,) = told(f"rtsp://127.0.0.1:{free_port()}/lane")
    assert "check its power" in clip["error"]
    assert clip["plates"] == []


def test_asking_for_help_and_checking_load_no_library_for_pictures():
    program = (
        "import sys\nfrom gateway.__main__ import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "import gateway.commands.read, gateway.commands.camera\n"
        "heavy = {'cv2', 'numpy', 'onnxruntime', 'av', 'PIL'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert "camera" in done.stdout
