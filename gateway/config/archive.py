"""A box's configuration as one file, and back.

It holds the YAML files that `load` reads, and a manifest: the sum of each file, and where each
secret is kept. It holds no secret, no key and no certificate, no database and no picture: a box
that got an old database back would tell an old history as a new one.

What comes out of such a file may come from anybody: nothing of it is trusted.
"""

import gzip
import hashlib
import io
import json
import re
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from gateway import __version__
from gateway.config.document import Data, items, mapping
from gateway.config.files import gather
from gateway.config.profiles import Profiles

FORM = 1
MANIFEST = "manifest.json"
MOST_BYTES = 8 << 20
MOST_FILE_BYTES = 256 << 10
MOST_FILES = 1000
_PART = r"[^/\\.\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]*"
_NAME = re.compile(rf"{_PART}|lanes\.d/{_PART}\.yaml|profiles/{_PART}/{_PART}\.yaml")
_SECRET = re.compile(r"file:/.+|credential:[A-Za-z0-9_.-]+")
_CERTIFICATES = ("ca", "cert", "key")


class ArchiveError(Exception):
    """A file is no backup, or not as it was made: a sentence with the next step."""


class Reference(NamedTuple):
    """A file or a systemd credential that the setting `where` names; it is in no backup."""

    name: str
    where: str

    @property
    def path(self) -> Path | None:
        """None for a credential: only systemd knows where it is."""
        if self.name.startswith("credential:"):
            return None
        return Path(self.name.removeprefix("file:"))


@dataclass(frozen=True, slots=True)
class Archive:
    """`files` by their names beside `main`, which is the configuration file itself."""

    gateway: str
    version: str
    main: str
    files: Mapping[str, bytes]
    references: tuple[Reference, ...]


# --- out ---------------------------------------------------------------------------------


def collect(main: Path, gateway: str) -> Archive:
    """Of a configuration that `load` accepts. Raises `OSError`."""
    folder = main.parent
    found = [main, *folder.glob("lanes.d/[!.]*.yaml"), *folder.glob("profiles/*/*.yaml")]
    files = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(found)}
    data = gather(main, Profiles.beside(main)).data
    return Archive(gateway, __version__, main.name, files, tuple(_references(data)))


def _references(data: Data) -> Iterator[Reference]:
    for where, text in _texts(data, ()):
        if _SECRET.fullmatch(text):
            yield Reference(text, ".".join(where))
    tls = mapping(mapping(mapping(data).get("cloud")).get("tls"))
    for name in _CERTIFICATES:
        value = tls.get(name)
        if isinstance(value, str) and not _SECRET.fullmatch(value):
            yield Reference(value, f"cloud.tls.{name}")


def _texts(data: Data, where: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(data, str):
        yield where, data
    for key, value in mapping(data).items():
        yield from _texts(value, (*where, key))
    for number, value in enumerate(items(data)):
        yield from _texts(value, (*where, str(number)))


def packed(archive: Archive) -> bytes:
    """A `.tar.gz`; the same configuration gives the same bytes."""
    manifest = {
        "product": "lanegate",
        "form": FORM,
        "version": archive.version,
        "gateway": archive.gateway,
        "main": archive.main,
        "files": {name: _sum(content) for name, content in archive.files.items()},
        "references": [one._asdict() for one in archive.references],
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=2).encode()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in ((MANIFEST, text), *archive.files.items()):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(out.getvalue(), mtime=0)


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# --- in ----------------------------------------------------------------------------------


def unpacked(data: bytes) -> Archive:
    """What `packed` made. Raises `ArchiveError` for anything else, before a file is written."""
    contents = _members(_inflated(data))
    manifest = _manifest(contents.pop(MANIFEST, b""))
    sums = manifest["files"]
    if odd := sorted(sums.keys() ^ contents.keys()):
        raise ArchiveError(f"its manifest and its files differ in {odd[0]!r}: fetch it once more")
    for name, content in contents.items():
        if sums[name] != _sum(content):
            raise ArchiveError(f"{name!r} was changed or damaged: fetch the backup once more")
    if manifest["main"] not in contents:
        raise ArchiveError(f"it has no {manifest['main']!r}: it is not whole")
    if beside := [name for name in contents if "/" not in name and name != manifest["main"]]:
        raise ArchiveError(f"{beside[0]!r} has no place in a backup: do not use this file")
    references = tuple(
        Reference(str(one["name"]), str(one["where"])) for one in manifest["references"]
    )
    return Archive(manifest["gateway"], manifest["version"], manifest["main"], contents, references)


def _inflated(data: bytes) -> bytes:
    """Never more than `MOST_BYTES`, whatever the file claims to become."""
    try:
        with gzip.open(io.BytesIO(data)) as file:
            plain = file.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ArchiveError(f"it is no backup, or not whole ({error})") from error
    if len(plain) > MOST_BYTES:
        raise ArchiveError(
            f"it holds more than {MOST_BYTES >> 20} MiB: no backup of a configuration"
        )
    return plain


def _members(plain: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as tar:
            for member in tar:
                _check(member, found)
                file = tar.extractfile(member)
                found[member.name] = file.read() if file else b""
    except tarfile.TarError as error:
        raise ArchiveError(f"it is no backup, or not whole ({error})") from error
    return found


def _check(member: tarfile.TarInfo, found: Mapping[str, bytes]) -> None:
    name = member.name
    if not member.isreg() or not _NAME.fullmatch(name) or name in found:
        raise ArchiveError(f"{name[:80]!r} has no place in a backup: do not use this file")
    if member.size > MOST_FILE_BYTES or len(found) >= MOST_FILES:
        raise ArchiveError(f"{name[:80]!r} is too large, or one of too many: do not use this file")


def _manifest(text: bytes) -> dict[str, Any]:
    try:
        manifest = json.loads(text)
        form, references = manifest["form"], manifest["references"]
        texts = [manifest[name] for name in ("product", "version", "gateway", "main")]
        texts += [*manifest["files"], *manifest["files"].values()]
        texts += [one[name] for one in references for name in Reference._fields]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ArchiveError("its manifest cannot be read: it is no backup of a box") from error
    if not all(isinstance(text, str) for text in texts) or texts[0] != "lanegate":
        raise ArchiveError("its manifest cannot be read: it is no backup of a box")
    if form != FORM:
        raise ArchiveError(f"a newer lanegate made it (form {form}): install that version")
    checked: dict[str, Any] = manifest
    return checked
