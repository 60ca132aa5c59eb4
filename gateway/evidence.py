"""Pictures of passes: held in memory until a record names them, then kept on disk by content."""

import asyncio
import logging
import os
import re
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

log = logging.getLogger(__name__)

HELD = 64
SHA256 = re.compile(r"[0-9a-f]{64}")


class Evidence:
    """Each picture is a file `<folder>/<first two digits>/<sha256>.jpg`.

    Writing is off the event loop and never delays a pass; a full disk costs pictures, not
    passes. When `quota_mb` is exceeded, the oldest pictures go.
    """

    def __init__(self, folder: Path, quota_mb: int) -> None:
        self._folder = folder
        self._quota = quota_mb * 1024 * 1024
        self._held: OrderedDict[str, bytes] = OrderedDict()
        self._held_in_doubt: OrderedDict[str, bytes] = OrderedDict()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="evidence")
        self._size = -1

    def hold(self, name: str, jpeg: bytes, *, in_doubt: bool = False) -> None:
        """Until it is kept, or `HELD` of its sort came after it.

        Pictures of plates in doubt drive out no others. `name` becomes a path: raises
        `ValueError` where it is no SHA-256 in hex digits.
        """
        if not SHA256.fullmatch(name):
            raise ValueError(f"{name!r} is no picture's name: use the SHA-256 of its content")
        held = self._held_in_doubt if in_doubt else self._held
        held[name] = jpeg
        while len(held) > HELD:
            held.popitem(last=False)

    def keep(self, names: Iterable[str]) -> None:
        for name in names:
            in_doubt = self._held_in_doubt.pop(name, None)
            jpeg = self._held.pop(name, in_doubt)
            if jpeg is not None:
                self._thread.submit(self._write, name, jpeg)

    async def close(self) -> None:
        await asyncio.to_thread(self._thread.shutdown)

    def path(self, name: str) -> Path:
        return self._folder / name[:2] / f"{name}.jpg"

    def _write(self, name: str, jpeg: bytes) -> None:
        path = self.path(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            part.write_bytes(jpeg)
            part.replace(path)
            self._keep_quota(len(jpeg))
        except OSError as error:
            log.warning("picture %s not kept: %s", path, error)

    def _keep_quota(self, added: int) -> None:
        self._size = self._size + added if self._size >= 0 else self._measured()
        if self._size <= self._quota:
            return
        pictures = sorted(self._pictures(), key=lambda entry: entry.stat().st_mtime)
        self._size = sum(entry.stat().st_size for entry in pictures)
        for entry in pictures:
            if self._size <= self._quota * 0.9:
                break
            self._size -= entry.stat().st_size
            Path(entry.path).unlink(missing_ok=True)

    def _measured(self) -> int:
        return sum(entry.stat().st_size for entry in self._pictures())

    def _pictures(self) -> list[os.DirEntry[str]]:
        found: list[os.DirEntry[str]] = []
        for folder in self._folder.iterdir():
            if folder.is_dir():
                with os.scandir(folder) as entries:
                    found += [entry for entry in entries if entry.name.endswith(".jpg")]
        return found
