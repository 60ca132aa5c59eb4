"""When a record was committed: the time of day, how far it is trusted, and the boot's own time."""

import secrets
import time
from datetime import UTC, datetime
from pathlib import Path

from gateway.store.records import utc_text
from gateway.sync.protocol import Moment

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class BoxClock:
    """`trusted`: None as long as nobody has looked. Set it from any thread."""

    def __init__(self, boot_id: Path = BOOT_ID) -> None:
        self.trusted: bool | None = None
        self._boot = _read(boot_id)

    def now(self) -> Moment:
        word = {None: "unknown", True: "ok", False: "untrusted"}[self.trusted]
        at = utc_text(datetime.now(UTC))
        return Moment(at, self._boot, word, int(time.monotonic() * 1000))


def _read(path: Path) -> str:
    """Where the kernel names no boot, each start of the program counts as one."""
    try:
        return path.read_text("ascii").strip().replace("-", "") or secrets.token_hex(16)
    except (OSError, UnicodeDecodeError):
        return secrets.token_hex(16)
