"""A box's TLS files as they are in use: read, watched, replaced by new ones, and taken back.

    credentials = Credentials(settings.tls, "north-gate")
    loaded = credentials.for_dialling()     # the newest that can be used
    credentials.look(now)                   # are there new files?  each `LOOK_S`
    credentials.proved(loaded)              # the broker took it
    credentials.failed(loaded)              # it did not: the one before, where there is one

Any thread may call. New files are taken whole or not at all: while a pair is half written, or
is not this box's, the one in memory goes on.
"""

import logging
import os
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.ports import DeviceError
from gateway.sync.settings import TlsSettings
from gateway.sync.tls import client_context

if TYPE_CHECKING:
    from gateway.sync.certificates import Certificate

log = logging.getLogger(__name__)

Stamp = tuple[tuple[int, ...] | None, ...]
"""Changes whenever one of the files does."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """One set of files, as it was at one moment. `certificate` is None where there is none."""

    context: ssl.SSLContext
    certificate: "Certificate | None"
    stamp: Stamp


class Credentials:
    """`name`: whose certificate it must be; None: anybody's. `renewed` hears of a new set."""

    def __init__(self, tls: TlsSettings, name: str | None = None) -> None:
        self.tls = tls
        self.renewed: Callable[[], None] = lambda: None
        self._name = name
        self._lock = threading.Lock()
        self._now: Loaded | None = None
        self._before: Loaded | None = None
        self._refused: Stamp | None = None
        self._seen: Stamp | None = None

    @property
    def certificate(self) -> "Certificate | None":
        """The one in use; None where there is none, or none could be read yet."""
        loaded = self._now
        return loaded.certificate if loaded else None

    def for_dialling(self) -> Loaded:
        """Raises `DeviceError` where no files could ever be used."""
        with self._lock:
            if self._now is None:
                self._now = load(self.tls, self._name)
            elif self._is_news(stamp_of(self.tls)):
                self._take(None)
            return self._now

    def look(self, now: datetime | None) -> bool:
        """Take new files that have stood unchanged since the last look; whether it did so.

        `now`: the time, where it is to be trusted; new ones that are out of date then stay out.
        """
        with self._lock:
            stamp = stamp_of(self.tls)
            settled, self._seen = stamp == self._seen, stamp
            taken = settled and self._is_news(stamp) and self._take(now)
        if taken:
            self.renewed()
        return taken

    def proved(self, loaded: Loaded) -> bool:
        """A broker took these: the ones before are needed no more. False: there are newer ones."""
        with self._lock:
            if loaded is self._now:
                self._before = None
            return loaded is self._now

    def failed(self, loaded: Loaded) -> bool:
        """TLS came to nothing with these. True: the ones before are in use again."""
        with self._lock:
            if loaded is not self._now or self._before is None:
                # What was refused once may be right by now: the broker has changed, too.
                self._refused = None
                return False
            self._now, self._before, self._refused = self._before, None, loaded.stamp
            return True

    def _is_news(self, stamp: Stamp) -> bool:
        return self._now is not None and stamp not in {self._now.stamp, self._refused}

    def _take(self, now: datetime | None) -> bool:
        try:
            new = load(self.tls, self._name)
            _in_date(new, now)
        except DeviceError as error:
            self._refused = stamp_of(self.tls)
            log.warning("tls: new files are not taken, the old ones go on: %s", error)
            return False
        self._before, self._now = self._now, new
        return True


def load(tls: TlsSettings, name: str | None) -> Loaded:
    """Read the files. Raises `DeviceError` where they cannot be used, or are not `name`'s."""
    before = stamp_of(tls)
    certificate = _certificate_of(tls, name)
    try:
        context = client_context(tls.ca, tls.cert, _key_file(tls))
    except (OSError, ValueError) as error:
        raise DeviceError(_unusable(tls, error)) from error
    if stamp_of(tls) != before:
        raise DeviceError("TLS files: they change at this very moment; they are read again soon")
    if key := open_key(tls):
        log.warning("tls: %s", key)
    return Loaded(context, certificate, before)


def stamp_of(tls: TlsSettings) -> Stamp:
    return tuple(_stat(file) for file in (tls.ca, tls.cert, _key_file(tls)) if file)


def key_path(key: str) -> Path:
    """Where a key is: a path, or a systemd credential's name."""
    where, colon, name = key.partition(":")
    if colon and where == "credential":
        folder = os.environ.get("CREDENTIALS_DIRECTORY", "/run/credentials/lanegate.service")
        return Path(folder) / name
    return Path(name) if colon and where == "file" else Path(key)


def open_key(tls: TlsSettings) -> str:
    """What to do where others may read the key file; empty where they may not."""
    if tls.key is None or tls.key.startswith("credential:"):
        return ""
    path = key_path(tls.key)
    try:
        mode = path.stat().st_mode & 0o777
    except OSError:
        return ""
    if not mode & 0o077:
        return ""
    return f"{path}: others on this box may read this key (mode {mode:o}): chmod 600 {path}"


def _key_file(tls: TlsSettings) -> str | None:
    return None if tls.key is None else str(key_path(tls.key))


def _stat(file: str) -> tuple[int, ...] | None:
    try:
        found = Path(file).stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _certificate_of(tls: TlsSettings, name: str | None) -> "Certificate | None":
    if tls.cert is None:
        return None
    from gateway.sync import certificates

    certificate = certificates.read(Path(tls.cert))
    if name is not None and (trouble := certificates.name_trouble(certificate, name)):
        raise DeviceError(f"{tls.cert}: {trouble}")
    return certificate


def _in_date(loaded: Loaded, now: datetime | None) -> None:
    if loaded.certificate is None or now is None:
        return
    from gateway.sync import certificates

    if trouble := certificates.date_trouble(loaded.certificate, now):
        raise DeviceError(trouble)


def _unusable(tls: TlsSettings, error: Exception) -> str:
    if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
        return f"TLS files: {_key_file(tls)} is not the key of {tls.cert}: put the right one there"
    for file in (tls.ca, tls.cert, _key_file(tls)):
        if file and not os.access(file, os.R_OK):
            return f"TLS files: {file}: cannot be read; look at its name and its rights"
    files = ", ".join(file for file in (tls.ca, tls.cert, _key_file(tls)) if file)
    return f"TLS files {files}: {error}; each must be whole, in PEM, the key without a pass phrase"
