"""From exec to able to open: the daemon is started, and a guard presses the button.

    python -m bench.start [--json] [--runs N]

`able_to_open_s`: from the start of the process until the last byte of the order to open is on
the wire (19200 baud), median. The button is pressed once the daemon's first question to the
inputs was answered; the lane has a camera, whose process is still loading then. The very first
start on a box (`first_start_s`) makes the database, too. The reference is the start of Python
with an empty program.
"""

import argparse
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import rig
from drivers.twins.scene import TwinClient

BAUD = 19200
ANSWER_S = 0.02
PULSE_S = 0.7


def starts(count: int) -> list[tuple[float, float]]:
    """The daemon started again and again on the same folder, as after a power cut."""
    with tempfile.TemporaryDirectory(prefix="lanegate-bench-") as name:
        folder = Path(name)
        with rig.twin(folder, BAUD) as client:
            config = rig.configuration(folder, BAUD)
            return [one_start(config, client) for _ in range(count)]


def one_start(config: Path, client: TwinClient) -> tuple[float, float]:
    """Seconds until the first question to the inputs, and until the order to open is out."""
    started = time.monotonic()
    daemon = subprocess.Popen(
        [sys.executable, "-m", "gateway", "run", str(config)], stderr=subprocess.DEVNULL
    )
    try:
        while not (seen := rig.wire(client, started)):
            time.sleep(0.002)
        time.sleep(ANSWER_S)
        client.press("entry-1")
        order = rig.first_order(client, started)
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(15)
    if order is None:
        raise SystemExit("the daemon did not open within 10 s")
    time.sleep(PULSE_S)
    return seen[0][0] - started, order[1] - started


def python_start() -> float:
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.monotonic() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    first, *later = starts(arguments.runs + 1)
    python_s = statistics.median(python_start() for _ in range(arguments.runs))
    result = {
        "able_to_open_s": round(statistics.median(opened for _, opened in later), 3),
        "worst_s": round(max(opened for _, opened in later), 3),
        "first_start_s": round(first[1], 3),
        "first_poll_s": round(statistics.median(polled for polled, _ in later), 3),
        "python_s": round(python_s, 3),
    }
    result["ratio"] = round(result["able_to_open_s"] / result["python_s"], 1)
    if arguments.json:
        print(json.dumps(result))
        return
    table = Table("figure", "value", title="exec to able to open")
    for key, value in result.items():
        table.add_row(key, str(value))
    Console().print(table)


if __name__ == "__main__":
    main()
