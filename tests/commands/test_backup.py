"""`lanegate backup` and `lanegate restore`: a configuration there and back, and nothing else."""

import gzip
import io
import json
import shutil
import sqlite3
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.commands.backup import backup
from gateway.commands.restore import restore
from gateway.config import archive, load
from tests.storing import played

ROOT = Path(__file__).parents[2]
SECRET = "hunter2-of-the-camera"  # noqa: S105 -- to be looked for


def run(command, *words):
    return CliRunner().invoke(command, [str(word) for word in words])


@pytest.fixture
def site(tmp_path):
    """The example's box, a lane in a file of its own, profiles of its own, a secret, a database."""
    folder = tmp_path / "etc"
    folder.mkdir()
    text = (ROOT / "config" / "lanegate.example.yaml").read_text("utf-8")
    secret = tmp_path / "camera.secret"
    secret.write_text(SECRET)
    text = text.replace("/etc/lanegate/camera-entry-1.secret", str(secret))
    text = text.replace("tls: {}", f"tls: {{ca: {tmp_path / 'ca.pem'}}}")
    text = text.replace("/var/lib/lanegate", str(folder / "data"))
    (folder / "lanegate.yaml").write_text(text, "utf-8")
    shutil.copytree(ROOT / "config" / "lanes.d.example", folder / "lanes.d")
    shutil.copytree(ROOT / "config" / "profiles", folder / "profiles")
    (folder / "data").mkdir()
    played(folder / "data" / "lanegate.db", lambda store: store.counts())
    return folder


@pytest.fixture
def saved(site, tmp_path):
    out = tmp_path / "box.tar.gz"
    done = run(backup, site / "lanegate.yaml", "--output", out)
    assert done.exit_code == 0, done.output
    return out


