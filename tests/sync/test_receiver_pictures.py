"""Pictures at the receiver: kept under the name that their content has, asked for, told."""

import hashlib
import os
import stat
from datetime import UTC, datetime

import pytest

from gateway.store import outbox
from gateway.sync import messages, protocol
from gateway.sync.cloud.pictures import Asking, PictureFolder
from gateway.sync.cloud.postgresql import open_postgresql
from gateway.sync.protocol import Have, Want, canonical
from gateway.sync.session import Manner
from tests.sync.paper import GW, PaperGateway, PaperReceiver, heal

CONTENT = b"\xff\xd8 a picture"
NAME = hashlib.sha256(CONTENT).hexdigest()
ANOTHER, THIRD = "ab" * 32, "cd" * 32
SNAP = protocol.up(GW, f"snap/{NAME}")


@pytest.fixture(params=["sqlite", "postgresql"])
def new_receiver(request, tmp_path):
    opened = []

    def new(asking=Asking.NONE) -> PaperReceiver:
        manner = Manner(pictures=PictureFolder(tmp_path / "pictures"), asking=asking)
        if request.param == "sqlite":
            return PaperReceiver(manner=manner)
        opened.append(open_postgresql(request.getfixturevalue("postgres").new_database()))
        return PaperReceiver(opened[-1], manner)

    yield new
    for db in opened:
        db.close()


def told(receiver):
    return [messages.decode_ctl(payload) for topic, payload in receiver.link.sent if "ctl" in topic]


def row(receiver, name=NAME):
    sql = "select bytes, gone, received_at is not null from picture where gw = ? and name = ?"
    return receiver.session._db.execute(sql, (GW, name)).fetchone()


def test_a_picture_is_kept_under_its_name_and_then_told(new_receiver, tmp_path):
    receiver = new_receiver()
    receiver.hear(SNAP, CONTENT)
    receiver.hear(SNAP, CONTENT)
    path = tmp_path / "pictures" / NAME[:2] / f"{NAME}.jpg"
    assert path.read_bytes() == CONTENT
    assert path.stat().st_mode & 0o777 == 0o640
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert told(receiver) == [Have((NAME,))] * 2
    assert row(receiver) == (len(CONTENT), 0, True)


def test_a_picture_that_is_not_what_its_name_says_is_counted_and_not_kept(new_receiver, tmp_path):
    receiver = new_receiver()
    receiver.hear(SNAP, CONTENT + b"!")
    assert told(receiver) == []
    assert receiver.link.settled == 1
    assert receiver.counted == {"picture_damaged": 1}
    assert not (tmp_path / "pictures").exists()


def test_a_picture_that_is_gone_is_noted_and_not_asked_for_again(new_receiver):
    receiver = new_receiver(Asking.CASES)
    gateway = PaperGateway()
    outbox.append(gateway.db, "case", canonical({"case_id": "c", "evidence": [NAME]}))
    heal(gateway, receiver)
    receiver.hear(SNAP, b"")
    receiver.session.ask_for_pictures()
    assert Have((NAME,)) in told(receiver)
    assert not any(isinstance(order, Want) for order in told(receiver))
    assert row(receiver) == (None, 1, False)


def test_without_a_folder_pictures_are_ignored():
    receiver = PaperReceiver()
    receiver.hear(SNAP, CONTENT)
    assert (receiver.link.sent, receiver.link.settled) == ([], 1)


def test_a_disk_that_takes_no_picture_costs_only_the_picture(tmp_path):
    (tmp_path / "pictures").write_text("a file stands in the folder's place")
    receiver = PaperReceiver(manner=Manner(pictures=PictureFolder(tmp_path / "pictures")))
    receiver.hear(SNAP, CONTENT)
    assert (receiver.link.sent, receiver.link.settled) == ([], 1)
    assert receiver.counted == {"picture_failed": 1}


def test_a_picture_is_told_only_when_file_and_folder_are_on_the_disk(tmp_path, monkeypatch):
    """By the order of what is asked of the system."""
    asked, fsync, replace = [], os.fsync, os.replace

    def noting_fsync(handle):
        asked.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    def noting_replace(*names):
        asked.append("rename")
        replace(*names)

    monkeypatch.setattr(os, "fsync", noting_fsync)
    monkeypatch.setattr(os, "replace", noting_replace)
    receiver = PaperReceiver(manner=Manner(pictures=PictureFolder(tmp_path)))
    link = receiver.link
    publish = link.publish
    link.publish = lambda *args, **more: (asked.append("have"), publish(*args, **more))
    receiver.hear(SNAP, CONTENT)
    assert asked == ["file", "rename", "folder", "folder", "have"]


def committed(*records) -> PaperGateway:
    gateway = PaperGateway()
    for kind, body in records:
        outbox.append(gateway.db, kind, canonical(body))
    return gateway


RECORDS = (
    ("case", {"case_id": "c", "evidence": [NAME, ANOTHER]}),
    ("raise", {"raise_id": "r", "cause": "unexplained", "evidence": [ANOTHER]}),
    ("raise", {"raise_id": "s", "cause": "pass", "evidence": ["ee" * 32]}),
    ("pass", {"pass_id": "p", "phase": "ended", "evidence": [THIRD]}),
    ("case", {"case_id": "d", "evidence": ["no name", 5]}),
)


@pytest.mark.parametrize(
    ("asking", "wanted"), [(Asking.CASES, {NAME, ANOTHER}), (Asking.ALL, {NAME, ANOTHER, THIRD})]
)
def test_what_is_wanted_is_asked_for_once_within_the_hour(new_receiver, asking, wanted):
    receiver = new_receiver(asking)
    heal(committed(*RECORDS), receiver)
    receiver.session.ask_for_pictures()
    receiver.session.ask_for_pictures()
    (want,) = [order for order in told(receiver) if isinstance(order, Want)]
    assert set(want.pictures) == wanted
    receiver.hear(SNAP, CONTENT)
    receiver.session._now = lambda: datetime(2026, 1, 1, 1, 1, tzinfo=UTC)
    receiver.session.ask_for_pictures()
    again = [order for order in told(receiver) if isinstance(order, Want)][1:]
    assert [set(order.pictures) for order in again] == [wanted - {NAME}]


def test_at_most_a_hundred_pictures_are_asked_for_in_one_message(new_receiver):
    receiver = new_receiver(Asking.CASES)
    names = [f"{number:064x}" for number in range(250)]
    cases = [
        ("case", {"case_id": str(at), "evidence": names[at : at + 50]}) for at in range(0, 250, 50)
    ]
    heal(committed(*cases), receiver)
    receiver.session.ask_for_pictures()
    wants = [order for order in told(receiver) if isinstance(order, Want)]
    assert [len(want.pictures) for want in wants] == [100, 100, 50]
    assert {name for want in wants for name in want.pictures} == set(names)
