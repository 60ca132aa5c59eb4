"""The configuration, declared once: here, and in each driver's `Settings`."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from gateway.catalog import Catalog, SettingsOf
from gateway.config.crosscheck import clashes
from gateway.config.document import Document
from gateway.config.figures import GateConfig, RetentionConfig, Strict, TimingConfig
from gateway.config.files import gather
from gateway.config.parking import AreaName, ParkingConfig, PolicyConfig
from gateway.config.problems import ConfigError, Problem
from gateway.config.profiles import Profiles
from gateway.config.sentences import problems_of
from gateway.config.view import ViewConfig
from gateway.lane.types import Direction, Verdict
from gateway.ports import DriverSettings
from gateway.rules.access import AccessList, spelled
from gateway.sync.settings import UplinkSettings

PlateText = Annotated[str, AfterValidator(spelled)]
VisitorCode = Annotated[str, Field(min_length=6, max_length=512)]
BusLabel = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$")]


class AccessConfig(Strict):
    """Who may pass, by lists on this box."""

    unknown: Verdict = Field(
        default=Verdict.DENY,
        title="Unknown plates",
        description="What a plate on neither list gets; a lane's `unknown_plates` goes before it.",
    )
    allow: frozenset[PlateText] = Field(
        default=frozenset(),
        title="Allow list",
        description="Plates that may pass, such as 京A12345.",
    )
    codes: frozenset[VisitorCode] = Field(
        default=frozenset(),
        title="Visitor codes",
        description="Codes that a scanner accepts at a lane, such as those on a ticket.",
    )
    block: frozenset[PlateText] = Field(
        default=frozenset(),
        title="Block list",
        description="Plates that may not pass; wins over the allow list.",
    )


def _default_reader() -> Any:
    return {"driver": "onnx_plates"}


class LaneConfig(Strict):
    """A lane: one boom, its loops, and at most one camera."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,31}$",
        title="Name",
        description="Names the lane in topics, records and logs: up to 32 small letters, digits"
        " and '-'.",
    )
    direction: Direction = Field(title="Direction", description="Which way vehicles drive.")
    barrier: Annotated[DriverSettings, SettingsOf("barrier")] = Field(
        title="Barrier", description="What moves the boom."
    )
    inputs: Annotated[DriverSettings, SettingsOf("inputs")] = Field(
        title="Inputs", description="Where the loops, limit switches and the button are read."
    )
    camera: Annotated[DriverSettings, SettingsOf("camera")] | None = Field(
        default=None, title="Camera", description="Without one, the lane opens by its button only."
    )
    view: ViewConfig = Field(
        default=ViewConfig(),
        title="View",
        description="Which part of the camera's picture counts, and how it should be.",
    )
    reader: Annotated[DriverSettings, SettingsOf("reader")] = Field(
        default_factory=_default_reader,
        validate_default=True,
        title="Reader",
        description="What reads plates in the camera's pictures; without it, `onnx_plates`.",
    )
    display: Annotated[DriverSettings, SettingsOf("display")] | None = Field(
        default=None, title="Display", description="The sign that the driver reads."
    )
    voice: Annotated[DriverSettings, SettingsOf("voice")] | None = Field(
        default=None,
        title="Voice",
        description="What speaks to the driver; without it, the display does, if it can.",
    )
    scanner: Annotated[DriverSettings, SettingsOf("scanner")] | None = Field(
        default=None, title="Scanner", description="Reads codes that drivers hold before it."
    )
    language: Literal["zh-CN", "en"] = Field(
        default="zh-CN", title="Language", description="Of the display and the voice."
    )
    unknown_plates: Verdict | None = Field(
        default=None,
        title="Unknown plates",
        description="What a plate on neither list gets at this lane; without it, as `access` says.",
    )
    area: AreaName | None = Field(
        default=None,
        title="Area",
        description="What lies behind the lane; where `parking` has one area, that one.",
    )
    policy: PolicyConfig | None = Field(
        default=None,
        title="Policy",
        description="What this lane does otherwise than `parking.policy` says.",
    )
    gate: GateConfig = Field(
        default=GateConfig(),
        title="Gate",
        description="How sure a reading must be before it counts.",
    )
    timing: TimingConfig = Field(
        default=TimingConfig(), title="Timing", description="How long the lane waits, and for what."
    )
    poll_ms: int = Field(
        default=50,
        ge=10,
        le=2000,
        title="Polling (ms)",
        description="The inputs are read once in so many milliseconds.",
    )

    @model_validator(mode="after")
    def _inputs_stay_fresh(self) -> Self:
        fresh_ms = self.timing.fresh_s * 1000
        if self.poll_ms >= fresh_ms:
            raise ValueError(
                f"poll_ms {self.poll_ms} is not under fresh_s ({fresh_ms:g} ms): every input would"
                " count as unknown and the boom would never close; poll more often"
            )
        return self


