"""What the gateway needs from the outside world. Drivers implement these, and see nothing else.

A driver is one file `drivers/<kind>/<name>.py` with a class `Settings(DriverSettings)` whose
`driver` is `Literal["<name>"]`, and `connect`:

    bus                 async context manager  connect(settings)         -> Bus
    barrier, inputs     async context manager  connect(settings, buses)  -> Barrier | InputReader
    display, voice, scanner
                        async context manager  connect(settings)  -> Display | Voice | Scanner
    camera, reader      context manager        connect(settings)         -> Camera | Reader

`connect` must not fail because a device is away: the device's calls do, with `DeviceError`,
until it is back. Heavy libraries are imported inside `connect`, so that a configuration is
checked without them.
"""

import math
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, StringConstraints

from gateway.lane.types import Inputs, PlateCandidate


class DeviceError(Exception):
    """A device did not do what it was asked: a sentence with the place and the next step."""


class LoginError(DeviceError):
    """A device refuses our name and password. Asked again at once, it may lock them out."""


class Claim(NamedTuple):
    """A place on a bus that belongs to one user alone, as `outputs 1/3` on bus `line-1`."""

    bus: str
    place: str


class DriverSettings(BaseModel):
    """Base of every driver's settings; `driver` is the name of the driver's file.

    A validator raises `ValueError("what is wrong; likely fix")`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    driver: str

    def claims(self) -> dict[str, Claim]:
        """Places no other device may claim, by the name of the setting that says so."""
        return {}


class BusMarker:
    """Marks a setting that names a bus of the configuration's `buses:`."""


BusName = Annotated[str, BusMarker()]


SecretRef = Annotated[
    str,
    StringConstraints(pattern=r"^(file:/.+|credential:[A-Za-z0-9_.-]+)$"),
]


def reveal(secret: SecretRef) -> str:
    """The secret behind `file:/path` or `credential:name` (systemd), without its newline."""
    where, _, name = secret.partition(":")
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "/run/credentials/lanegate.service")
    path = Path(name) if where == "file" else Path(folder) / name
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8 text"
        raise DeviceError(f"secret {secret}: cannot read {path}: {reason}") from error


class Turn(IntEnum):
    """Who goes first on a bus: orders, then what keeps a boom from closing, then the rest."""

    ORDER = 0
    SAFETY = 1
    REST = 2


class Bus(Protocol):
    """A shared Modbus line. Callers may call at the same time; the bus takes turns.

    Every answer is checked against its question. Raises `DeviceError`; never retries a write.
    A cancelled caller does not disturb the transaction that is on the wire. An order that has
    not begun at `not_after` (monotonic seconds) is refused, not sent late.
    """

    async def read_coils(
        self, slave: int, first: int, count: int, *, turn: Turn = Turn.REST
    ) -> tuple[bool, ...]: ...

    async def read_discrete_inputs(
        self, slave: int, first: int, count: int, *, turn: Turn = Turn.REST
    ) -> tuple[bool, ...]: ...

    async def read_holding_registers(
        self, slave: int, first: int, count: int, *, turn: Turn = Turn.REST
    ) -> tuple[int, ...]: ...

    async def read_input_registers(
        self, slave: int, first: int, count: int, *, turn: Turn = Turn.REST
    ) -> tuple[int, ...]: ...

    async def write_coil(
        self, slave: int, address: int, value: int, *, not_after: float = math.inf
    ) -> None:
        """FC05 with any 16-bit `value`: 0xFF00 on, 0 off, others as the board defines them."""

    async def write_coils(
        self, slave: int, first: int, values: Sequence[bool], *, not_after: float = math.inf
    ) -> None:
        """FC0F."""

    async def write_register(
        self, slave: int, address: int, value: int, *, not_after: float = math.inf
    ) -> None:
        """FC06."""

    async def write_registers(
        self, slave: int, first: int, values: Sequence[int], *, not_after: float = math.inf
    ) -> None:
        """FC10."""


class Barrier(Protocol):
    """A boom's controller. Both calls return when the board has confirmed the order.

    Called by one task at a time. Raises `DeviceError`; never retries by itself.
    """

    async def open(self) -> None: ...

    async def close(self, *, not_after: float = math.inf) -> None:
        """Refused where it could not begin by `not_after` (monotonic seconds).

        The look at what is under the boom would be too old then.
        """


class InputReader(Protocol):
    """A lane's loops, limits and buttons. Raises `DeviceError` where they cannot be read."""

    async def read(self) -> Inputs: ...


class Voice(Protocol):
    """What speaks to the driver. Called by one task at a time. Raises `DeviceError`."""

    async def say(self, text: str) -> None:
        """Returns when the device took it; one that still speaks is waited for, within bounds."""


class Display(Voice, Protocol):
    """A lane's sign. One that cannot speak takes `say` and does nothing.

    `show` and `say` may run at the same time.
    """

    async def show(self, lines: Sequence[str]) -> None:
        """Lines from the top; what does not fit is cut, what the device lacks is replaced."""


@runtime_checkable
class CodeDisplay(Display, Protocol):
    """A sign that can show a QR code beside its lines."""

    async def show_code(self, lines: Sequence[str], code: str) -> None:
        """As `show`; the code, up to 1000 characters, stands until something else is shown."""


class Scanner(Protocol):
    """Reads codes that drivers hold before it."""

    def codes(self) -> AsyncIterator[str]:
        """Each code once, at most 512 characters of printable text. Raises `DeviceError`."""


class Frame:
    """One picture.

    `taken_at`: seconds of our monotonic clock, taken when the picture came; what the camera's
    own clock says is never used. The picture may be younger, never older. `recorded`: it comes
    from a file, so that two that are the same mean nothing.
    """

    def __init__(self, image: Any, taken_at: float, *, recorded: bool = False) -> None:
        self._image = image
        self.taken_at = taken_at
        self.recorded = recorded

    @property
    def image(self) -> Any:
        """uint8 array [height, width, 3] in BGR. May be made only now: look at what you need."""
        return self._image

    @property
    def luma(self) -> Any:
        """Brightness, uint8 [height, width], where the camera has it for less than `image`.

        Else None. Not to be written to.
        """
        return None


class Camera(Protocol):
    """Pictures, oldest first; blocks until the next one.

    Ends where a source has no more of them; raises `DeviceError` where they stop otherwise.
    """

    def frames(self) -> Iterator[Frame]: ...


@runtime_checkable
class LiveCamera(Camera, Protocol):
    """A camera that opens its stream again by itself, and saves work while nobody looks.

    Both may be used by another thread than the one that takes the frames.
    """

    @property
    def trouble(self) -> str:
        """Why no pictures come: a sentence with the next step. Empty while they do."""

    def pace(self, every_s: float) -> None:
        """A picture each so many seconds is enough; 0 asks for every one."""


class Reader(Protocol):
    """Finds and reads plates. `image`: uint8 [height, width, 3] BGR, any size of at least 8x8."""

    def read(self, image: Any) -> Sequence[PlateCandidate]:
        """Every plate in a picture, best box first."""

    def read_crop(self, image: Any) -> PlateCandidate:
        """The one plate that fills the picture."""
