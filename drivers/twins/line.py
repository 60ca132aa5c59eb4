"""An RS-485 line with its adapter: a pty that lets bytes through no faster than its baud rate.

The program under test opens `port`; simulated slaves are attached at the far end. As on copper,
a frame ends with 3.5 characters of silence, frames that follow each other without it are one
broken frame, and what was sent while another spoke is lost. A pty knows no parity, no framing
errors and no modem lines, and there is neither noise nor an adapter's latency.
"""

import os
import random
import threading
import tty
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from drivers.twins.pump import Pump

LOG_BYTES = 50_000
FAST_BAUD = 19200
FAST_GAP_S = 0.00175
CRC_BYTES = 2


class Slave(Protocol):
    """A device on the line. `delay_s` is its thinking time from the frame's end."""

    delay_s: float

    def answer(self, frame: bytes) -> bytes | None:
        """What it sends back to one frame, CRC included; called from the line's thread."""


@dataclass(frozen=True, slots=True)
class Faults:
    """How often, from 0 to 1, each thing goes wrong with a reply; `echo` is the adapter's.

    A late reply comes `late_s` later, and up to `late_spread_s` more.
    """

    drop: float = 0.0
    late: float = 0.0
    late_s: float = 0.15
    late_spread_s: float = 0.0
    corrupt: float = 0.0
    stray: float = 0.0
    wrong_slave: float = 0.0
    echo: bool = False


NO_FAULTS = Faults()


def with_crc(frame: bytes) -> bytes:
    """The frame and its CRC-16 of Modbus, low byte first."""
    crc = 0xFFFF
    for byte in frame:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return frame + crc.to_bytes(CRC_BYTES, "little")


class PtyLine:
    """Use as a context manager. `faults` may be set at any time and hold for the next reply.

    With `link`, the port is that symbolic link, as below /dev/serial/by-id: after `unplug()` and
    `plug()` it leads to another tty. Equal seeds and traffic give equal faults.
    """

    def __init__(
        self, baud: int, bits_per_char: int = 10, *, link: Path | None = None, seed: int = 0
    ) -> None:
        self.char_s = bits_per_char / baud
        self.gap_s = 3.5 * self.char_s if baud <= FAST_BAUD else FAST_GAP_S
        self.faults = NO_FAULTS
        self.tty = ""
        self._link = link
        self._random = random.Random(seed)  # noqa: S311 - faults, not secrets
        self._slaves: list[Slave] = []
        self._log: deque[tuple[float, str, bytes]] = deque(maxlen=LOG_BYTES)
        self._pump: Pump | None = None
        self.plug()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()

    @property
    def port(self) -> str:
        """What the program under test opens."""
        return str(self._link) if self._link else self.tty

    @property
    def echoes(self) -> bool:
        """Whether the adapter hands back what the master sends."""
        return self.faults.echo

    @property
    def log(self) -> list[tuple[float, str, bytes]]:
        """The last bytes, each with its speaker ("master" or "slave") and its monotonic time.

        That is the time at which its last bit had passed; the first was one `char_s` earlier.
        """
        return list(self._log)

    def frames(self, speaker: str) -> list[bytes]:
        """What "master" or "slave" said, cut where the line was silent."""
        frames, last_end = [bytearray()], 0.0
        for end, who, byte in self.log:
            if who == speaker:
                if end - last_end > self.char_s + self.gap_s / 2:
                    frames.append(bytearray())
                frames[-1] += byte
            last_end = end
        return [bytes(frame) for frame in frames if frame]

    def attach(self, slave: Slave) -> None:
        self._slaves.append(slave)

    def plug(self) -> None:
        """Put the adapter in: a new tty."""
        if self._pump is not None:
            return
        far_end, near_end = os.openpty()
        tty.setraw(near_end)
        self.tty = os.ttyname(near_end)
        os.close(near_end)
        os.set_blocking(far_end, False)
        self._pump = Pump(far_end, self, self._log)
        self._pump.start()
        if self._link:
            self._point(self._link)

    def unplug(self) -> None:
        """Pull the adapter out: the tty hangs up, the link is gone."""
        if self._pump is None:
            return
        if self._link:
            self._link.unlink(missing_ok=True)
        self._pump.stop()
        self._pump = None

    def replies(self, frame: bytes) -> list[tuple[float, bytes]]:
        """What the slaves say to a frame, with each one's delay and with what goes wrong."""
        said = [(slave.delay_s, slave.answer(frame)) for slave in self._slaves]
        sent = [self._spoil(delay_s, reply) for delay_s, reply in said if reply]
        return [(delay_s, reply) for delay_s, reply in sent if reply]

    def _spoil(self, delay_s: float, reply: bytes) -> tuple[float, bytes]:
        faults = self.faults
        if self._strikes(faults.wrong_slave):
            reply = with_crc(bytes([reply[0] % 247 + 1]) + reply[1:-CRC_BYTES])
        if self._strikes(faults.corrupt):
            reply = self._flip_a_bit(reply)
        if self._strikes(faults.stray):
            reply = self._random.randbytes(1) + reply
        if self._strikes(faults.late):
            delay_s += faults.late_s + faults.late_spread_s * self._random.random()
        return delay_s, b"" if self._strikes(faults.drop) else reply

    def _strikes(self, share: float) -> bool:
        return share > 0 and self._random.random() < share

    def _flip_a_bit(self, frame: bytes) -> bytes:
        bit = self._random.randrange(8 * len(frame))
        broken = bytearray(frame)
        broken[bit // 8] ^= 1 << bit % 8
        return bytes(broken)

    def _point(self, link: Path) -> None:
        fresh = link.with_name(f"{link.name}.{threading.get_ident()}")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(self.tty)
        fresh.replace(link)
