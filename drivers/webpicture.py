"""One JPEG after the other from a camera's web server, on one connection if it allows that."""

import http.client
import io
import socket
import time
from typing import Any
from urllib.parse import urlsplit

from drivers.login import Login

_CHUNK = 64 * 1024
_LONGEST_WASTE = 64 * 1024
_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"
_TAIL = 1024
_REASONS = {
    403: "it does not allow this user to see the picture",
    404: "it knows no picture at this path: see its manual for the path",
    503: "it is busy",
}


class WebError(Exception):
    """Why there is no picture: words for a sentence. `hopeless`: asking again soon may do harm."""

    def __init__(self, words: str, *, hopeless: bool = False) -> None:
        super().__init__(words)
        self.hopeless = hopeless


class _Bounded:
    """A connection whose every byte must be there by `until`, however slowly it drips."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._readers = 0
        self._is_closed = False
        self.until = 0.0

    def makefile(self, _mode: str) -> io.BufferedReader:
        self._readers += 1
        return io.BufferedReader(_Unclosed(self))

    def sendall(self, data: bytes) -> None:
        self._hurry()
        self._socket.sendall(data)

    def receive(self, buffer: memoryview) -> int:
        self._hurry()
        return self._socket.recv_into(buffer)

    def close(self) -> None:
        """When the last answer is read: `http.client` closes before that."""
        self._is_closed = True
        if not self._readers:
            self._socket.close()

    def left(self) -> None:
        self._readers -= 1
        if self._is_closed:
            self.close()

    def _hurry(self) -> None:
        left_s = self.until - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self._socket.settimeout(left_s)


class _Unclosed(io.RawIOBase):
    """What one answer is read from: its end is not the connection's."""

    def __init__(self, line: _Bounded) -> None:
        self._line = line

    def close(self) -> None:
        if not self.closed:
            self._line.left()
        super().close()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._line.receive(memoryview(buffer))


class WebPicture:
    """Follows no redirection: what a camera sends elsewhere is a page, or another device."""

    def __init__(self, url: str, login: Login | None, *, timeout_s: float, most_bytes: int) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port
        self._secure = parts.scheme == "https"
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._login = login
        self._timeout_s = timeout_s
        self._most = most_bytes
        self._line: http.client.HTTPConnection | None = None
        self._bounded: Any = None

    def fetched(self) -> bytes:
        """A whole JPEG. Raises `WebError`; the next call connects anew."""
        until = time.monotonic() + self._timeout_s
        try:
            return self._asked(until)
        except WebError:
            self.close()
            raise
        except TimeoutError:
            self.close()
            raise WebError(f"no whole picture within {self._timeout_s:g} s") from None
        except http.client.HTTPException as error:
            self.close()
            raise WebError(f"it breaks off its answer: {type(error).__name__}") from None
        except OSError as error:
            self.close()
            raise WebError(error.strerror or type(error).__name__) from None

    def close(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def _asked(self, until: float) -> bytes:
        while True:
            answer = self._answer(until)
            if answer.status != http.client.UNAUTHORIZED:
                break
            self._body(answer, _LONGEST_WASTE)
            if self._login is None:
                raise WebError("it wants a user name and a password", hopeless=True)
            if not self._login.asked(answer.headers.get_all("WWW-Authenticate", [])):
                raise WebError("it refuses the user name or the password", hopeless=True)
        if self._login is not None and answer.status != http.client.FORBIDDEN:
            self._login.accepted()
        if answer.status != http.client.OK:
            words = _REASONS.get(answer.status, f"it answers {answer.status}")
            raise WebError(words, hopeless=answer.status == http.client.FORBIDDEN)
        return _whole(self._body(answer, self._most))

    def _answer(self, until: float) -> http.client.HTTPResponse:
        """A kept connection may have been closed by the camera meanwhile: then one more try."""
        for is_new in (self._line is None, True):
            line = self._connected(until)
            try:
                headers = {"User-Agent": "lanegate", "Accept": "image/jpeg"}
                if self._login and (shown := self._login.header("GET", self._path)) is not None:
                    headers["Authorization"] = shown
                line.request("GET", self._path, headers=headers)
                return line.getresponse()
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self.close()
                if is_new:
                    raise
        raise WebError("it hung up")

    def _connected(self, until: float) -> http.client.HTTPConnection:
        if self._line is None:
            self._line = self._new_line(max(0.01, until - time.monotonic()))
            self._line.connect()
            self._bounded = _Bounded(self._line.sock)
            # HTTPConnection uses no more of its socket than `_Bounded` has.
            self._line.sock = self._bounded
        self._bounded.until = until
        return self._line

    def _new_line(self, timeout_s: float) -> http.client.HTTPConnection:
        if not self._secure:
            return http.client.HTTPConnection(self._host, self._port, timeout=timeout_s)
        import ssl

        # Cameras sign their certificates themselves: there is nobody to ask about them.
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return http.client.HTTPSConnection(
            self._host, self._port, timeout=timeout_s, context=context
        )

    def _body(self, answer: http.client.HTTPResponse, most: int) -> bytes:
        if (answer.length or 0) > most:
            raise WebError(f"its answer has {answer.length} bytes, more than `most_mb`")
        parts, size = [], 0
        while part := answer.read1(_CHUNK):
            parts.append(part)
            size += len(part)
            if size > most:
                raise WebError("its answer has more bytes than `most_mb` allows")
        if answer.length:
            raise http.client.IncompleteRead(b"")
        answer.close()
        if answer.will_close:
            self.close()
        return b"".join(parts)


def _whole(data: bytes) -> bytes:
    """Decoders fill what is missing of a picture with grey: that must not be read."""
    if not data.startswith(_JPEG_START):
        what = "a web page" if data.lstrip()[:1] == b"<" else "no JPEG"
        raise WebError(f"it sends {what} instead of a picture: check the path")
    if _JPEG_END not in data[-_TAIL:]:
        raise WebError("it sends half a picture")
    return data