def contents(folder):
    files = (path for path in folder.rglob("*") if path.suffix in (".yaml", ".json"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def members(saved):
    with tarfile.open(saved) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def remade(saved, change):
    """The backup with `change` done to its files, and sums that fit where nobody looks twice."""
    files = members(saved)
    change(files)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            member = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            data = b"" if isinstance(content, tarfile.TarInfo) else content
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    saved.write_bytes(gzip.compress(out.getvalue()))
    return saved


def with_manifest(change):
    def changed(files):
        manifest = json.loads(files["manifest.json"])
        change(manifest)
        files["manifest.json"] = json.dumps(manifest).encode()

    return changed


def added(name, content=b"a: b\n"):
    """A file that the manifest names, too."""

    def change(files):
        files[name] = content
        with_manifest(lambda m: m["files"].update({name: archive._sum(content)}))(files)

    return change


# --- there and back ----------------------------------------------------------------------


def test_what_is_restored_is_what_was_saved(site, saved, tmp_path):
    to = tmp_path / "new" / "etc"
    done = run(restore, saved, "--to", to)
    assert done.exit_code == 0, done.output
    assert contents(to) == contents(site)
    assert load(to / "lanegate.yaml") == load(site / "lanegate.yaml")
    assert "lanegate.yaml: ok; gateway lot-7-gate-1" in done.output


def test_a_backup_holds_no_secret_no_database_and_no_picture(site, saved):
    (site / "data" / "evidence").mkdir()
    names = members(saved)
    assert SECRET not in saved.read_bytes().decode("latin-1")
    assert not any(SECRET.encode() in content for content in names.values())
    assert {name.split("/")[0] for name in names} == {
        "manifest.json",
        "lanegate.yaml",
        "lanes.d",
        "profiles",
    }
    assert saved.stat().st_mode & 0o077 == 0


def test_the_manifest_names_what_is_not_in_it(saved, tmp_path):
    named = {
        one["where"]: one["name"]
        for one in json.loads(members(saved)["manifest.json"])["references"]
    }
    assert named["cloud.password"] == "credential:mqtt"
    assert named["lanes.0.camera.password"] == f"file:{tmp_path / 'camera.secret'}"
    assert named["cloud.tls.ca"] == str(tmp_path / "ca.pem")


def test_the_same_configuration_gives_the_same_bytes(site, saved, tmp_path):
    again = tmp_path / "again.tar.gz"
    assert run(backup, site / "lanegate.yaml", "--output", again).exit_code == 0
    assert again.read_bytes() == saved.read_bytes()


def test_restore_ends_with_what_is_still_missing(saved, tmp_path):
    done = run(restore, saved, "--to", tmp_path / "new")
    assert "Still missing" in done.output
    assert "credential:mqtt (cloud.password)" in done.output
    assert f"{tmp_path / 'ca.pem'} (cloud.tls.ca)" in done.output
    assert "camera.secret" not in done.output, "it is there"
    assert "new epoch" in done.output


def test_a_wrong_configuration_is_not_saved(site, tmp_path):
    (site / "lanegate.yaml").write_text("gateway: [\n")
    out = tmp_path / "box.tar.gz"
    assert run(backup, site / "lanegate.yaml", "--output", out).exit_code == 1
    assert not out.exists()


def test_a_result_that_is_not_right_is_told_and_ends_with_1(saved, tmp_path):
    def change(files):
        content = files["lanegate.yaml"].replace(b"direction: entry", b"direction: entrance")
        added("lanegate.yaml", content)(files)

    done = run(restore, remade(saved, change), "--to", tmp_path / "new")
    assert done.exit_code == 1
    assert "direction" in done.stderr


# --- what is there already ---------------------------------------------------------------


def test_nothing_is_overwritten_and_with_force_all_of_it_is_put_aside(site, saved):
    (site / "lanegate.yaml").write_text("gateway: changed\n")
    (site / "lanes.d" / "more.yaml").write_text("name: a-new-lane\n")
    before = contents(site)
    done = run(restore, saved, "--to", site)
    assert done.exit_code == 1
    assert "there already; --force" in done.output
    assert contents(site) == before
    done = run(restore, saved, "--to", site, "--force")
    assert done.exit_code == 0, done.output
    assert contents(site / "before-restore-1") == before
    assert not (site / "lanes.d" / "more.yaml").exists()
    assert str(site / "before-restore-1") in done.output


def test_each_restore_has_a_place_of_its_own_for_what_it_replaces(site, saved):
    for number in (1, 2):
        (site / "lanegate.yaml").write_text(f"gateway: box-{number}\n")
        assert run(restore, saved, "--to", site, "--force").exit_code == 0
    old = [(site / f"before-restore-{n}" / "lanegate.yaml").read_text() for n in (1, 2)]
    assert old == ["gateway: box-1\n", "gateway: box-2\n"]


def test_the_same_again_changes_nothing(site, saved):
    assert run(restore, saved, "--to", site).exit_code == 0
    assert not list(site.glob("before-restore-*"))
    assert not list(site.glob(".restoring-*"))


def test_a_backup_is_not_overwritten_unawares(site, saved):
    words = (site / "lanegate.yaml", "--output", saved)
    assert run(backup, *words).exit_code == 1
    assert run(backup, *words, "--force").exit_code == 0


# --- backups from strangers --------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../evil.yaml",
        "/etc/cron.d/evil",
        "lanes.d/../../evil.yaml",
        "profiles/barrier/../../../evil.yaml",
        "lanes.d/.hidden.yaml",
        ".bashrc",
        "lanes.d/sub/deep.yaml",
        "evidence/aa/aa.jpg",
        "data/lanegate.db",
        "lanes.d\\evil.yaml",
        "lanes.d/new\nline.yaml",
        "camera.secret",
    ],
)
def test_no_file_gets_out_of_its_place(saved, tmp_path, name):
    done = run(restore, remade(saved, added(name)), "--to", tmp_path / "a" / "b")
    assert done.exit_code == 1
    assert "has no place in a backup" in done.output
    assert not (tmp_path / "a").exists()
    assert not list(tmp_path.rglob("*evil*"))


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE]
)
def test_only_plain_files_are_taken(saved, tmp_path, kind):
    member = tarfile.TarInfo("lanes.d/link.yaml")
    member.type, member.linkname = kind, "/etc/passwd"
    done = run(
        restore, remade(saved, lambda files: files.update({"x": member})), "--to", tmp_path / "a"
    )
    assert done.exit_code == 1
    assert "has no place in a backup" in done.output


