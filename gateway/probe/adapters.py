"""The serial ports of this box, and what can be known of each without opening it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway.probe.occupied import Roots, holders, text_of

PATTERNS = ("ttyUSB*", "ttyACM*", "ttyAMA*", "ttyS*", "ttymxc*", "ttyXRUSB*")
USB_DEPTH = 6
NO_UART = "0"


@dataclass(frozen=True, slots=True)
class Adapter:
    """`port`: the name to write into a configuration; `tty`: what it is now.

    `held_by`: programs that have it open, as far as this user may see; `notes`: sentences.
    """

    port: str
    tty: str
    product: str
    held_by: tuple[str, ...]
    may_open: bool
    notes: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        return self.may_open and not self.held_by


def adapters(roots: Roots | None = None) -> tuple[Adapter, ...]:
    """Every port that has a UART behind it, those on USB first."""
    places = roots or Roots()
    found = [_adapter(places, tty) for tty in sorted(_ttys(places))]
    return tuple(sorted(found, key=lambda one: (not one.port.startswith(_serial(places)), one.tty)))


def _serial(roots: Roots) -> str:
    return str(roots.dev / "serial")


def _ttys(roots: Roots) -> Iterator[Path]:
    for pattern in PATTERNS:
        for tty in roots.dev.glob(pattern):
            if text_of(roots.sys / "class" / "tty" / tty.name / "type") != NO_UART:
                yield tty


def _adapter(roots: Roots, tty: Path) -> Adapter:
    usb = _usb_folder(roots, tty)
    by_id, by_path = (_link(roots, kind, tty) for kind in ("by-id", "by-path"))
    serial = text_of(usb / "serial") if usb else ""
    port = by_id if by_id and serial else by_path or by_id or str(tty)
    words = [text_of(usb / name) for name in ("manufacturer", "product")] if usb else []
    ids = f"{text_of(usb / 'idVendor')}:{text_of(usb / 'idProduct')}" if usb else ""
    product = " ".join(filter(None, (*words, f"[{ids}]" if ids else "built-in UART")))
    return Adapter(
        port,
        str(tty),
        product,
        holders(str(tty), roots),
        os.access(tty, os.R_OK | os.W_OK),
        tuple(_notes(roots, tty, serial=serial, usb=usb is not None)),
    )


def _notes(roots: Roots, tty: Path, *, serial: str, usb: bool) -> Iterator[str]:
    if not os.access(tty, os.R_OK | os.W_OK):
        yield "this user may not open it: serial ports belong to the group dialout"
    if usb and not serial:
        yield (
            "has no serial number: two of its kind change names; use by-path, and do not "
            "change its USB socket"
        )
    timer = roots.sys / "class" / "tty" / tty.name / "device" / "latency_timer"
    latency = text_of(timer)
    if latency.isdecimal() and int(latency) > 1:
        yield f"holds each answer back for up to {latency} ms: write 1 to {timer} by a udev rule"


def _usb_folder(roots: Roots, tty: Path) -> Path | None:
    """The folder of the USB device, some levels above the tty's own."""
    folder = (roots.sys / "class" / "tty" / tty.name / "device").resolve()
    for above in (folder, *folder.parents)[:USB_DEPTH]:
        if (above / "idVendor").is_file():
            return above
    return None


def _link(roots: Roots, kind: str, tty: Path) -> str:
    links = sorted((roots.dev / "serial" / kind).glob("*"))
    return next((str(link) for link in links if link.resolve() == tty.resolve()), "")
