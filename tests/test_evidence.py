"""Pictures held until a record names them, then kept on disk."""

import asyncio
import errno
import hashlib
import shutil
import subprocess
import sys
import threading

import pytest

from gateway.evidence import HELD, Evidence
from gateway.evidence import cabinet as cabinet_module
from gateway.evidence.evidence import DAY_S, MOST_UNWRITTEN
from gateway.evidence.files import Files
from gateway.worth import Worth

ONE = "1" * 64


def a_picture(number: int, size: int = 1000) -> tuple[str, bytes]:
    jpeg = number.to_bytes(4, "big") * (size // 4)
    return hashlib.sha256(jpeg).hexdigest(), jpeg


def kept(evidence: Evidence, number: int, worth: Worth = Worth.PASS, size: int = 1000) -> str:
    name, jpeg = a_picture(number, size)
    evidence.hold(name, jpeg)
    evidence.keep([name], worth)
    return name


def played(story, folder, quota_mb=1, **more):
    """Run `story(evidence)` with pictures in `folder`, and end it well."""

    async def play():
        evidence = Evidence(folder, quota_mb, **more)
        try:
            return await story(evidence)
        finally:
            await evidence.close()

    return asyncio.run(play())


def on_disk(folder) -> set[str]:
    return {path.stem for path in folder.rglob("*.jpg")}


async def names_waiting(evidence: Evidence) -> list[str]:
    return [one.name for one in await evidence.waiting(100, everything=True)]


# --- held, then kept ---------------------------------------------------------------------


def test_a_picture_is_not_held_under_a_name_that_would_be_a_path(tmp_path):
    async def story(evidence):
        with pytest.raises(ValueError, match="SHA-256"):
            evidence.hold("../../secret", b"jpeg")

    played(story, tmp_path)


def test_pictures_of_doubts_do_not_drive_out_those_of_plates_and_can_be_kept_too(tmp_path):
    async def story(evidence):
        evidence.hold(ONE, b"sure")
        for number in range(HELD + 1):
            evidence.hold(f"{number:064x}", b"doubt", in_doubt=True)
        evidence.keep([ONE, f"{0:064x}", f"{HELD:064x}"])

    played(story, tmp_path)
    assert on_disk(tmp_path) == {ONE, f"{HELD:064x}"}


def test_a_picture_is_a_whole_file_that_only_the_group_may_read(tmp_path):
    async def story(evidence):
        name = kept(evidence, 1)
        assert await evidence.read(name) == a_picture(1)[1]
        return evidence.path(name)

    path = played(story, tmp_path / "evidence")
    assert path.parent.name == path.stem[:2]
    assert path.stat().st_mode & 0o777 == 0o640
    assert not list(tmp_path.rglob("*.part"))


# --- room --------------------------------------------------------------------------------


def test_the_oldest_goes_when_the_quota_is_reached(tmp_path):
    async def story(evidence):
        names = [kept(evidence, number, size=100_000) for number in range(30)]
        assert (await evidence.figures()).crowded_out == 20
        return names

    names = played(story, tmp_path)
    assert on_disk(tmp_path) == set(names[-10:])


def test_what_the_cloud_has_goes_before_what_it_has_not_and_cases_go_last(tmp_path):
    async def story(evidence):
        case = kept(evidence, 0, Worth.CASE, size=250_000)
        doubt = kept(evidence, 1, Worth.DOUBT, size=250_000)
        waits, sent = (kept(evidence, number, size=250_000) for number in (2, 3))
        await evidence.have((sent, case, doubt))
        went = []
        for number in range(4, 8):
            before = on_disk(tmp_path)
            kept(evidence, number, Worth.CASE, size=250_000)
            await evidence.figures()
            went.append(before - on_disk(tmp_path))
        assert went == [{sent}, {waits}, {doubt}, {case}]

    played(story, tmp_path)


def test_a_picture_that_a_case_names_too_is_worth_a_case(tmp_path):
    async def story(evidence):
        first = kept(evidence, 1, size=400_000)
        kept(evidence, 2, size=400_000)
        evidence.keep([first], Worth.CASE)
        evidence.keep([first], Worth.PASS)
        kept(evidence, 3, size=400_000)
        await evidence.figures()
        assert first in on_disk(tmp_path)

    played(story, tmp_path)


def test_a_picture_goes_when_the_box_has_run_for_its_time_and_not_before(tmp_path):
    async def before(evidence):
        early = kept(evidence, 1)
        assert await evidence.tend(1.5 * DAY_S) == 0
        return early, kept(evidence, 2)

    async def after(evidence):
        assert await evidence.tend(0.4 * DAY_S) == 0
        assert await evidence.tend(0.2 * DAY_S) == 1

    early, late = played(before, tmp_path, keep_days=2)
    assert on_disk(tmp_path) == {early, late}
    played(after, tmp_path, keep_days=2)
    assert on_disk(tmp_path) == {late}


def test_nothing_goes_by_age_in_its_first_day_whatever_is_set(tmp_path):
    async def story(evidence):
        kept(evidence, 1)
        assert await evidence.tend(0.99 * DAY_S) == 0
        assert await evidence.tend(0.02 * DAY_S) == 1

    played(story, tmp_path, keep_days=0)


# --- what the cloud wants and has --------------------------------------------------------


def test_orders_are_kept_over_a_restart_and_what_was_sent_is_not_sent_again(tmp_path):
    async def before(evidence):
        names = [kept(evidence, number) for number in range(5)]
        assert await evidence.want((names[3], ONE)) == (ONE,)
        assert await evidence.want((names[1], names[3])) == ()
        await evidence.have((names[0],))
        return names

    async def after(evidence):
        assert await names_waiting(evidence) == [names[3], names[1], names[2], names[4]]
        assert [one.name for one in await evidence.waiting(9, everything=False)] == [
            names[3],
            names[1],
        ]
        assert (await evidence.figures()).on_disk.unsent == 4
        assert await evidence.want((names[0],)) == (), "the cloud has lost it"
        assert (await evidence.figures()).on_disk.unsent == 5
        assert await names_waiting(evidence) == [names[place] for place in (3, 1, 0, 2, 4)]

    names = played(before, tmp_path)
    played(after, tmp_path)


def test_cases_are_offered_before_passes(tmp_path):
    async def story(evidence):
        worths = (Worth.PASS, Worth.CASE, Worth.DOUBT, Worth.CASE)
        names = [kept(evidence, number, worth) for number, worth in enumerate(worths)]
        assert await names_waiting(evidence) == [names[place] for place in (1, 3, 2, 0)]

    played(story, tmp_path)


def test_what_is_forgotten_is_nowhere_any_more(tmp_path):
    async def story(evidence):
        name, held = kept(evidence, 1), a_picture(2)
        evidence.hold(*held)
        assert await evidence.forget([name, held[0], ONE]) == 1
        evidence.keep([name, held[0]])
        assert await evidence.want((name,)) == (name,)

    played(story, tmp_path)
    assert on_disk(tmp_path) == set()


# --- damage ------------------------------------------------------------------------------


def test_a_damaged_picture_is_not_served_but_counted_and_removed(tmp_path):
    async def story(evidence):
        name = kept(evidence, 1)
        await evidence.figures()
        evidence.path(name).write_bytes(b"other")
        assert await evidence.read(name) == b""
        assert (await evidence.figures()).damaged == 1
        assert await evidence.want((name,)) == (name,)
        assert await evidence.read(name) == b"", "not there is gone too, and no damage"
        assert (await evidence.figures()).damaged == 1

    played(story, tmp_path)
    assert on_disk(tmp_path) == set()


def test_files_and_index_agree_again_after_a_crash(tmp_path):
    async def story(evidence):
        return [kept(evidence, number) for number in range(3)]

    async def after(evidence):
        await evidence.forget([])
        assert sorted(await names_waiting(evidence)) == sorted([names[0], names[2], lone[0]])
        assert (await evidence.figures()).on_disk.bytes == 3000

    names, lone = played(story, tmp_path), a_picture(9)
    (tmp_path / names[1][:2] / f"{names[1]}.jpg").unlink()
    (tmp_path / names[0][:2] / "half.part").write_bytes(b"half")
    Files(tmp_path).write(*lone)
    (tmp_path / "aa").mkdir(exist_ok=True)
    (tmp_path / "aa" / "notes.jpg").write_bytes(b"not ours")
    played(after, tmp_path)
    assert not list(tmp_path.rglob("*.part"))


def test_pictures_that_somebody_deleted_are_noticed_within_an_hour(tmp_path):
    async def story(evidence):
        names = [kept(evidence, number) for number in range(3)]
        await evidence.figures()
        evidence.path(names[1]).unlink()
        await evidence.tend(3500.0)
        assert (await evidence.figures()).on_disk.pictures == 3
        await evidence.tend(100.0)
        assert (await evidence.figures()).on_disk.bytes == 2000

    played(story, tmp_path)


@pytest.mark.parametrize("damage", ["gone", "garbage", "half", "form"])
def test_a_lost_or_damaged_index_is_made_again_from_the_files(tmp_path, damage):
    async def story(evidence):
        names = set()
        for number in range(200):
            names.add(kept(evidence, number))
            await evidence.read(ONE)
        return names

    async def after(evidence):
        new = kept(evidence, 999)
        figures = await evidence.figures()
        assert (figures.trouble, figures.unkept) == ("", 0)
        assert figures.on_disk.pictures == 201
        assert await evidence.want((new, *names)) == ()

    names, index = played(story, tmp_path), tmp_path / "index.db"
    match damage:
        case "gone":
            index.unlink()
        case "garbage":
            index.write_bytes(b"no database at all" * 100)
        case "half":
            data = index.read_bytes()
            index.write_bytes(data[:4096] + bytes(len(data) - 4096))
        case "form":
            data = bytearray(index.read_bytes())
            data[60:64] = (77).to_bytes(4, "big")
            index.write_bytes(data)
    played(after, tmp_path)
    assert on_disk(tmp_path) == names | {a_picture(999)[0]}


def test_what_was_only_found_takes_the_worth_that_it_is_named_for(tmp_path):
    async def story(evidence):
        await evidence.figures()
        for number in range(3):
            evidence.keep([a_picture(number, 300_000)[0]], (Worth.CASE, Worth.PASS)[number % 2])
        kept(evidence, 7, size=300_000)

    for number in range(3):
        Files(tmp_path).write(*a_picture(number, 300_000))
    played(story, tmp_path)
    assert on_disk(tmp_path) == {a_picture(number, 300_000)[0] for number in (0, 2, 7)}


# --- a disk that fails -------------------------------------------------------------------


class FailingFiles(Files):
    """A disk that says what `error` is, while there is one."""

    error: int = 0

    def write(self, name, jpeg):
        if self.error:
            raise OSError(self.error, "No space left on device", str(self.path(name)))
        super().write(name, jpeg)


def test_a_full_disk_costs_pictures_and_is_told_once_and_once_more_when_it_is_over(tmp_path):
    told = []

    async def story(evidence):
        async def tell(trouble):
            told.append(trouble)

        async def hears(count):
            async with asyncio.timeout(20):
                while len(told) < count:
                    await asyncio.sleep(0.05)

        running = asyncio.create_task(evidence.run(tell))
        await hears(1)
        evidence._files.error = errno.ENOSPC
        for number in range(3):
            kept(evidence, number)
        await hears(2)
        assert (await evidence.figures()).unkept == 3
        evidence._files.error = 0
        kept(evidence, 4)
        await hears(3)
        running.cancel()

    played(story, tmp_path, files=FailingFiles)
    assert "No space left on device" in told[1]
    assert told[::2] == ["", ""]
    assert on_disk(tmp_path) == {a_picture(4)[0]}


def test_a_picture_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    blocked = tmp_path / a_picture(1)[0][:2]
    blocked.write_text("a file where the folder should be")

    async def story(evidence):
        name = kept(evidence, 1)
        assert (await evidence.figures()).unkept == 1
        assert await evidence.want((name,)) == (name,)
        assert "look at the disk" in evidence.trouble

    played(story, tmp_path)


def test_an_index_that_cannot_be_opened_costs_pictures_until_it_can(tmp_path, monkeypatch):
    monkeypatch.setattr(cabinet_module, "REOPEN_S", 0.0)
    (tmp_path / "index.db").mkdir()

    async def story(evidence):
        kept(evidence, 1)
        figures = await evidence.figures()
        assert figures.unkept == 1
        assert "index.db" in figures.trouble
        assert await evidence.read(a_picture(1)[0]) is None, "who cannot look does not say: gone"
        assert await evidence.want((ONE,)) == ()
        (tmp_path / "index.db").rmdir()
        kept(evidence, 2)
        assert (await evidence.figures()).trouble == ""

    played(story, tmp_path)
    assert on_disk(tmp_path) == {a_picture(2)[0]}


class HangingFiles(Files):
    def __init__(self, folder):
        super().__init__(folder)
        self.go_on = threading.Event()

    def write(self, name, jpeg):
        assert self.go_on.wait(30)
        super().write(name, jpeg)


def test_a_disk_that_hangs_holds_up_nobody_and_memory_is_bounded(tmp_path):
    async def story(evidence):
        names = [kept(evidence, number) for number in range(MOST_UNWRITTEN + 20)]
        assert on_disk(tmp_path) == set()
        evidence._files.go_on.set()
        assert (await evidence.figures()).unkept == 20
        assert on_disk(tmp_path) == set(names[:MOST_UNWRITTEN])
        last = kept(evidence, 999)
        assert await evidence.read(last)

    played(story, tmp_path, files=HangingFiles)


WRITE = """
import sys
from pathlib import Path
from gateway.evidence.files import Files
Files(Path(sys.argv[1])).write(sys.argv[2], b"jpeg")
"""


def test_a_picture_is_on_the_disk_before_it_has_its_name_and_its_name_too(tmp_path):
    strace = shutil.which("strace") or pytest.skip("strace is not installed (apt install strace)")
    trace = tmp_path / "trace"
    calls = "fsync,rename,renameat,renameat2"
    order = [strace, "-f", "-y", "-qq", "-o", str(trace), "-e", f"trace={calls}"]
    done = subprocess.run([*order, sys.executable, "-c", WRITE, str(tmp_path), ONE], check=False)
    if done.returncode:
        pytest.skip("strace may not trace here")
    told = [line.split(None, 1)[1] for line in trace.read_text().splitlines()]
    made = next(place for place, line in enumerate(told) if f"{ONE}.part>" in line)
    named = next(place for place, line in enumerate(told) if line.startswith("rename"))
    assert told[made].startswith("fsync")
    assert made < named
    assert f"{tmp_path}/11>" in told[-1]
    assert told[-1].startswith("fsync")
    assert len(told) - 1 > named
