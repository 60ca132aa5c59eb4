"""The real daemon on a twin's line, with a real broker: what a technician would try."""

import csv
import fcntl
import hashlib
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import paho.mqtt.publish as mqtt_publish
import paho.mqtt.subscribe as mqtt_subscribe
import pytest
import yaml

from tests.system.box import NEEDS_MOSQUITTO, Box, a_box, a_lane

PLATES = Path(__file__).parents[3] / "shared" / "plates"
NO_CARS = {"max_cars": 0}


def state(box: Box) -> dict:
    message = mqtt_subscribe.simple(
        "lanegate/1/test-box/up/state", hostname="127.0.0.1", port=box.port, keepalive=10
    )
    return json.loads(message.payload)


def modes(box: Box) -> list[str]:
    """Without what is this machine's: its clock may be set by nobody."""
    told = state(box).get("modes", [])
    ours = [mode for mode in told if mode != "CLOCK_UNTRUSTED"]
    return ours or (["FULL"] if told else [])


def lanes(box: Box) -> set[str]:
    return set(state(box).get("lanes", {}))


def started(box: Box, camera=None, **more) -> Box:
    box.configure(camera, **more).start_twin()
    box.start_broker()
    box.start_receiver()
    box.start_daemon()
    return box


def lanegate(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gateway", *words], capture_output=True, text=True, check=False
    )


@NEEDS_MOSQUITTO
def test_the_button_opens_although_the_camera_is_broken_and_the_state_says_so(tmp_path):
    with a_box(tmp_path, **NO_CARS) as box:
        started(box, {"driver": "folder", "folder": str(tmp_path / "nothing-here")})
        box.wait_for(lambda: "starting -> idle" in box.log("daemon"), "the first poll")
        with box.twin() as twin:
            twin.press("lane-1")
        box.wait_for(lambda: box.journal("boom_up"), "the boom to be up")
        box.wait_for(lambda: "VISION_LOST" in modes(box), "VISION_LOST")
        box.wait_for(lambda: box.journal("boom_closes"), "the boom to close again")
        box.wait_for(box.all_received, "the pass at the receiver")
        (row,) = box.rows("select * from passes")
        assert (row["reason"], row["ending"]) == ("open_button", "turned_back")
        assert [row["code"] for row in box.rows("select code from alarms")] == ["vision_lost"]
        assert "nothing-here" in state(box)["lanes"]["lane-1"]["camera"]
        _status_says_so_too(box)


def _status_says_so_too(box: Box) -> None:
    asked = ["status", str(box.config)]
    box.wait_for(lambda: lanegate(*asked, "--json").returncode == 1, "VISION_LOST in the status")
    told = json.loads(lanegate(*asked, "--json").stdout)
    assert told["uplink"]["connected"]
    assert told["outbox"]["backlog"] == 0
    assert told["outbox"]["last_receipt_at"] is not None
    shown = lanegate(*asked).stdout
    assert "nothing: the cloud has all" in shown
    assert "VISION_LOST" in shown
    published = state(box)
    of_the_command = {"running", "gateway", "uplink", "evidence"}
    assert set(published) - {"inst", "online"} == set(told) - of_the_command
    assert set(published["outbox"]) == set(told["outbox"])
    box.kill("daemon", signal.SIGTERM)
    rest = lanegate(*asked)
    assert rest.returncode == 3
    assert "not running" in rest.stdout
    assert told["outbox"]["epoch"] in rest.stdout


@NEEDS_MOSQUITTO
def test_an_adapter_that_is_pulled_out_is_told_and_the_lane_comes_back_with_it(tmp_path):
    with a_box(tmp_path, **NO_CARS) as box:
        started(box)
        box.wait_for(lambda: modes(box) == ["FULL"], "everything to be well")
        with box.twin() as twin:
            twin.ask(do="unplug")
            box.wait_for(lambda: "BUS_LOST" in modes(box), "BUS_LOST")
            twin.ask(do="plug")
            box.wait_for(lambda: modes(box) == ["FULL"], "the line to be back")
            twin.send_car("lane-1", "京A12345")
        box.wait_for(box.all_received, "the car's pass")
        box.wait_for(lambda: box.rows("select 1 from passes where ending = 'passed'"), "the pass")
        assert len(box.journal("boom_opens")) == 1


