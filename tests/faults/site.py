"""Boxes, a bad way, a broker and a cloud: each a real process, each to be killed by itself."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.faults import judge
from tests.faults.proxy import FaultProxy
from tests.sync.brokers import Mosquitto

PATIENCE_S = float(os.environ.get("FAULTS_PATIENCE_S", "120"))
"""Generous: a machine may be busy. A hunt for mutants, which all run into it, sets less."""
LOOK_S = 0.1
GW = "north"
OPEN_TO_ALL = "allow_anonymous true\n"


def until(found: Callable[[], object], what: str, timeout_s: float = PATIENCE_S) -> None:
    give_up = time.monotonic() + timeout_s
    while not found():
        assert time.monotonic() < give_up, f"in {timeout_s:g} s it never came to this: {what}"
        time.sleep(LOOK_S)


def receive(port: int, db: Path) -> list[str]:
    """The words behind `lanegate` that start the cloud's side."""
    return ["receive", "--broker", f"mqtt://127.0.0.1:{port}", "--db", f"sqlite://{db}"]


class Part:
    """One process with a log file; it can be started again and again."""

    def __init__(self, log: Path, module: str, *words: object) -> None:
        self.words = words
        self._module = module
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *more: object, ready: str, env: dict[str, str] | None = None) -> None:
        """Returns once the log says `ready`."""
        before = self.log().count(ready)
        command = [sys.executable, "-m", self._module, *map(str, (*more, *self.words))]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=os.environ | (env or {})
            )
        until(lambda: self.log().count(ready) > before or self.ended, f"{ready} in {self._log}")
        assert not self.ended or "--die" in more, self.log()[-3000:]

    @property
    def ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self, number: signal.Signals = signal.SIGKILL) -> int:
        """How it ended; it must not have ended before."""
        assert self._process is not None
        self._process.send_signal(number)
        if self._process.stdin is not None:
            self._process.stdin.close()
        return self._process.wait(PATIENCE_S)

    def close(self) -> None:
        if not self.ended:
            self.send(signal.SIGCONT)
            self.kill()

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        self.send(signal.SIGSTOP)
        try:
            yield
        finally:
            self.send(signal.SIGCONT)

    def say(self, words: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(f"{words}\n".encode())
        self._process.stdin.flush()

    def log(self) -> str:
        return self._log.read_text("utf-8", "replace") if self._log.exists() else ""


class Box(Part):
    """A light gateway: see `tests.faults.gateway`."""

    def __init__(self, folder: Path, port: int, name: str = GW) -> None:
        folder.mkdir(exist_ok=True)
        self.db, self.journal = folder / "data" / "lanegate.db", folder / "journal.txt"
        where = ("--db", self.db, "--journal", self.journal, "--name", name, "--port", port)
        super().__init__(folder / "box.log", "tests.faults.gateway", *where)

    def up(self, rate: float = 0.0, *more: object, env: dict[str, str] | None = None) -> "Box":
        self.start(*more, "--rate", rate, ready="box: ready", env=env)
        return self

    def committed(self) -> list[str]:
        return self.journal.read_text().split() if self.journal.exists() else []

    def has_committed(self, count: int) -> None:
        until(lambda: len(self.committed()) >= count, f"{count} passes are committed")

    def goes_on(self, more: int = 5) -> None:
        """I7: whatever the cloud does, the books are kept."""
        self.has_committed(len(self.committed()) + more)

    def connections(self) -> int:
        return self.log().count("uplink: connected to")

    def image(self, to: Path) -> Path:
        """A backup of its file, as it is now, while it works."""
        _backup(self.db, to)
        return to

    def restore(self, image: Path) -> None:
        _replace(self.db, image)


class Cloud(Part):
    def __init__(self, folder: Path, port: int) -> None:
        self.db = folder / "received.db"
        super().__init__(folder / "cloud.log", "tests.faults.hurry", *receive(port, self.db))

    def up(self, *more: object) -> "Cloud":
        self.start(*more, ready="receiver: ready")
        return self

    def image(self, to: Path) -> Path:
        _backup(self.db, to)
        return to

    def restore(self, image: Path) -> None:
        _replace(self.db, image)


class Site:
    """One box behind a way that can be made bad, the broker, and the cloud behind it."""

    def __init__(self, folder: Path, broker: str = OPEN_TO_ALL) -> None:
        self.folder = folder
        self.broker = Mosquitto(folder, broker)
        self.way = FaultProxy(self.broker.port)
        self.cloud = Cloud(folder, self.broker.port)
        self.box = Box(folder / "box", self.way.port)
        self.twins: list[Box] = []

    def up(self, rate: float = 0.0, *more: object, cloud: bool = True) -> "Site":
        self.broker.start()
        if cloud:
            self.cloud.up()
        self.box.up(rate, *more)
        return self

    def close(self) -> None:
        for part in (self.box, *self.twins, self.cloud):
            part.close()
        self.broker.kill()
        self.way.close()

    def comes_to_rest(self, timeout_s: float = PATIENCE_S) -> None:
        """I5 and I1: what is committed by now arrives; and I2, I4."""
        for box in (self.box, *self.twins):
            committed = box.committed()
            until(
                lambda committed=committed: judge.all_here(self.cloud.db, committed),
                f"{len(committed)} committed passes have arrived",
                timeout_s,
            )
            judge.in_order(self.cloud.db, committed)
        judge.each_once(self.cloud.db)

    def ends_well(self, *, lossless: bool = True) -> None:
        """Traffic stops; then every outbox empties, and nothing is nowhere."""
        for box in (self.box, *self.twins):
            box.say("rate 0")
        self.comes_to_rest()
        for box in (self.box, *self.twins):
            until(lambda box=box: judge.unacked(box.db) == 0, "the outbox is empty")
            judge.done_is_stored(self.cloud.db, box.db)
        if lossless:
            judge.no_loss(self.cloud.db)


@contextlib.contextmanager
def a_site(folder: Path, broker: str = OPEN_TO_ALL) -> Iterator[Site]:
    site = Site(folder, broker)
    try:
        yield site
    finally:
        site.close()


def _backup(path: Path, to: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(path, timeout=30)) as db,
        contextlib.closing(sqlite3.connect(to)) as copy,
    ):
        db.backup(copy)


def _replace(path: Path, image: Path) -> None:
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()
    shutil.copy(image, path)
