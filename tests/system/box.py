"""A whole box for system tests: real daemon, real Mosquitto, receiver, and a lane's twin.

Each part is a process of its own, so that each can be killed and started again by itself.
"""

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from drivers.twins.scene import TwinClient

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
NEEDS_MOSQUITTO = pytest.mark.skipif(
    MOSQUITTO is None, reason="Mosquitto is not installed: apt-get install mosquitto"
)
BAUD = 115200


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


def a_lane(name: str, slave: int, camera: dict[str, Any] | None) -> dict[str, Any]:
    lane = {
        "name": name,
        "direction": "entry",
        "barrier": {
            "profile": "barrier/waveshare-relay-d-8ch",
            "bus": "line-1",
            "slave": slave,
            "open_output": 1,
            "close_output": 2,
        },
        "inputs": {
            "profile": "inputs/waveshare-relay-d-8ch",
            "bus": "line-1",
            "slave": slave,
            "up_limit": {"channel": 1, "active": "closed"},
            "down_limit": {"channel": 2, "active": "closed"},
            "arming_loop": {"channel": 3, "active": "closed"},
            "closing_loop": {"channel": 4, "active": "open"},
            "open_button": {"channel": 7, "active": "closed"},
        },
        "timing": {"travel_s": 1.0, "no_passage_s": 6, "fresh_s": 0.3},
    }
    return lane | ({"camera": camera} if camera else {})


class Box:
    def __init__(self, folder: Path, lanes: int, traffic: dict[str, Any]) -> None:
        self.folder = folder
        self.port = self.daemons_port = free_port()
        self.names = [f"lane-{number}" for number in range(1, lanes + 1)]
        self.traffic = traffic
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.config = folder / "lanegate.yaml"

    # --- files

    @property
    def database(self) -> Path:
        return self.folder / "data" / "lanegate.db"

    @property
    def received(self) -> Path:
        return self.folder / "received.db"

    @property
    def pictures(self) -> Path:
        """Where the receiver keeps them."""
        return self.folder / "pictures"

    def configure(self, camera: dict[str, Any] | None = None, **more: Any) -> "Box":
        def seen_by(name: str) -> dict[str, Any]:
            twin = {"driver": "simulated", "twin": str(self.folder / "twin.sock"), "lane": name}
            return camera or twin | {"fps": 6}

        self.config.write_text(
            yaml.safe_dump(
                {
                    "gateway": "test-box",
                    "data": str(self.folder / "data"),
                    "cloud": {
                        "host": "127.0.0.1",
                        "port": self.daemons_port,
                        "reconnect_max_s": 1,
                    },
                    "access": {"unknown": "allow"},
                    "buses": {
                        "line-1": {
                            "driver": "modbus_rtu",
                            "port": str(self.folder / "tty"),
                            "baud": BAUD,
                        }
                    },
                    "lanes": [
                        a_lane(name, slave, seen_by(name))
                        for slave, name in enumerate(self.names, 1)
                    ],
                }
                | more
            )
        )
        return self

    # --- processes

    def start_twin(self) -> None:
        lanes = [
            {
                "name": name,
                "slave": slave,
                "boom_travel_s": 1.0,
                "traffic": self.traffic | {"seed": slave},
            }
            for slave, name in enumerate(self.names, 1)
        ]
        spec = {
            "name": "test",
            "baud": BAUD,
            "lanes": lanes,
            "socket": str(self.folder / "twin.sock"),
            "port": str(self.folder / "tty"),
            "journal": str(self.folder / "journal.jsonl"),
        }
        (self.folder / "twin.json").write_text(json.dumps(spec))
        self._start("twin", "drivers.twins", "--spec", str(self.folder / "twin.json"))
        self.wait_for((self.folder / "twin.sock").exists, "the twin's socket")

    def start_broker(self) -> None:
        config = self.folder / "mosquitto.conf"
        config.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\n")
        assert MOSQUITTO is not None
        self._spawn("broker", [MOSQUITTO, "-c", str(config)])

    def start_receiver(self) -> None:
        self._start(
            "receiver",
            "gateway",
            "receive",
            *("--broker", f"mqtt://127.0.0.1:{self.port}"),
            *("--db", f"sqlite://{self.received}"),
            *("--pictures", str(self.pictures), "--ask-pictures", "all"),
        )

    def start_daemon(self, **env: str) -> None:
        self._start("daemon", "gateway", "run", str(self.config), **env)

    def _start(self, name: str, module: str, *words: str, **env: str) -> None:
        self._spawn(name, [sys.executable, "-m", module, *words], **env)

    def _spawn(self, name: str, command: list[str], **env: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=os.environ | env,
            )

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        self.processes[name].send_signal(number)
        self.processes[name].wait(15)

    def kill_an_eye(self, dice: random.Random) -> None:
        eyes = self.children("daemon", "gateway.eyes")
        if eyes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(dice.choice(eyes), signal.SIGKILL)

    def children(self, name: str, word: str) -> list[int]:
        parent = self.processes[name].pid
        path = Path(f"/proc/{parent}/task/{parent}/children")
        found = [int(pid) for pid in path.read_text().split()] if path.exists() else []
        return [pid for pid in found if word in _command_line(pid)]

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text("utf-8", "replace")

    def close(self) -> None:
        for name in ("daemon", "receiver", "broker", "twin"):
            process = self.processes.get(name)
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(10)
                process.kill()

    # --- what is known

    @contextlib.contextmanager
    def twin(self) -> Iterator[TwinClient]:
        with TwinClient(self.folder / "twin.sock", timeout_s=5) as client:
            yield client

    def journal(self, *events: str) -> list[dict[str, Any]]:
        lines = (self.folder / "journal.jsonl").read_text("utf-8").splitlines()
        return [line for line in map(json.loads, lines) if line["event"] in events]

    def rows(self, question: str, path: Path | None = None) -> list[sqlite3.Row]:
        db = sqlite3.connect(f"file:{path or self.database}?mode=ro", uri=True)
        db.row_factory = sqlite3.Row
        try:
            return db.execute(question).fetchall()
        except sqlite3.OperationalError:
            return []
        finally:
            db.close()

    def endings(self, path: Path | None = None) -> dict[str, str | None]:
        table = "pass" if path else "passes"
        return {
            row["pass_id"]: row["ending"]
            for row in self.rows(f"select pass_id, ending from {table}", path)  # noqa: S608
        }

    def wait_for(self, done: Any, what: str, seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(OSError, sqlite3.OperationalError):
                if done():
                    return
            time.sleep(0.1)
        logs = "\n".join(f"--- {name}\n{self.log(name)[-3000:]}" for name in self.processes)
        pytest.fail(f"waited {seconds:g} s for {what}\n{logs}")

    def all_received(self) -> bool:
        stored = self.endings()
        return all(stored.values()) and self.endings(self.received) == stored


def _command_line(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace")
    return ""


@contextlib.contextmanager
def a_box(folder: Path, *, lanes: int = 1, **traffic: Any) -> Iterator[Box]:
    box = Box(folder, lanes, {"mean_gap_s": 1, "patience_s": 12} | traffic)
    try:
        yield box
    finally:
        box.close()