@NEEDS_MOSQUITTO
def test_sigterm_in_the_middle_of_a_visit_ends_well_and_leaves_the_boom_as_it_is(tmp_path):
    with a_box(tmp_path, **NO_CARS) as box:
        started(box)
        box.wait_for(lambda: modes(box) == ["FULL"], "everything to be well")
        with box.twin() as twin:
            twin.send_car("lane-1", "京A12345", "turns_back_late")
        box.wait_for(lambda: box.journal("boom_up"), "the boom to be up")
        box.kill("daemon", signal.SIGTERM)
        assert box.processes["daemon"].returncode == 0
        assert not box.journal("boom_closes")
        assert state(box) == {"online": False}
        box.start_daemon()
        box.wait_for(lambda: box.journal("boom_down"), "the boom to be closed after the restart")
        box.wait_for(box.all_received, "the record at the receiver")
        (row,) = box.rows("select * from passes")
        assert row["ending"] == "interrupted"


@NEEDS_MOSQUITTO
def test_sighup_starts_a_new_lane_and_leaves_the_others_alone(tmp_path):
    with a_box(tmp_path, lanes=2, **NO_CARS) as box:
        started(box)
        document = yaml.safe_load(box.config.read_text())
        lane = document["lanes"].pop()
        box.kill("daemon", signal.SIGTERM)
        box.config.write_text(yaml.safe_dump(document))
        box.start_daemon()
        box.wait_for(lambda: lanes(box) == {"lane-1"}, "one lane")
        box.wait_for(lambda: modes(box) == ["FULL"], "its camera")
        (eyes,) = box.children("daemon", "gateway.eyes")

        (tmp_path / "lanes.d").mkdir()
        (tmp_path / "lanes.d" / "lane-2.yaml").write_text("name: lane-2\ndirection: sideways\n")
        box.processes["daemon"].send_signal(signal.SIGHUP)
        box.wait_for(lambda: "refused" in state(box).get("configuration", ""), "the refusal")
        assert "lane-2.yaml:2:" in box.log("daemon")

        (tmp_path / "lanes.d" / "lane-2.yaml").write_text(yaml.safe_dump(lane))
        box.processes["daemon"].send_signal(signal.SIGHUP)
        box.wait_for(lambda: lanes(box) == {"lane-1", "lane-2"}, "the new lane")
        assert state(box)["configuration"] == "ok"
        assert eyes in box.children("daemon", "gateway.eyes")

        (tmp_path / "lanes.d" / "lane-2.yaml").unlink()
        box.processes["daemon"].send_signal(signal.SIGHUP)
        box.wait_for(lambda: lanes(box) == {"lane-1"}, "the lane to be gone")
        box.wait_for(lambda: box.children("daemon", "gateway.eyes") == [eyes], "its camera too")


def test_new_access_lists_count_at_once_and_no_camera_is_started_again(tmp_path):
    with a_box(tmp_path, **NO_CARS) as box:
        box.configure(access={"unknown": "deny"}).start_twin()
        box.start_daemon()
        box.wait_for(lambda: "camera sees" in box.log("daemon"), "the camera")
        (eyes,) = box.children("daemon", "gateway.eyes")
        box.configure(access={"unknown": "deny", "allow": ["京A12345"]})
        box.processes["daemon"].send_signal(signal.SIGHUP)
        box.wait_for(lambda: "reloaded" in box.log("daemon"), "the reload")
        with box.twin() as twin:
            twin.send_car("lane-1", "京A12345")
        box.wait_for(lambda: box.rows("select 1 from passes where ending = 'passed'"), "the pass")
        assert [row["reason"] for row in box.rows("select reason from passes")] == ["allow_list"]
        assert box.children("daemon", "gateway.eyes") == [eyes]


def test_a_helper_of_the_lanes_that_fails_is_told_and_the_lanes_go_on(tmp_path, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "no number")
    with a_box(tmp_path, **NO_CARS) as box:
        box.configure().start_twin()
        box.start_daemon()
        box.wait_for(
            lambda: box.log("daemon").count("watchdog: stopped by an error") > 1, "two failures"
        )
        with box.twin() as twin:
            twin.press("lane-1")
        box.wait_for(lambda: box.journal("boom_up"), "the boom to be up")


