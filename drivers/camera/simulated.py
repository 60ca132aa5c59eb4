"""A camera beside a simulated lane: it renders what stands in front of it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from drivers.twins.scene import TwinClient, socket_path
from gateway.ports import Camera, DeviceError, DriverSettings, Frame

if TYPE_CHECKING:
    from drivers.twins.picture import ScenePainter


class Settings(DriverSettings):
    driver: Literal["simulated"]
    twin: str = Field(
        default="lane",
        title="Simulation",
        description="The name of the simulated bus, or the path of its socket.",
        examples=["lane", "/run/lanegate/twin.sock"],
    )
    lane: str = Field(default="entry-1", title="Lane of the simulation")
    fps: float = Field(default=10, title="Frames per second", gt=0, le=60)
    width: int = Field(default=1280, title="Width (pixels)", ge=160, le=3840)
    height: int = Field(default=720, title="Height (pixels)", ge=90, le=2160)
    seed: int = Field(default=1, title="Seed of dirt, tilt and noise")


@contextmanager
def connect(settings: Settings) -> Iterator[Camera]:
    """Raises `DeviceError` where the libraries that draw are missing."""
    try:
        from drivers.twins.picture import ScenePainter
    except ImportError as error:
        raise DeviceError(
            "the rendered camera needs the extra `demo`: pip install 'lanegate[demo]'"
        ) from error
    painter = ScenePainter(width=settings.width, height=settings.height, seed=settings.seed)
    with TwinClient(socket_path(settings.twin)) as client:
        yield SimulatedCamera(settings, client, painter)


class SimulatedCamera:
    def __init__(self, settings: Settings, client: TwinClient, painter: "ScenePainter") -> None:
        self._settings = settings
        self._client = client
        self._painter = painter

    def frames(self) -> Iterator[Frame]:
        """A picture every 1/fps seconds; `DeviceError` when the simulation does not answer."""
        due = time.monotonic()
        while True:
            yield self._frame()
            due = max(due + 1 / self._settings.fps, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))

    def _frame(self) -> Frame:
        twin, lane = socket_path(self._settings.twin), self._settings.lane
        try:
            scene = self._client.scene(lane)
        except OSError as error:
            raise DeviceError(
                f"simulated camera: no simulation answers at {twin}: {error}: "
                "is the simulated bus running, and under this name?"
            ) from error
        except ValueError as error:
            raise DeviceError(f"simulated camera: {twin} knows no lane {lane}: {error}") from error
        return Frame(self._painter.paint(scene), time.monotonic())
