"""A box's TLS files on this very machine: is anything wrong with them, and what."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from gateway.ports import DeviceError
from gateway.sync import certificates
from gateway.sync.credentials import key_path, open_key
from gateway.sync.settings import TlsSettings


class Trouble(NamedTuple):
    """`setting`: ca, cert or key."""

    setting: str
    words: str


def troubles(tls: TlsSettings, gateway: str, now: datetime) -> Iterator[Trouble]:
    """Everything that would keep the broker from taking this box, or lets others be it.

    What this user may not read is left out.
    """
    if tls.ca is not None and not _hidden(Path(tls.ca)):
        yield from _of_the_authority(Path(tls.ca), now)
    if tls.cert is None or tls.key is None:
        return
    cert, key = Path(tls.cert), key_path(tls.key)
    if not _hidden(cert):
        yield from _of_the_certificate(cert, gateway, now)
    if tls.key.startswith("credential:") or _hidden(key):
        return
    yield from _of_the_key(tls, cert, key)


def public_key_of(key: Path) -> bytes:
    """The public half of a private key's file, as `Certificate.key`. Raises `DeviceError`."""
    try:
        private = load_pem_private_key(key.read_bytes(), password=None)
    except OSError as error:
        raise DeviceError(
            f"{key}: {error.strerror}; `lanegate certificate request` makes a key"
        ) from error
    except TypeError as error:
        raise DeviceError(
            f"{key}: has a pass phrase, which nobody types at night: store the key without one"
        ) from error
    except ValueError as error:
        raise DeviceError(f"{key}: is no private key in PEM, or only a part of one") from error
    return private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _of_the_authority(ca: Path, now: datetime) -> Iterator[Trouble]:
    try:
        known = [certificates.described(one) for one in certificates.read_chain(ca)]
    except DeviceError as error:
        yield Trouble("ca", str(error))
        return
    if all(one.valid_until <= now for one in known):
        ends = max(one.valid_until for one in known)
        yield Trouble("ca", f"{ca}: the authority has expired on {ends:%Y-%m-%d}; get the new one")


def _of_the_certificate(cert: Path, gateway: str, now: datetime) -> Iterator[Trouble]:
    try:
        chain = certificates.read_chain(cert)
    except DeviceError as error:
        yield Trouble("cert", str(error))
        return
    own = certificates.described(chain[0])
    for words in (
        certificates.name_trouble(own, gateway),
        certificates.date_trouble(own, now),
        certificates.use_trouble(own),
        certificates.chain_trouble(chain),
    ):
        if words:
            yield Trouble("cert", f"{cert}: {words}")


def _of_the_key(tls: TlsSettings, cert: Path, key: Path) -> Iterator[Trouble]:
    if words := open_key(tls):
        yield Trouble("key", words)
    try:
        public = public_key_of(key)
    except DeviceError as error:
        yield Trouble("key", str(error))
        return
    try:
        own = certificates.read(cert)
    except DeviceError:
        return
    if own.key != public:
        yield Trouble("key", f"{key}: is not the key of {cert}; put the right one there")


def _hidden(path: Path) -> bool:
    """Whether this user may not look at it; one that is not there is not hidden."""
    try:
        with path.open("rb"):
            return False
    except PermissionError:
        return True
    except OSError:
        return False
