"""A small certificate authority for a site or a test: it signs boxes, brokers and receivers.

    authority = Authority.new(folder, "lot 7", now)     # or Authority(folder)
    certificate = authority.sign(csr, now)              # a box's request, from `request`
    key, certificate = authority.issue("mqtt.example.com", now, hosts=("mqtt.example.com",))
    authority.revoke(certificate, now)                  # writes ca.crl

Everything in and out is PEM. The folder holds `ca.key` (the secret), `ca.crt`, `ca.crl` and a
copy of each certificate in `issued/`.
"""

import ipaddress
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.ports import DeviceError
from gateway.sync.certificates import common_name
from gateway.sync.keyfiles import key_bytes, new_key, pem, put

RECEIVER = "lanegate-receiver"
"""The receivers' account at the broker; no box may have this name."""

GATEWAY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
CA_DAYS = 3650
BOX_DAYS = 825
SERVER_DAYS = 397
CLOCKS_DIFFER = timedelta(hours=1)
_NO_REQUEST = (
    "this is no sound certificate request in PEM; make one with `lanegate certificate request` on"
    " the box"
)


class AuthorityError(DeviceError):
    """What the authority was asked for cannot be done: a sentence with the next step."""


class Authority:
    """The authority in `folder`. Every call may raise `AuthorityError`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = _private_key(folder / "ca.key")
        self._certificate = _certificate(_read(folder / "ca.crt"), folder / "ca.crt")

    @classmethod
    def new(cls, folder: Path, name: str, now: datetime, days: float = CA_DAYS) -> "Authority":
        """Make key, certificate and an empty revocation list; never over an authority."""
        if (folder / "ca.key").exists():
            raise AuthorityError(f"{folder}: there is an authority already; name another folder")
        key, subject = new_key(), _named(f"{name} authority")
        builder = (
            _builder(subject, subject, key.public_key(), now, days)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
            .add_extension(_key_id(key.public_key()), critical=False)
        )
        (folder / "issued").mkdir(parents=True, exist_ok=True)
        put(folder / "ca.key", key_bytes(key), secret=True)
        put(folder / "ca.crt", pem(builder.sign(key, hashes.SHA256())))
        authority = cls(folder)
        authority.renew_list(now)
        return authority

    def sign(self, csr: bytes, now: datetime, days: float = BOX_DAYS) -> bytes:
        """A box's certificate for the name and key of its request."""
        request = _request(csr)
        name = common_name(request.subject)
        if not GATEWAY_NAME.fullmatch(name) or name == RECEIVER:
            raise AuthorityError(
                f"the request is for {name!r}, which can be no box's name; make it again with"
                " `lanegate certificate request`"
            )
        return self._sign(name, request.public_key(), now, days, hosts=())

    def issue(
        self, name: str, now: datetime, days: float = SERVER_DAYS, *, hosts: Iterable[str] = ()
    ) -> tuple[bytes, bytes]:
        """A new key and its certificate: a broker's for its `hosts`, else a client's."""
        key = new_key()
        return key_bytes(key), self._sign(name, key.public_key(), now, days, tuple(hosts))

    def revoke(self, certificate: bytes, now: datetime) -> None:
        """Put a certificate on the list. The broker has to read `ca.crl` again."""
        gone = _certificate(certificate, Path("the certificate"))
        if gone.issuer != self._certificate.subject:
            raise AuthorityError(
                f"{common_name(gone.subject)}'s certificate is by"
                f" {gone.issuer.rfc4514_string()}, not by this authority"
            )
        self._write_list({**self._revoked(), gone.serial_number: now}, now)

    def renew_list(self, now: datetime) -> None:
        """Write `ca.crl` again, good for as long as the authority's own certificate."""
        self._write_list(self._revoked(), now)

    # --- signing

    def _sign(
        self,
        name: str,
        key: CertificatePublicKeyTypes,
        now: datetime,
        days: float,
        hosts: tuple[str, ...],
    ) -> bytes:
        use = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
        ours = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = (
            _builder(_named(name), self._certificate.subject, key, now, days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage("digital_signature"), critical=True)
            .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
            .add_extension(_key_id(key), critical=False)
            .add_extension(ours, critical=False)
        )
        if hosts:
            names = x509.SubjectAlternativeName([_host(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        put(self.folder / "issued" / f"{name}-{certificate.serial_number:x}.crt", pem(certificate))
        return pem(certificate)

    def _revoked(self) -> dict[int, datetime]:
        path = self.folder / "ca.crl"
        if not path.exists():
            return {}
        known = x509.load_pem_x509_crl(_read(path))
        return {one.serial_number: one.revocation_date_utc for one in known}

    def _write_list(self, revoked: dict[int, datetime], now: datetime) -> None:
        ours = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._certificate.subject)
            .last_update(now - CLOCKS_DIFFER)
            .next_update(self._certificate.not_valid_after_utc)
            .add_extension(ours, critical=False)
        )
        for serial, at in revoked.items():
            one = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
            builder = builder.add_revoked_certificate(one.build())
        put(self.folder / "ca.crl", pem(builder.sign(self._key, hashes.SHA256())))


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: CertificatePublicKeyTypes,
    now: datetime,
    days: float,
) -> x509.CertificateBuilder:
    """It counts from an hour ago on: a box's clock may be a little behind."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCKS_DIFFER)
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*allowed: str) -> x509.KeyUsage:
    every = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{name: name in allowed for name in every})


def _key_id(key: CertificatePublicKeyTypes) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key)


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise AuthorityError(
            f"{path}: {error.strerror}; an authority is made by `lanegate certificate authority"
            f" new {path.parent}`"
        ) from error


def _certificate(text: bytes, path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(text)
    except ValueError as error:
        raise AuthorityError(f"{path}: is no certificate in PEM ({error})") from error


def _private_key(path: Path) -> ec.EllipticCurvePrivateKey:
    text = _read(path)
    try:
        key = load_pem_private_key(text, password=None)
    except (ValueError, TypeError) as error:
        raise AuthorityError(f"{path}: is no private key in PEM ({error})") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise AuthorityError(f"{path}: is no EC key; this authority makes and uses EC keys only")
    return key


def _request(csr: bytes) -> x509.CertificateSigningRequest:
    try:
        request = x509.load_pem_x509_csr(csr)
    except ValueError as error:
        raise AuthorityError(_NO_REQUEST) from error
    if not request.is_signature_valid:
        raise AuthorityError(_NO_REQUEST)
    return request
