"""A reader behind a pipe: a JSON line in, a JSON line out, a picture at a time.

    python -m bench.peers.serve MODULE

Says who it is first. {"file": PATH, "crop": BOOL} is answered with {"ms", "texts"}, or {"ms",
"failed"} where the reader raised; the picture is decoded before the clock starts. At the end of
the input it tells its peak memory. One thread, on one processor.
"""

import importlib
import json
import logging
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from bench.peers.kind import Peer

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_BLANK = (720, 1280, 3), (36, 136, 3)


def main() -> None:
    answers = _own_stdout()
    _on_one_core()
    logging.disable(logging.CRITICAL)
    peer: Peer = importlib.import_module(sys.argv[1]).load()
    _warm_up(peer)
    _say(answers, _about(peer))
    for line in sys.stdin:
        question = json.loads(line)
        _say(answers, _answer(peer, Path(question["file"]), crop=question["crop"]))
    _say(answers, {"memory_mb": round(_peak_mb(), 1)})


def _own_stdout() -> TextIO:
    """The pipe to the asker; what a library prints goes to stderr from here on."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _on_one_core() -> None:
    import cv2
    import onnxruntime as ort

    class OneThread(ort.SessionOptions):  # type: ignore[misc]  # onnxruntime has no types
        """For libraries that leave the number of threads to onnxruntime."""

        def __init__(self) -> None:
            super().__init__()
            self.intra_op_num_threads = 1
            self.inter_op_num_threads = 1

    ort.SessionOptions = OneThread
    cv2.setNumThreads(1)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def _warm_up(peer: Peer) -> None:
    import numpy as np

    scene, crop = (np.full(shape, 114, np.uint8) for shape in _BLANK)
    _timed(peer, scene, crop=False)
    _timed(peer, crop, crop=True)


def _about(peer: Peer) -> dict[str, Any]:
    about = peer.about
    return {
        "rows": about.rows,
        "version": about.version,
        "licence": about.licence,
        "how": about.how,
        "models_mb": round(sum(path.stat().st_size for path in about.models) / 1e6, 2),
    }


def _answer(peer: Peer, path: Path, *, crop: bool) -> dict[str, Any]:
    import cv2
    import numpy as np

    image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    return _timed(peer, image, crop=crop)


def _timed(peer: Peer, image: Any, *, crop: bool) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        told: dict[str, Any] = {"texts": peer.read_crop(image) if crop else peer.read(image)}
    except Exception as error:  # noqa: BLE001 -- whatever another's library raises is its result
        told = {"failed": f"{type(error).__name__}: {error}"}
    return {"ms": (time.perf_counter() - started) * 1000} | told


def _say(answers: TextIO, told: Mapping[str, Any]) -> None:
    answers.write(json.dumps(told, ensure_ascii=False) + "\n")
    answers.flush()


def _peak_mb() -> float:
    """`ru_maxrss` would count what the parent used before the exec, too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    main()