def test_a_name_that_comes_twice_is_refused(saved, tmp_path):
    content = members(saved)["lanegate.yaml"]
    with (
        gzip.open(saved) as file,
        tarfile.open(fileobj=(out := io.BytesIO(file.read())), mode="a") as t,
    ):
        member = tarfile.TarInfo("lanegate.yaml")
        member.size = len(content)
        t.addfile(member, io.BytesIO(content))
    saved.write_bytes(gzip.compress(out.getvalue()))
    done = run(restore, saved, "--to", tmp_path / "a")
    assert "has no place in a backup" in done.output


def test_a_changed_file_is_told_and_nothing_is_written(saved, tmp_path):
    def change(files):
        files["lanegate.yaml"] += b"# one line more\n"

    done = run(restore, remade(saved, change), "--to", tmp_path / "a")
    assert "was changed or damaged" in done.output
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda files: files.pop("lanegate.yaml"), "manifest and its files differ"),
        (lambda files: files.update({"lanes.d/z.yaml": b""}), "manifest and its files differ"),
        (lambda files: files.pop("manifest.json"), "manifest cannot be read"),
        (lambda files: files.update({"manifest.json": b"[]"}), "manifest cannot be read"),
        (lambda files: files.update({"manifest.json": b"[" * 99_999}), "manifest cannot be read"),
        (with_manifest(lambda m: m.update(product="x")), "manifest cannot be read"),
        (with_manifest(lambda m: m.update(main=7)), "manifest cannot be read"),
        (with_manifest(lambda m: m.update(form=2)), "a newer lanegate made it"),
        (with_manifest(lambda m: m.update(main="other.yaml")), "it has no 'other.yaml'"),
        (added("lanes.d/big.yaml", b"#" * 300_000), "is too large"),
    ],
)
def test_what_is_not_whole_is_not_begun(saved, tmp_path, change, told):
    done = run(restore, remade(saved, change), "--to", tmp_path / "a")
    assert done.exit_code == 1
    assert told in done.output
    assert not (tmp_path / "a").exists()


def test_a_file_that_is_no_backup_or_a_bomb_is_told(saved, tmp_path):
    whole = saved.read_bytes()
    for content in (b"", b"PK\x03\x04", whole[: len(whole) // 2], gzip.compress(b"x" * 100)):
        saved.write_bytes(content)
        done = run(restore, saved, "--to", tmp_path / "a")
        assert (done.exit_code, "it is no backup" in done.output) == (1, True)
    saved.write_bytes(gzip.compress(bytes(64 << 20)))
    assert "holds more than 8 MiB" in run(restore, saved, "--to", tmp_path / "a").output
    assert not (tmp_path / "a").exists()


def test_a_folder_that_cannot_be_written_is_a_sentence(saved, tmp_path):
    (tmp_path / "file").write_text("")
    done = run(restore, saved, "--to", tmp_path / "file" / "etc")
    assert done.exit_code == 1
    assert "nothing is lost" in done.output


def test_a_restored_box_starts_a_history_of_its_own(site, saved, tmp_path):
    old = site / "data" / "lanegate.db"
    to = tmp_path / "new"
    assert run(restore, saved, "--to", to).exit_code == 0
    assert not list(to.rglob("lanegate.db"))
    new = tmp_path / "fresh.db"
    played(new, lambda store: store.counts())

    def epoch(path):
        with sqlite3.connect(path) as db:
            return db.execute("select epoch from meta").fetchone()

    assert epoch(new) != epoch(old)
