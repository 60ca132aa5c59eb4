"""Key, certificate and request files: made, and put in their place whole or not at all."""

import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

SIGNING_KEYS = (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey, ed25519.Ed25519PrivateKey)
Signed = x509.Certificate | x509.CertificateSigningRequest | x509.CertificateRevocationList


def new_key() -> ec.EllipticCurvePrivateKey:
    """P-256: what every broker and every TLS library takes."""
    return ec.generate_private_key(ec.SECP256R1())


def key_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def request_for(key: bytes, name: str) -> bytes:
    """A certificate request with this name and key. `ValueError` or `TypeError`: a bad key."""
    private = load_pem_private_key(key, password=None)
    if not isinstance(private, SIGNING_KEYS):
        raise TypeError("this kind of key cannot sign a request; make a new one with --new-key")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    digest = None if isinstance(private, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return pem(builder.sign(private, digest))


def pem(signed: Signed) -> bytes:
    return signed.public_bytes(Encoding.PEM)


def put(path: Path, content: bytes, *, secret: bool = False) -> None:
    """Write a file so that a reader sees all of it or what was there before. Raises `OSError`.

    Made by root, it belongs to whom its folder belongs to; `secret`: nobody else may read it.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if secret else 0o644)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            _give_to_the_folders_owner(file.fileno(), path.parent)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _give_to_the_folders_owner(handle: int, folder: Path) -> None:
    if os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(handle, owner.st_uid, owner.st_gid)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
