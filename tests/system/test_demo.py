"""The demo as a stranger runs it: real daemon, embedded broker, receiver, simulated lanes."""

import json
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

pytest.importorskip("amqtt", reason="the extra `demo` is not installed")


def demo(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "gateway", "demo", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"TMPDIR": str(folder), "PATH": "/usr/bin:/bin"},
    )


@pytest.fixture
def short_folder():
    """A Unix socket's path has little room."""
    with tempfile.TemporaryDirectory(prefix="lg-") as name:
        yield Path(name)


def test_the_sum_at_the_end_balances_and_nothing_is_left_behind(short_folder):
    with demo(short_folder, "--seconds", "25", "--json") as running:
        out, errors = running.communicate(timeout=150)
    assert running.returncode == 0, errors
    tally = json.loads(out)
    assert tally["cars"] >= 1
    assert tally["stored"] == tally["received"] >= 1
    assert (tally["lost"], tally["duplicated"]) == (0, 0)
    assert list(short_folder.iterdir()) == []


def test_whoever_insists_ends_it_at_once(short_folder):
    with demo(short_folder) as running:
        assert running.stdout is not None
        running.stdout.readline()
        running.send_signal(signal.SIGINT)
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=30)
    assert running.returncode == 0
    assert list(short_folder.iterdir()) == []
