"""Real MQTT brokers on this machine, started and killed by tests."""

import asyncio
import contextlib
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

DOCUMENTED = Path(__file__).parents[2] / "docs" / "broker"
MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def until(found, what: str, timeout_s: float = 20.0):
    """The first true result of `found()`."""
    give_up = time.monotonic() + timeout_s
    while time.monotonic() < give_up:
        if result := found():
            return result
        time.sleep(0.02)
    raise AssertionError(f"in {timeout_s:g} s it never came to this: {what}")


def listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.5).close()
    except OSError:
        return False
    return True


class Mosquitto:
    """One broker on one port; keeps nothing on disk, so a restart begins empty."""

    def __init__(self, folder: Path, extra: str = "allow_anonymous true\n") -> None:
        if MOSQUITTO is None:
            pytest.skip("mosquitto is not installed (apt install mosquitto)")
        self.port = free_port()
        self._config = folder / f"mosquitto-{self.port}.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\npersistence false\nset_tcp_nodelay true\n"
            f"log_type none\nuser root\n{extra}"
        )
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [MOSQUITTO, "-c", str(self._config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(lambda: listening(self.port), "mosquitto listens")

    def restart(self) -> None:
        """Read configuration, certificates and revocation list again.

        Not by SIGHUP: version 2.0.11 frees memory twice then, now and then.
        """
        self.kill()
        self.start()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class SiteAuthority:
    """A fresh authority with files for a broker at 127.0.0.1, boxes and receivers, in `folder`."""

    def __init__(self, folder: Path, name: str = "test site") -> None:
        from gateway.sync.authority import Authority

        self.folder = folder
        self._authority = Authority.new(folder / "authority", name, datetime.now(UTC))
        self.ca = folder / "authority" / "ca.crt"
        self.crl = folder / "authority" / "ca.crl"

    def broker(self, *hosts: str, days: float = 30, ago: float = 0) -> tuple[Path, Path]:
        """(cert, key) of a broker; `ago` days ago it was made, for `days` days."""
        return self._files("broker", hosts or ("127.0.0.1", "localhost"), days, ago)

    def client(self, name: str, *, days: float = 30, ago: float = 0) -> dict[str, str]:
        """A box's or a receiver's `tls` settings, with new files."""
        cert, key = self._files(name, (), days, ago)
        return {"ca": str(self.ca), "cert": str(cert), "key": str(key)}

    def revoke(self, cert: str | Path) -> None:
        """Put it on the list; the broker reads that at `Mosquitto.restart`."""
        self._authority.revoke(Path(cert).read_bytes(), datetime.now(UTC))

    def _files(self, name: str, hosts, days: float, ago: float) -> tuple[Path, Path]:
        made = datetime.now(UTC) - timedelta(days=ago)
        key, certificate = self._authority.issue(name, made, days, hosts=hosts)
        cert_file, key_file = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        cert_file.write_bytes(certificate)
        key_file.write_bytes(key)
        key_file.chmod(0o600)
        return cert_file, key_file


def tls_mosquitto(folder: Path, site: SiteAuthority, extra: str = "") -> Mosquitto:
    """A broker that asks for a certificate and takes its CN for the user name.

    A client's side: `settings_for(broker.port, tls=site.client("north"))`.
    """
    cert, key = site.broker()
    return Mosquitto(
        folder,
        f"allow_anonymous false\nrequire_certificate true\nuse_identity_as_username true\n"
        f"cafile {site.ca}\ncertfile {cert}\nkeyfile {key}\ncrlfile {site.crl}\n{extra}",
    )


class DocumentedMosquitto(Mosquitto):
    """The very configuration of docs/broker, with other paths and ports; keeps its data."""

    def __init__(self, folder: Path, site: SiteAuthority) -> None:
        super().__init__(folder)
        while (receivers_port := free_port()) == self.port:
            pass
        self.receivers_port = receivers_port
        files, data = folder / "etc", folder / "lib"
        files.mkdir()
        data.mkdir()
        cert, key = site.broker()
        (files / "broker.crt").write_bytes(cert.read_bytes())
        (files / "broker.key").write_bytes(key.read_bytes())
        (files / "boxes-ca.crt").symlink_to(site.ca)
        (files / "boxes-ca.crl").symlink_to(site.crl)
        for name in ("boxes.acl", "receivers.acl"):
            shutil.copy(DOCUMENTED / name, files)
        text = (DOCUMENTED / "mosquitto.conf").read_text("utf-8")
        for there, here in {
            "/etc/mosquitto/lanegate": str(files),
            "/var/lib/mosquitto/": f"{data}/",
            "listener 8883\n": f"listener {self.port} 127.0.0.1\n",
            "listener 8884\n": f"listener {self.receivers_port} 127.0.0.1\n",
        }.items():
            assert there in text
            text = text.replace(there, here)
        self._config.write_text(f"{text}user root\n")

    def start(self) -> None:
        super().start()
        until(lambda: listening(self.receivers_port), "mosquitto listens to receivers")


class Amqtt:
    """The pure Python broker of the demo, which speaks MQTT 3.1.1 only, in a thread."""

    def __init__(self) -> None:
        pytest.importorskip("amqtt", reason="amqtt is not installed (extra `demo`)")
        self.port = free_port()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=[self._serve()])

    def start(self) -> None:
        self._thread.start()
        until(lambda: listening(self.port), "amqtt listens")

    def kill(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)

    async def _serve(self) -> None:
        from amqtt.broker import Broker

        anonymous = "amqtt.plugins.authentication.AnonymousAuthPlugin"
        broker = Broker(
            {
                "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{self.port}"}},
                "plugins": {anonymous: {"allow_anonymous": True}},
            }
        )
        await broker.start()
        await self._stop.wait()
        await broker.shutdown()


class RawBroker:
    """One TCP client at a time is shown to `treat`, with the bytes of its CONNECT."""

    def __init__(self, treat: Callable[[socket.socket, bytes], None]) -> None:
        self._treat = treat
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def kill(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(20)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            with client, contextlib.suppress(OSError):
                self._treat(client, client.recv(4096))


def say_that_another_took_its_place(client: socket.socket, _connect: bytes) -> None:
    """Accept an MQTT 5 client and its subscriptions, then throw it out."""
    client.sendall(bytes.fromhex("20 03 00 00 00"))  # CONNACK: success
    subscribe = client.recv(4096)
    client.sendall(b"\x90\x05" + subscribe[2:4] + b"\x00\x01\x01")
    client.sendall(bytes.fromhex("e0 02 8e 00"))  # DISCONNECT: session taken over
    client.recv(4096)
