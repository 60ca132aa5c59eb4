"""How another process sees the simulated world, and reaches into it. Standard library only."""

import json
import os
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class SeenCar:
    """`front_m`: where its front is, below 0 before the boom; `offset_m`: to the camera's side.

    `kind`: a livery's name; without one it is the plainest plate of its colour. `tilt_deg`: how
    far its plate hangs from level, clockwise; `dirt`: 0 washed, 1 hardly to be read.
    """

    number: int
    plate: str
    colour: str
    front_m: float
    offset_m: float
    length_m: float
    speed_mps: float
    kind: str = ""
    tilt_deg: float = 0.0
    dirt: float = 0.0


@dataclass(frozen=True, slots=True)
class Scene:
    """`boom_deg`: 0 down, 90 up; `light`: 0 night, 1 full daylight."""

    lane: str
    boom_deg: float
    light: float
    cars: tuple[SeenCar, ...]

    @classmethod
    def of(cls, seen: Mapping[str, Any]) -> Self:
        """From what `LaneWorld.scene` says, or a twin's answer."""
        cars = tuple(SeenCar(**car) for car in seen["cars"])
        return cls(lane=seen["lane"], boom_deg=seen["boom_deg"], light=seen["light"], cars=cars)


def run_folder(name: str) -> Path:
    """The private folder of the simulation called `name`, the same for everyone of this user."""
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    return Path(base) / f"lanegate-{os.getuid()}-{name}"


def socket_path(twin: str) -> Path:
    """`twin` is a path, or the name of a simulation with its socket in its usual place."""
    return Path(twin) if "/" in twin else run_folder(twin) / "twin.sock"


class TwinClient:
    """Asks a twin's process over its Unix socket, one line of JSON each way.

    Calls raise `OSError` where nobody answers in time, and `ValueError` with the twin's own
    sentence where it refuses. After an `OSError` the next call connects anew.
    """

    def __init__(self, path: Path, *, timeout_s: float = 2.0) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._line: socket.socket | None = None
        self._unread = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
        self._line, self._unread = None, b""

    def scene(self, lane: str) -> Scene:
        return Scene.of(self.ask(get="scene", lane=lane))

    def truth(self, lane: str | None = None) -> dict[str, int]:
        """Counts of what really happened, in one lane or in all of them."""
        return dict(self.ask(get="truth", lane=lane)["counts"])

    def press(self, lane: str) -> None:
        self.ask(do="press", lane=lane)

    def send_car(self, lane: str, plate: str, manner: str = "steady") -> int:
        """The number that the car got."""
        return int(self.ask(do="car", lane=lane, plate=plate, manner=manner)["number"])

    def hold_traffic(self, lane: str | None = None, *, held: bool = True) -> None:
        """In one lane or in all of them."""
        self.ask(do="hold_traffic", held=held, lane=lane)

    def quit(self) -> None:
        self.ask(do="quit")
        self.close()

    def ask(self, **question: object) -> dict[str, Any]:
        """One question of the protocol in `drivers.twins.control`, and its answer."""
        try:
            answer = self._exchange(json.dumps(question, ensure_ascii=False).encode())
        except OSError:
            self.close()
            raise
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer

    def _exchange(self, line: bytes) -> dict[str, Any]:
        if self._line is None:
            self._line = socket.socket(socket.AF_UNIX)
            self._line.settimeout(self._timeout_s)
            self._line.connect(str(self._path))
        self._line.sendall(line + b"\n")
        while b"\n" not in self._unread:
            part = self._line.recv(1 << 16)
            if not part:
                raise ConnectionResetError(f"{self._path}: the twin hung up")
            self._unread += part
        text, _, self._unread = self._unread.partition(b"\n")
        answer: dict[str, Any] = json.loads(text)
        return answer
