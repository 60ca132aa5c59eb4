"""A receiver's figures over HTTP: `/metrics` for Prometheus, `/healthz` for whoever restarts it."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from gateway.store.database import StoreError
from gateway.sync.cloud.figures import Figures, exposition

log = logging.getLogger(__name__)

TEXT = "text/plain; version=0.0.4; charset=utf-8"
PATIENCE_S = 10.0
LOOK_S = 0.1


def health(figures: Figures) -> tuple[int, str]:
    if not figures.connected:
        return 503, "not listening: no broker, or no database\n"
    return 200, "ok\n"


@contextmanager
def serving(address: tuple[str, int], figures: Figures) -> Iterator[int]:
    """Answer in threads of its own until the end; gives the port. Raises `StoreError`."""

    def page(path: str) -> tuple[int, str]:
        if path == "/metrics":
            return 200, exposition(figures, time.monotonic())
        return health(figures) if path == "/healthz" else (404, "/metrics or /healthz\n")

    try:
        server = ThreadingHTTPServer(address, _handler(page))
    except OSError as error:
        where = f"{address[0]}:{address[1]}"
        raise StoreError(f"--metrics {where}: {error.strerror}; choose another address") from error
    server.daemon_threads = True
    thread = threading.Thread(
        target=server.serve_forever, args=(LOOK_S,), name="metrics", daemon=True
    )
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def _handler(page: Callable[[str], tuple[int, str]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = PATIENCE_S

        def do_GET(self) -> None:
            status, text = page(self.path.partition("?")[0])
            payload = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", TEXT)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- as it is named
            log.debug(f"metrics: {format}", *args)  # noqa: G004 -- the format is http.server's

    return Handler
