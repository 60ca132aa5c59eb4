"""TLS as the up-link uses it: contexts, why a broker would not have us, and who answered.

The broker's certificate and its name are always verified; there is no way to switch that off.
Sessions are not taken up again: a certificate that was revoked would live on in its session.
"""

import ssl
from contextlib import suppress
from datetime import datetime

from gateway.sync.redial import Ending

_ALERTS = {
    "CERTIFICATE_REQUIRED": "it asks for a certificate: set `cert` and `key` under `tls`",
    "HANDSHAKE_FAILURE": "it asks for a certificate that this box does not show, or for a cipher"
    " that it does not know: look at `cert` under `tls`",
    "UNKNOWN_CA": "it does not know the authority that signed this box's certificate: give that"
    " authority to the broker, or get a certificate from one that it knows",
    "CERTIFICATE_EXPIRED": "this box's certificate has expired by the broker's clock: make a"
    " request with `lanegate certificate request`, have it signed, and put it in with `lanegate"
    " certificate install`",
    "CERTIFICATE_REVOKED": "this box's certificate is revoked: if this box is where it belongs, get"
    " a certificate for a new key with `lanegate certificate request --new-key`",
    "BAD_CERTIFICATE": "it finds a fault in this box's certificate, as one that is not valid yet:"
    " look at it with `lanegate certificate show`, and at both clocks",
    "UNSUPPORTED_CERTIFICATE": "this box's certificate may not be used by a client: look at it with"
    " `lanegate certificate show`",
    "CERTIFICATE_UNKNOWN": "it does not accept this box's certificate: the broker's log says why",
    "ACCESS_DENIED": "it does not accept this box's certificate: the broker's log says why",
    "DECRYPT_ERROR": "it could not verify that the key belongs to this box's certificate: look at"
    " both with `lanegate certificate show`",
}


class TellingSocket(ssl.SSLSocket):
    """Remembers the broker's alert, which paho throws away."""

    alert: ssl.SSLError | None = None

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        try:
            return super().recv(buflen, flags)
        except ssl.SSLError as error:
            self._hear(error)
            raise

    def send(self, data: bytes, flags: int = 0) -> int:  # type: ignore[override]
        try:
            return super().send(data, flags)
        except (ssl.SSLEOFError, ConnectionError):
            # The broker hung up: its last word may be there still.
            with suppress(OSError):
                self.recv(1)
            raise

    def _hear(self, error: ssl.SSLError) -> None:
        if "ALERT" in (error.reason or ""):
            self.alert = error


def client_context(ca: str | None, cert: str | None, key: str | None) -> ssl.SSLContext:
    """Raises `OSError` or `ValueError` for files that cannot be used; never asks for a word."""
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = TellingSocket
    if cert is not None:
        context.load_cert_chain(cert, key, password=lambda: "")
    return context


def judged(error: BaseException | None, host: str, ca: str, now: datetime) -> tuple[Ending, str]:
    """What an error of TLS means, and a sentence with the next step. `ca`: where it came from."""
    if isinstance(error, ssl.SSLCertVerificationError):
        sentence = _not_believed(error.verify_code, host, ca, now)
        reason = f"certificate verify failed: {error.verify_message}"
        return Ending.UNTRUSTED, f"{reason}; {sentence}"
    _, alert, word = (getattr(error, "reason", None) or "").partition("ALERT_")
    if alert and word in _ALERTS:
        return Ending.CERTIFICATE_REFUSED, _ALERTS[word]
    if alert and word != "PROTOCOL_VERSION":
        return Ending.REFUSED, f"TLS alert: {_plainly(word)}; the broker's log says why"
    if isinstance(error, ssl.SSLEOFError | ConnectionResetError):
        again = f"if that comes again and again, {_not_tls(word)}"
        return Ending.UNREACHABLE, f"it hung up in the midst of the TLS handshake; {again}"
    if isinstance(error, ssl.SSLError):
        return Ending.NOT_TLS, f"{_plainly(error.reason or str(error))}; {_not_tls(word)}"
    return Ending.UNREACHABLE, str(error)


def _not_believed(code: int, host: str, ca: str, now: datetime) -> str:
    clock = f"this box's clock says {now:%Y-%m-%d %H:%M} UTC"
    match code:
        case 62 | 64:
            return (
                f"its certificate is not for the name {host}: write `host` as the certificate does,"
                " or something else answers in the broker's place, as a captive portal does"
            )
        case 9:
            return f"{clock}, which is before its time: set the clock (`timedatectl` shows it)"
        case 10:
            return f"{clock}: where that is right, the broker needs a new certificate"
    return (
        f"its authority is not in {ca}: that is the wrong file, or something else answers in the"
        " broker's place, as a captive portal does"
    )


def _not_tls(word: str) -> str:
    if word == "PROTOCOL_VERSION":
        return "it speaks an old TLS only: it must know TLS 1.2 or 1.3"
    return "it does not speak TLS on this port: look at `port` (8883 is usual with TLS)"


def _plainly(reason: str) -> str:
    return reason.replace("_", " ").lower()
