"""The truth: what really happened in the simulated lanes, for tests to compare records with."""

import json
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO


class Journal:
    """Counts by lane and, where a path is given, a line of JSON for each event.

    Each line has `at` (UTC), `mono` (seconds, the machine's monotonic clock), `lane`, `event`
    and the event's own facts. Lines are only ever appended.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._counts: dict[str, Counter[str]] = {}
        self._file: TextIO | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8", buffering=1)

    def record(self, lane: str, event: str, **facts: object) -> None:
        self._counts.setdefault(lane, Counter())[event] += 1
        if self._file is not None:
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            line = {"at": now, "mono": round(time.monotonic(), 3), "lane": lane, "event": event}
            self._file.write(json.dumps(line | facts, ensure_ascii=False) + "\n")

    def count(self, lane: str, event: str) -> int:
        return self._counts.get(lane, Counter())[event]

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
