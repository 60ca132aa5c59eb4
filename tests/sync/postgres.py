"""A PostgreSQL of the tests' own: one cluster for each test process, a database for each test."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SOON_S = 60


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else on_path and Path(on_path).parent


class Postgres:
    """Listens on a Unix socket only. `restart` and `stop` are as sudden as a power cut."""

    def __init__(self, folder: Path, binaries: Path, user: str | None) -> None:
        self.folder = folder
        self._binaries = binaries
        self._user = user
        self._number = 0

    def run(self, program: str, *words: str) -> None:
        command = [str(self._binaries / program), *words]
        done = subprocess.run(
            command,
            user=self._user,
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=SOON_S,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr.decode(errors='replace')}")

    def create(self) -> None:
        self.run(
            "initdb", *("-D", "data", "-A", "trust", "-U", "lanegate"),
            *("--no-sync", "-E", "UTF8", "--locale", "C"),
        )  # fmt: skip

    def start(self) -> None:
        options = f"-k {self.folder} -c listen_addresses='' -c shared_buffers=32MB"
        self.run("pg_ctl", "-D", "data", "-w", "-t", "50", "-l", "log", "-o", options, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-D", "data", "-w", "-m", "immediate", "stop")

    def url(self, name: str) -> str:
        return f"postgresql://lanegate@/{name}?host={self.folder}"

    def new_database(self) -> str:
        """The address of an empty one."""
        import psycopg

        self._number += 1
        name = f"test{self._number}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as db:
            db.execute(f"create database {name}")
        return self.url(name)


@contextmanager
def a_cluster() -> Iterator[Postgres]:
    """Skips the test where there is none to be had."""
    pytest.importorskip("psycopg", reason="psycopg is not installed (extra `postgresql`)")
    binaries = _binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed (apt install postgresql)")
    # PostgreSQL refuses to run as root.
    user = None
    if os.geteuid() == 0:
        known = {entry.pw_name for entry in pwd.getpwall()}
        user = next((name for name in ("postgres", "nobody") if name in known), None)
        if user is None:
            pytest.skip("there is no user to run PostgreSQL as")
    # Not pytest's own folder: that one is closed to other users, and too long for a socket.
    with tempfile.TemporaryDirectory(prefix="lg-pg-", dir="/tmp") as name:
        folder = Path(name)
        if user is not None:
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        cluster = Postgres(folder, binaries, user)
        cluster.create()
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
