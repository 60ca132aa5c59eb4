"""A real Mosquitto with certificates on both sides, all new for one run."""

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from gateway.sync.settings import TlsSettings, UplinkSettings

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
HOST = "127.0.0.1"
START_S = 10.0
CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc")
TLS_LINES = """\
cafile {folder}/ca.pem
certfile {folder}/{broker}.pem
keyfile {folder}/{broker}.key
require_certificate true
use_identity_as_username true
"""


def authority(folder: Path) -> None:
    """A certificate authority in `folder`, valid for a day."""
    parts = ("-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=bench authority", "-days", "1")
    _openssl(folder, "req", "-x509", *CURVE, *parts)


def certificate(folder: Path, name: str) -> None:
    """NAME.pem and NAME.key of the folder's authority, for the address of this machine too."""
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-addext", f"subjectAltName=IP:{HOST}")
    parts = ("-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}", "-days", "1")
    _openssl(folder, "req", "-x509", *CURVE, *signed, *parts)


def _openssl(folder: Path, *words: str) -> None:
    subprocess.run(("openssl", *words), cwd=folder, check=True, capture_output=True)


def settings(port: int, folder: Path | None, name: str) -> UplinkSettings:
    """How `name` reaches the broker; without a folder, in the clear."""
    tls = folder and TlsSettings(
        ca=str(folder / "ca.pem"), cert=str(folder / f"{name}.pem"), key=str(folder / f"{name}.key")
    )
    return UplinkSettings(host=HOST, port=port, tls=tls or None, reconnect_max_s=0.2)


@contextlib.contextmanager
def mosquitto(folder: Path, *, tls: bool, names: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """(port, process id) of a broker that knows `names`; killed at the end."""
    if MOSQUITTO is None:
        raise SystemExit("mosquitto is not installed: apt install mosquitto mosquitto-clients")
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        port = sock.getsockname()[1]
    lines = f"listener {port} {HOST}\nset_tcp_nodelay true\npersistence false\nlog_type none\n"
    lines += "allow_anonymous true\nuser root\nmax_queued_messages 10000\n"
    if tls:
        authority(folder)
        for name in ("broker", *names):
            certificate(folder, name)
        lines += TLS_LINES.format(folder=folder, broker="broker")
    (folder / "mosquitto.conf").write_text(lines)
    command = [MOSQUITTO, "-c", str(folder / "mosquitto.conf")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port)
            yield port, process.pid
        finally:
            process.kill()


def _wait_for(port: int) -> None:
    give_up = time.monotonic() + START_S
    while True:
        try:
            socket.create_connection((HOST, port), 1.0).close()
        except OSError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.02)
        else:
            return
