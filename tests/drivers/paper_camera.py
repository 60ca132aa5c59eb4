"""A camera of paper: what it answers to each request over RTSP is a function of a test."""

import contextlib
import re
import socket
import threading
from collections.abc import Callable

SDP = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t\r\n"
Reply = Callable[[str, str], str]


def ok(number: str, headers: str = "", body: str = "") -> str:
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\n{headers}{length}\r\n{body}"


class Camera:
    """Answers each request on a real socket with what `reply(method, head)` returns."""

    def __init__(self, reply: Reply) -> None:
        self.reply, self.asked = reply, []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"rtsp://127.0.0.1:{self._door.getsockname()[1]}/lane"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._door.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _ = self._door.accept()
                threading.Thread(target=self._talk, args=(line,), daemon=True).start()

    def _talk(self, line: socket.socket) -> None:
        unread = b""
        with contextlib.suppress(OSError), line:
            while data := line.recv(4096):
                *heads, unread = (unread + data).split(b"\r\n\r\n")
                for head in map(bytes.decode, heads):
                    self.asked.append(head.partition(" ")[0])
                    line.sendall(self.reply(self.asked[-1], head).encode())


def number(head: str) -> str:
    return re.search(r"CSeq: (\d+)", head).group(1)


def plays(method: str, head: str) -> str:
    match method:
        case "DESCRIBE":
            return ok(number(head), body=SDP)
        case "SETUP":
            return ok(number(head), "Session: 7\r\n")
        case _:
            return ok(number(head))
