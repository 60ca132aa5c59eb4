"""Whether another program of this box is at a port or a host already: one master on a line."""

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from pathlib import Path

from gateway.ports import DeviceError

LOCK_WORDS = 6
ESTABLISHED = "01"
WORD_BYTES = 4


@dataclass(frozen=True, slots=True)
class Roots:
    """Where the system tells of its devices and programs."""

    dev: Path = Path("/dev")
    sys: Path = Path("/sys")
    proc: Path = Path("/proc")


def text_of(path: Path) -> str:
    """A small file's text; empty where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def refuse_held(port: str, roots: Roots | None = None) -> None:
    """Raises `DeviceError` where another program has the serial port open."""
    if programs := holders(port, roots):
        raise DeviceError(
            f"{port} is held by {', '.join(programs)}: one master is allowed on a line; stop it "
            "first (for the daemon: systemctl stop lanegate), and start it again afterwards"
        )


def refuse_connected(host: str, port: int, roots: Roots | None = None) -> None:
    """Raises `DeviceError` where a program of this box is connected to that host and port."""
    if any(_connections(host, port, roots or Roots())):
        raise DeviceError(
            f"{host}:{port}: a program of this box is connected to it: stop it first (for the "
            "daemon: systemctl stop lanegate), and start it again afterwards"
        )


def holders(port: str, roots: Roots | None = None) -> tuple[str, ...]:
    """Who has a port open or locked, as `name (pid)`; our own process does not count.

    Locks are told of every user's programs; open files only of those this user may look at.
    """
    places = roots or Roots()
    try:
        device = Path(port).resolve(strict=True)
        pids = {*_lockers(places, device.stat()), *_openers(places, device)}
    except OSError:
        return ()
    names = {pid: text_of(places.proc / str(pid) / "comm") for pid in sorted(pids - {os.getpid()})}
    return tuple(f"{name or 'another program'} ({pid})" for pid, name in names.items())


def _openers(roots: Roots, device: Path) -> Iterator[int]:
    for folder in roots.proc.glob("[0-9]*/fd"):
        with suppress(OSError):  # It ended meanwhile, or belongs to another user.
            if any(_leads_to(one, device) for one in folder.iterdir()):
                yield int(folder.parent.name)


def _leads_to(descriptor: Path, device: Path) -> bool:
    try:
        return descriptor.readlink() == device
    except OSError:
        return False


def _lockers(roots: Roots, seen: os.stat_result) -> Iterator[int]:
    """From lines such as `1: FLOCK ADVISORY WRITE 4711 00:06:93 0 EOF`."""
    inode = f"{os.major(seen.st_dev):02x}:{os.minor(seen.st_dev):02x}:{seen.st_ino}"
    for line in text_of(roots.proc / "locks").splitlines():
        words = line.split()
        if len(words) >= LOCK_WORDS and words[1] == "FLOCK" and words[5] == inode:
            yield int(words[4])


def _connections(host: str, port: int, roots: Roots) -> Iterator[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return
    wanted = {str(ip_address(str(each[4][0]))) for each in found}
    for table in ("tcp", "tcp6"):
        for line in text_of(roots.proc / "net" / table).splitlines()[1:]:
            _, _, remote, state, *_ = line.split()
            address, _, number = remote.partition(":")
            if state == ESTABLISHED and int(number, 16) == port and _address(address) in wanted:
                yield remote


def _address(text: str) -> str:
    """The kernel writes each 32-bit word in the machine's own, little-endian order."""
    raw = bytes.fromhex(text)
    words = [raw[at : at + WORD_BYTES][::-1] for at in range(0, len(raw), WORD_BYTES)]
    address = ip_address(b"".join(words))
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
