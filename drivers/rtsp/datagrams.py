"""The two UDP ports on which pictures come."""

import socket

from drivers.rtsp.wire import RtspError

BUFFER = 4 * 1024 * 1024
LARGEST = 65535


def pair(address: str) -> tuple[socket.socket, socket.socket]:
    """Two ports in a row, the first one even, as RTP wants them."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for _ in range(50):
        first = socket.socket(family, socket.SOCK_DGRAM)
        second = socket.socket(family, socket.SOCK_DGRAM)
        try:
            first.bind((address, 0))
            port = first.getsockname()[1]
            second.bind((address, port + 1 if port % 2 == 0 else port - 1))
        except OSError:
            first.close()
            second.close()
            continue
        rtp, rtcp = (first, second) if port % 2 == 0 else (second, first)
        rtp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        return rtp, rtcp
    raise RtspError("no two free UDP ports in a row")
