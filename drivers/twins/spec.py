"""What a simulated lane box is made of; the same words in YAML and for the twin's process."""

from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from drivers.twins.boards.models import WIRED_MODELS
from drivers.twins.boards.models import board as board_model
from drivers.twins.scene import run_folder
from drivers.twins.traffic import TrafficSettings

_LONGEST_SOCKET_PATH = 100

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WiringSpec(_Part):
    """Relays and inputs of the lane's board, from 0. The closing loop is normally closed."""

    RELAYS: ClassVar = ("open_relay", "close_relay")

    open_relay: int = Field(default=0, ge=0, le=63)
    close_relay: int = Field(default=1, ge=0, le=63)
    up_limit: int = Field(default=0, ge=0, le=63)
    down_limit: int = Field(default=1, ge=0, le=63)
    arming_loop: int = Field(default=2, ge=0, le=63)
    closing_loop: int = Field(default=3, ge=0, le=63)
    open_button: int = Field(default=6, ge=0, le=63)


class LaneSpec(_Part):
    """One lane with its board on the line."""

    name: Name
    slave: int = Field(default=1, ge=1, le=247)
    board: str = Field(
        default="waveshare-relay-d-8ch",
        title="Board",
        description="Which board stands there, by the name of its profile.",
    )
    boom_travel_s: float = Field(default=3.0, ge=0.5, le=10)
    wiring: WiringSpec = WiringSpec()
    traffic: TrafficSettings = TrafficSettings()

    @model_validator(mode="after")
    def _is_wired_to_its_board(self) -> Self:
        if self.board not in WIRED_MODELS:
            raise ValueError(
                f"no board {self.board!r} is simulated with inputs; choose one of "
                f"{', '.join(sorted(WIRED_MODELS))}"
            )
        there = board_model(self.board, self.slave)
        for end, number in self.wiring:
            has = len(there.relays() if end in WiringSpec.RELAYS else there.inputs)
            if number >= has:
                raise ValueError(f"{end} {number}: {self.board} has 0 to {has - 1}; wire another")
        return self


class LineFaults(_Part):
    """Shares, 0..1, of the replies that are lost, late, broken, or not the one asked for."""

    drop: float = Field(default=0.0, ge=0, le=1)
    late: float = Field(default=0.0, ge=0, le=1)
    corrupt: float = Field(default=0.0, ge=0, le=1)
    stray: float = Field(default=0.0, ge=0, le=1)
    wrong_slave: float = Field(default=0.0, ge=0, le=1)


class TwinSpec(_Part):
    """One RS-485 line with its boards. Paths default to the private folder of `name`."""

    name: Name = "lane"
    baud: int = Field(default=19200, ge=1200, le=230400)
    seed: int = 1
    lanes: tuple[LaneSpec, ...] = Field(
        default=(LaneSpec(name="entry-1"),), min_length=1, max_length=16
    )
    faults: LineFaults = LineFaults()
    socket: Path | None = None
    port: Path | None = None
    journal: Path | None = None

    @model_validator(mode="after")
    def _each_only_once(self) -> Self:
        for word in ("name", "slave"):
            values = [getattr(lane, word) for lane in self.lanes]
            twice = {value for value in values if values.count(value) > 1}
            if twice:
                raise ValueError(f"two lanes have the {word} {min(twice)}: give each its own")
        names = [lane.name for lane in self.lanes]
        for lane in self.lanes:
            if lane.traffic.after and lane.traffic.after not in names:
                raise ValueError(
                    f"the cars of {lane.name} come after {lane.traffic.after}, which is none of"
                    f" the lanes {', '.join(names)}"
                )
        if len(str(self.socket_path)) > _LONGEST_SOCKET_PATH:
            raise ValueError(
                f"{self.socket_path} is too long for a Unix socket: name a shorter path"
            )
        return self

    @property
    def socket_path(self) -> Path:
        return self.socket or run_folder(self.name) / "twin.sock"

    @property
    def port_path(self) -> Path:
        return self.port or run_folder(self.name) / "port"
