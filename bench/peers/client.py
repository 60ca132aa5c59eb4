"""The asking end of `bench.peers.serve`."""

import json
import os
import select
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.peers.serve import THREADS

ROOT = Path(__file__).resolve().parents[2]
ANSWER_S, START_S = 600.0, 600.0


class PeerLost(Exception):  # noqa: N818 -- as PipeClosed: what happened, not a class of errors
    """A reader's process ended or fell silent: a sentence."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`failed`: what the reader raised; it counts as nothing read."""

    ms: float
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    failed: str = ""


class Client:
    """A reader's process. `about` is what it says of itself. `module` has its `load()`."""

    def __init__(self, name: str, module: str, python: Path) -> None:
        self.name = name
        self.memory_mb = 0.0
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 -- closed with the process
        self._process = subprocess.Popen(
            [str(python), "-m", "bench.peers.serve", module],
            cwd=ROOT,
            env=os.environ | dict.fromkeys(THREADS, "1") | {"ORT_DISABLE_TELEMETRY": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
            encoding="utf-8",
        )
        try:
            self.about: dict[str, Any] = self._line(START_S)
        except PeerLost:
            self._process.kill()
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def rows(self) -> Sequence[str]:
        rows: Sequence[str] = self.about["rows"]
        return rows

    def ask(self, file: Path, *, crop: bool) -> Answer:
        assert self._process.stdin is not None  # noqa: S101 -- it is a pipe
        question = json.dumps({"file": str(file.resolve()), "crop": crop})
        try:
            self._process.stdin.write(question + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise self._ended() from error
        return Answer(**self._line(ANSWER_S))

    def close(self) -> None:
        """Ends the process, which tells its peak memory as the last thing."""
        if self._process.poll() is None and self._process.stdin is not None:
            self._process.stdin.close()
            try:
                self.memory_mb = self._line(ANSWER_S)["memory_mb"]
            except PeerLost:
                self._process.kill()
        self._process.wait(ANSWER_S)
        self._complaints.close()

    def _line(self, patience_s: float) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101 -- it is a pipe
        ready, _, _ = select.select([self._process.stdout], [], [], patience_s)
        if not ready:
            raise PeerLost(f"{self.name}: no answer within {patience_s:.0f} s")
        line = self._process.stdout.readline()
        if not line:
            raise self._ended()
        told: dict[str, Any] = json.loads(line)
        return told

    def _ended(self) -> PeerLost:
        self._complaints.seek(0)
        said = self._complaints.read().decode(errors="replace").strip() or "it said nothing"
        return PeerLost(f"{self.name}: its process ended: {said.splitlines()[-1]}")