@pytest.mark.skipif(not PLATES.is_dir(), reason="the folder of real plates is not here")
@NEEDS_MOSQUITTO
def test_a_lane_that_looks_at_photos_stores_passes_with_their_plates(tmp_path):
    rows = csv.DictReader((PLATES / "manifest.csv").open(encoding="utf-8"))
    scenes = [row for row in rows if row["kind"] == "scenes" and row["plate_type"] == "blue"][:3]
    photos = tmp_path / "photos"
    photos.mkdir()
    for scene in scenes:
        shutil.copy(PLATES / scene["file"], photos)
    with a_box(tmp_path, mean_gap_s=1, max_cars=4, turn_back_share=0.0) as box:
        started(box, {"driver": "folder", "folder": str(photos), "every_s": 3, "fps": 5})
        box.wait_for(lambda: len(box.journal("passed")) >= 3, "three cars", 90)
        box.wait_for(box.all_received, "their passes")
        read = {row["plate"] for row in box.rows("select plate from passes")} - {None}
        assert read
        assert read <= {scene["label"] for scene in scenes}
        pictures = list((tmp_path / "data" / "evidence").rglob("*.jpg"))
        assert pictures

        shown = json.loads(lanegate("passes", str(box.config), "--json").stdout)
        assert {row["plate"] for row in shown} - {None} == read
        assert "pass_id" in lanegate("passes", str(box.config), "--csv").stdout.splitlines()[0]
        _each_picture_that_was_asked_for_arrives(box)


def _each_picture_that_was_asked_for_arrives(box: Box) -> None:
    """The receiver asks once a minute: an order of ours stands for its own."""
    told = [json.loads(row["body"]) for row in box.rows("select body from record", box.received)]
    named = {name for body in told for name in body.get("evidence", [])}
    assert named
    want = json.dumps({"do": "want", "pictures": sorted(named)})
    topic = "lanegate/1/test-box/dn/ctl"
    mqtt_publish.single(topic, want, qos=1, hostname="127.0.0.1", port=box.port)
    box.wait_for(lambda: named <= {file.stem for file in box.pictures.rglob("*.jpg")}, "pictures")
    for name in named:
        (file,) = box.pictures.rglob(f"{name}.jpg")
        assert hashlib.sha256(file.read_bytes()).hexdigest() == name


def test_a_second_daemon_on_the_same_folder_is_refused(tmp_path):
    with a_box(tmp_path, **NO_CARS) as box:
        box.configure().start_twin()
        box.start_daemon()
        box.wait_for(lambda: "starting -> idle" in box.log("daemon"), "the first poll")
        done = lanegate("run", str(box.config))
        assert done.returncode == 1
        assert "another lanegate" in done.stderr
        assert box.processes["daemon"].poll() is None


def test_passes_of_a_box_that_never_ran_are_told_as_a_sentence(tmp_path):
    box = Box(tmp_path, 1, {}).configure()
    done = lanegate("passes", str(box.config))
    assert done.returncode == 1
    assert "lanegate.db" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_time_that_is_none_is_a_usage_error(tmp_path):
    done = lanegate("passes", str(tmp_path), "--since", "yesterday")
    assert done.returncode == 2


def test_a_daemon_with_a_bad_configuration_does_not_start_and_says_why(tmp_path):
    path = tmp_path / "lanegate.yaml"
    path.write_text(yaml.safe_dump({"gateway": "box", "lanes": [a_lane("entry-1", 1, None)]}))
    done = lanegate("run", str(path))
    assert done.returncode == 1
    assert "line-1" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_data_folder_that_cannot_be_written_is_told_as_a_sentence(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    box = Box(tmp_path, 1, {}).configure(data=str(tmp_path / "file" / "data"))
    done = lanegate("run", str(box.config))
    assert done.returncode == 1
    assert str(tmp_path / "file") in done.stderr
    assert "Traceback" not in done.stderr


def test_a_daemon_that_comes_second_does_not_touch_the_database(tmp_path):
    box = Box(tmp_path, 1, {}).configure()
    box.database.parent.mkdir()
    with (box.database.parent / "lanegate.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = lanegate("run", str(box.config))
    assert "another lanegate" in done.stderr
    assert not box.database.exists()


def test_a_data_folder_that_cannot_be_locked_is_told_as_a_sentence(tmp_path):
    (tmp_path / "data" / "lanegate.lock").mkdir(parents=True)
    done = lanegate("run", str(Box(tmp_path, 1, {}).configure().config))
    assert done.returncode == 1
    assert f"{tmp_path / 'data'}: the data folder cannot be made or locked" in done.stderr
    assert "another lanegate" not in done.stderr
    assert "Traceback" not in done.stderr
