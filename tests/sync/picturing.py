"""Pictures on a disk, a cloud that takes them, and a slow line, for tests."""

import hashlib
import random
import socket
import threading
import time

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from gateway.evidence import Evidence
from gateway.sync import messages
from gateway.sync.protocol import Have, Want
from gateway.worth import Worth


def a_picture(number: int, size: int = 2000) -> tuple[str, bytes]:
    jpeg = random.Random(number).randbytes(size)
    return hashlib.sha256(jpeg).hexdigest(), jpeg


async def kept(evidence: Evidence, count: int, size: int = 2000, worth=Worth.PASS) -> list[str]:
    """So many pictures, on the disk; their names."""
    names = []
    for number in range(count):
        name, jpeg = a_picture(number, size)
        evidence.hold(name, jpeg)
        evidence.keep([name], worth)
        await evidence.figures()
        names.append(name)
    return names


class PictureCloud:
    """Hears the pictures of the gateway `north`; answers that it has them where it is `kind`."""

    def __init__(self, port: int, *, kind: bool = True) -> None:
        self.kind = kind
        self.came: list[tuple[str, bytes]] = []
        self._listens = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe("lanegate/1/+/up/snap/#", 1)
        self._client.on_subscribe = lambda *_: self._listens.set()
        self._client.on_message = lambda _c, _u, message: self._take(message)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._listens.wait(20)

    def want(self, *names: str) -> None:
        self._tell(Want(names))

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.came]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _take(self, message) -> None:
        name = message.topic.rpartition("/")[2]
        self.came.append((name, bytes(message.payload)))
        if self.kind:
            self._tell(Have((name,)))

    def _tell(self, order) -> None:
        self._client.publish("lanegate/1/north/dn/ctl", messages.encode(order), qos=1)


class SlowLine:
    """A port that leads to another one, with so many bytes a second upwards."""

    def __init__(self, port: int, bytes_s: float) -> None:
        self._to, self._bytes_s = port, bytes_s
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._to))
            for sock in (near, far):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # Small buffers, so that what the sender gave away is soon at the other end.
            near.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            for one, other, bytes_s in ((near, far, self._bytes_s), (far, near, 1e9)):
                threading.Thread(target=_carry, args=(one, other, bytes_s), daemon=True).start()


def _carry(one: socket.socket, other: socket.socket, bytes_s: float) -> None:
    try:
        while data := one.recv(4096):
            time.sleep(len(data) / bytes_s)
            other.sendall(data)
    except OSError:
        pass
    finally:
        for sock in (one, other):
            sock.close()
