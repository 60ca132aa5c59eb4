"""The time of day of one process, set while it runs. Its monotonic clock goes on as ever.

libfaketime (Debian: faketime) answers the process's own questions for the time of day. The
machine's clock stays as it is: setting that needs rights that tests do not have.
"""

from pathlib import Path

import pytest

LIBRARIES = ("/usr/lib", "/usr/local/lib")


class Clock:
    def __init__(self, folder: Path) -> None:
        found = [
            path
            for place in LIBRARIES
            for path in Path(place).glob("**/faketime/libfaketimeMT.so.1")
        ]
        if not found:
            pytest.skip("libfaketime is not installed (apt install faketime)")
        self._file = folder / "clock"
        self.env = {
            "LD_PRELOAD": str(found[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        self.shows("+0")

    def shows(self, what: str) -> None:
        """`+3600`, `-10y`, or `@1970-01-01 00:00:10`: from there on it runs."""
        new = self._file.with_suffix(".new")
        new.write_text(what)
        new.replace(self._file)
