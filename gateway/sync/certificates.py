"""What a certificate says, and what is wrong with it. The files are PEM."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.ports import DeviceError

MILESTONES = (0, 1, 7, 14, 30)
"""So many days before its end, a certificate is told about; 0 is the end."""

RENEW = (
    "make a request with `lanegate certificate request`, have it signed, and put the answer in its"
    " place with `lanegate certificate install`"
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """`name` is the subject's CN, `number` the serial in hex; `key` tells its key from others.

    `for_clients`: whether it may be shown to a broker.
    """

    name: str
    issuer: str
    number: str
    valid_from: datetime
    valid_until: datetime
    for_clients: bool
    key: bytes


def read(path: Path) -> Certificate:
    """The first certificate of a file, which is the box's own. Raises `DeviceError`."""
    return described(read_chain(path)[0])


def read_chain(path: Path) -> tuple[x509.Certificate, ...]:
    """Every certificate of a file, at least one. Raises `DeviceError`."""
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except OSError as error:
        raise DeviceError(f"{path}: {error.strerror}; {RENEW}") from error
    except ValueError as error:
        raise DeviceError(
            f"{path}: no certificate in PEM, or only a part of one; put the whole file there"
        ) from error


def described(certificate: x509.Certificate) -> Certificate:
    key = certificate.public_key()
    return Certificate(
        name=common_name(certificate.subject),
        issuer=certificate.issuer.rfc4514_string(),
        number=f"{certificate.serial_number:x}",
        valid_from=certificate.not_valid_before_utc,
        valid_until=certificate.not_valid_after_utc,
        for_clients=_for_clients(certificate),
        key=key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    )


def common_name(name: x509.Name) -> str:
    """The one CN of a subject; empty where there is none, or more than one."""
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if len(found) == 1 else ""


def _for_clients(certificate: x509.Certificate) -> bool:
    try:
        uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return (
        ExtendedKeyUsageOID.CLIENT_AUTH in uses
        or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in uses
    )


# --- judging -----------------------------------------------------------------------------


def days_left(certificate: Certificate, now: datetime) -> int:
    """Begun days until its end; 0 or less where it has expired."""
    return math.ceil((certificate.valid_until - now) / timedelta(days=1))


def milestone(days: int) -> int | None:
    """The nearest of `MILESTONES` that has been reached; None where there is time enough."""
    return next((mark for mark in MILESTONES if days <= mark), None)


def warning(certificate: Certificate, mark: int) -> str:
    """Always the same words for one certificate and one milestone."""
    ends = f"{certificate.valid_until:%Y-%m-%d %H:%M} UTC"
    when = f"ends on {ends}, in {mark} days or less" if mark else f"has expired on {ends}"
    return f"the certificate of {certificate.name} (number {certificate.number}) {when}: {RENEW}"


def name_trouble(certificate: Certificate, gateway: str) -> str:
    """Empty where the certificate is this gateway's."""
    if certificate.name == gateway:
        return ""
    whose = f"for {certificate.name!r}" if certificate.name else "for no single name (CN)"
    return (
        f"the certificate is {whose} and the configuration's gateway is {gateway!r}: a box is known"
        " by its certificate, so both must be the same; ask for a certificate with this name"
    )


def date_trouble(certificate: Certificate, now: datetime) -> str:
    """Empty where `now` is within its time."""
    if now < certificate.valid_from:
        return (
            f"the certificate is valid from {certificate.valid_from:%Y-%m-%d %H:%M} UTC on, and"
            f" this clock says {now:%Y-%m-%d %H:%M}; set the clock, or wait"
        )
    return warning(certificate, 0) if now >= certificate.valid_until else ""


def use_trouble(certificate: Certificate) -> str:
    """Empty where a broker may take it from a client."""
    if certificate.for_clients:
        return ""
    return "the certificate is for servers only: ask for one with the use `clientAuth`"


def chain_trouble(chain: tuple[x509.Certificate, ...]) -> str:
    """Empty where each certificate of a file is signed by the one after it."""
    for one, signer in pairwise(chain):
        try:
            one.verify_directly_issued_by(signer)
        except (ValueError, TypeError, InvalidSignature):
            return (
                f"the certificate of {common_name(one.subject)!r} is not signed by the one after"
                f" it, of {common_name(signer.subject)!r}: put the box's own first, then its"
                " signer's, and leave out the rest"
            )
    return ""
