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


SOON_OUT = "19012"
"""A visitor and a card holder come at once, drive steadily, and want to leave some 10 s later."""


def test_a_driver_pays_and_the_sums_at_the_end_balance_and_nothing_is_left_behind(short_folder):
    with demo(short_folder, "--seconds", "12", "--seed", SOON_OUT, "--json") as running:
        out, errors = running.communicate(timeout=170)
    assert running.returncode == 0, errors
    tally = json.loads(out)
    assert tally["cars"] >= 1
    assert tally["stored"] == tally["received"] >= 1
    assert (tally["lost"], tally["duplicated"]) == (0, 0)
    assert tally["balanced"]
    assert tally["sessions_closed"] >= 1
    assert tally["payments"] >= tally["told_twice"] >= 1
    assert tally["paid_fen"] >= 50
    ways = ("paid_fen", "owed_fen", "discounted_fen")
    assert tally["charged_fen"] == sum(tally[name] for name in ways)
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
