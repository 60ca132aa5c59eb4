"""The child: one picture after the other through the lane's own path, a line for each.

    python -m bench.fuzz.child SEED FIRST LAST

The line before a picture names it, so that the parent knows what a crash was about.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.fuzz.pictures import Case, case
from drivers.reader.onnx_plates import Settings, connect
from gateway.lane.plates import Gate, judge
from gateway.lane.types import PlateCandidate
from gateway.pictures import decoded
from gateway.ports import DeviceError, Reader

_PEAK = Path("/proc/self/clear_refs")
REFUSED, NOTHING, READ = "refused", "nothing read", "read"


def main() -> None:
    with connect(Settings(driver="onnx_plates")) as reader:

        def run(seed: int, number: int) -> tuple[str, Callable[[], str]]:
            one = case(seed, number)
            return one.sort, lambda: _outcome(reader, one)

        serve(run)


def serve(cases: Callable[[int, int], tuple[str, Callable[[], str]]]) -> None:
    """`cases` makes one by seed and number: its sort, and what does it and tells the outcome."""
    seed, first, last = (int(word) for word in sys.argv[1:4])
    # Decoders complain on stderr about each file; what ends the process says so by its status.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    for number in range(first, last):
        print(json.dumps({"case": number}), flush=True)
        print(json.dumps(_tried(*cases(seed, number))), flush=True)


def _tried(sort: str, run: Callable[[], str]) -> dict[str, Any]:
    """What became of it, with the time and the memory that it took."""
    _PEAK.write_text("5", encoding="ascii")
    started = time.process_time()
    told: dict[str, Any] = {"sort": sort}
    try:
        told["outcome"] = run()
    except Exception as error:  # noqa: BLE001 -- any other exception is what is looked for
        told |= {"outcome": "exception", "why": f"{type(error).__name__}: {error}"[:300]}
    told["cpu_s"] = round(time.process_time() - started, 4)
    told["peak_mb"] = round(_peak_mb(), 1)
    return told


def _outcome(reader: Reader, one: Case) -> str:
    try:
        image = decoded(one.content) if one.is_file else one.content
        candidates = [reader.read_crop(image)] if one.crop else reader.read(image)
    except DeviceError:
        return REFUSED
    return _judged(candidates)


def _judged(candidates: Sequence[PlateCandidate]) -> str:
    verdicts = [type(judge(candidate, Gate())).__name__ for candidate in candidates]
    return READ if "PlateReading" in verdicts else NOTHING


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    main()
