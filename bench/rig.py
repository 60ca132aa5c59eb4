"""What several measurements need: a twin in its own process, and the wire's bytes with times."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from drivers.twins.scene import TwinClient

SLAVE = 1
WRITE_COIL = 5
FRAME_BYTES = 8


@contextlib.contextmanager
def twin(folder: Path, baud: int) -> Iterator[TwinClient]:
    """One lane without traffic on a line of this speed."""
    spec = {
        "name": "bench",
        "baud": baud,
        "lanes": [{"name": "entry-1", "slave": SLAVE, "traffic": {"max_cars": 0}}],
        "socket": str(folder / "twin.sock"),
        "port": str(folder / "tty"),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "drivers.twins"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None  # noqa: S101 -- both are pipes
        assert process.stdout is not None  # noqa: S101
        process.stdin.write(json.dumps(spec) + "\n")
        process.stdin.flush()
        process.stdout.readline()
        with TwinClient(folder / "twin.sock", timeout_s=10) as client:
            try:
                yield client
            finally:
                client.quit()


def configuration(folder: Path, baud: int, *, camera: bool = True) -> Path:
    """A lane's configuration on the twin's line, written into `folder`."""
    wired = {"bus": "line-1", "slave": SLAVE}
    inputs = {
        "up_limit": {"channel": 1, "active": "closed"},
        "down_limit": {"channel": 2, "active": "closed"},
        "arming_loop": {"channel": 3, "active": "closed"},
        "closing_loop": {"channel": 4, "active": "open"},
        "open_button": {"channel": 7, "active": "closed"},
    }
    lane: dict[str, Any] = {
        "name": "entry-1",
        "direction": "entry",
        "barrier": wired
        | {"profile": "barrier/waveshare-relay-d-8ch", "open_output": 1, "close_output": 2},
        "inputs": wired | inputs | {"profile": "inputs/waveshare-relay-d-8ch"},
    }
    if camera:
        lane["camera"] = {"driver": "simulated", "twin": str(folder / "twin.sock")}
    bus = {"driver": "modbus_rtu", "port": str(folder / "tty"), "baud": baud}
    document = {
        "gateway": "bench",
        "data": str(folder / "data"),
        "buses": {"line-1": bus},
        "lanes": [lane],
    }
    path = folder / "lanegate.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def wire(client: TwinClient, since: float) -> list[tuple[float, str, int]]:
    """(monotonic seconds of the byte's end, "master" or "slave", byte) after `since`."""
    answer = client.ask(get="wire", since=since)
    return [(at, who, int(text, 16)) for at, who, text in answer["bytes"]]


def first_order(
    client: TwinClient, since: float, give_up_s: float = 10.0
) -> tuple[float, float] | None:
    """When the first and the last byte of the first FC05 frame had gone over the wire."""
    end = time.monotonic() + give_up_s
    while time.monotonic() < end:
        sent = [(at, byte) for at, who, byte in wire(client, since) if who == "master"]
        for start in range(len(sent) - FRAME_BYTES + 1):
            if (sent[start][1], sent[start + 1][1]) == (SLAVE, WRITE_COIL):
                return sent[start][0], sent[start + FRAME_BYTES - 1][0]
        time.sleep(0.005)
    return None