class Config(Strict):
    """Everything that one box is told."""

    gateway: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$",
        title="Identity",
        description="Names this box to the cloud, and is its MQTT client id: up to 64 letters,"
        " digits, '_', '.' and '-'; no other box has the same.",
    )
    data: Path = Field(
        default=Path("/var/lib/lanegate"),
        title="Data folder",
        description="Where the database and the pictures are kept.",
    )
    evidence_mb: int = Field(
        default=2000,
        ge=10,
        le=10_000_000,
        title="Pictures (MB)",
        description="Megabytes on the disk for pictures of passes; what is worth least goes first.",
    )
    retention: RetentionConfig = Field(
        default=RetentionConfig(),
        title="Retention",
        description="How long the box keeps what; see docs/privacy.md.",
    )
    cloud: UplinkSettings | None = Field(
        default=None,
        title="Cloud",
        description="The broker that gets every pass; without it, none does.",
    )
    access: AccessConfig = Field(
        default=AccessConfig(), title="Access", description="Who may pass, by lists on this box."
    )
    parking: ParkingConfig | None = Field(
        default=None,
        title="Parking",
        description="Sessions, rights and fees; without it, lanes go by the lists alone.",
    )
    buses: dict[BusLabel, Annotated[DriverSettings, SettingsOf("bus")]] = Field(
        default={},
        title="Buses",
        description="Lines that devices share, each under a name that devices use in `bus`:"
        " up to 32 letters, digits, '_', '.' and '-'.",
    )
    lanes: tuple[LaneConfig, ...] = Field(
        min_length=1,
        title="Lanes",
        description="One entry for each lane; a file in lanes.d/ beside this one is one more.",
    )

    @model_validator(mode="after")
    def _lanes_have_an_area(self) -> Self:
        for lane in self.lanes:
            if self.parking is None and (lane.area or lane.policy):
                raise ValueError(
                    f"lane {lane.name} has an area or a policy, but there is no parking:"
                )
            if self.parking is not None:
                self.area_of(lane)
        return self

    def area_of(self, lane: LaneConfig) -> str:
        """What lies behind a lane. Raises `ValueError` where that is not said, or is none."""
        assert self.parking is not None  # noqa: S101 -- callers have asked
        areas = self.parking.areas
        name = lane.area or (next(iter(areas)) if len(areas) == 1 else None)
        if name not in areas:
            what = f"there is no area {name}" if name else "which area lies behind it"
            raise ValueError(f"lane {lane.name}: {what}? area: is one of {', '.join(areas)}")
        return name

    def access_list(self, lane: LaneConfig) -> AccessList:
        """What the rules need to decide at one lane."""
        access = self.access
        unknown = lane.unknown_plates or access.unknown
        return AccessList(access.allow, access.block, unknown, access.codes)


def load(path: Path, profiles: Path | None = None, catalog: Catalog | None = None) -> Config:
    """Read and check a configuration, `lanes.d/` and profiles included.

    Raises `ConfigError` with every problem at once. Opens no device and imports no device
    library. `profiles`: a folder other than `profiles/` beside the file.
    """
    catalog = catalog or Catalog()
    document = gather(path, Profiles(profiles) if profiles else Profiles.beside(path))
    config, problems = None, list(document.problems)
    if document.whole:
        problems += clashes(document, catalog)
        config, told = _validated(document, catalog)
        problems += told
    if config is None or problems:
        raise ConfigError(problems)
    return config


def _validated(document: Document, catalog: Catalog) -> tuple[Config | None, list[Problem]]:
    try:
        return Config.model_validate(document.data, context=catalog), []
    except ValidationError as error:
        return None, problems_of(error, document, Config, catalog)
