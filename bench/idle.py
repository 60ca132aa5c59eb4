"""What a lane costs while nothing happens: processor and memory of its two processes.

    python -m bench.idle [--json] [--seconds N]

The daemon runs one lane on a twin's line at 19200 baud, polling 20 times a second, with the
rendered camera at 10 frames a second. `eyes` holds the camera, whose rendering a real camera
does not need, and the reader; `control` is everything else. The reference is the machine: one
core is 100 %.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import rig

BAUD = 19200
SETTLE_S = 6.0
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def measured(seconds: float) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="lanegate-bench-") as name:
        folder = Path(name)
        with rig.twin(folder, BAUD):
            config = rig.configuration(folder, BAUD)
            daemon = subprocess.Popen(
                [sys.executable, "-m", "gateway", "run", str(config)], stderr=subprocess.DEVNULL
            )
            try:
                time.sleep(SETTLE_S)
                children = Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children").read_text()
                pids = {"control": daemon.pid, "eyes": int(children.split()[0])}
                before = {part: cpu_s(pid) for part, pid in pids.items()}
                time.sleep(seconds)
                result: dict[str, float] = {}
                for part, pid in pids.items():
                    used = (cpu_s(pid) - before[part]) / seconds * 100
                    result[f"{part}_cpu_percent"] = round(used, 2)
                    result[f"{part}_mb"] = round(memory_mb(pid), 1)
                return result
            finally:
                daemon.send_signal(signal.SIGTERM)
                daemon.wait(15)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=30.0)
    arguments = parser.parse_args()
    result = measured(arguments.seconds)
    if arguments.json:
        print(json.dumps(result))
        return
    table = Table("figure", "value", title="an idle lane")
    for key, value in result.items():
        table.add_row(key, str(value))
    Console().print(table)


if __name__ == "__main__":
    main()
