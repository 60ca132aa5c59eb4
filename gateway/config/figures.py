"""What a lane's figures are: how sure a reading must be, and how long to wait for what."""

from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from gateway.lane.plates import Gate


def Seconds(  # noqa: N802 -- reads as what it is: a kind of field
    default: float, low: float, high: float, title: str, description: str
) -> Any:
    return Field(default, ge=low, le=high, title=f"{title} (s)", description=description)


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class GateConfig(Strict):
    """How sure a reading must be before it counts."""

    min_char: float = Field(
        default=Gate().min_char,
        ge=0,
        le=1,
        title="Least sure character",
        description="Probability, 0 to 1, that the least sure character of a plate must reach.",
    )
    box_score: float = Field(
        default=Gate().box_score,
        ge=0,
        le=1,
        title="Box score",
        description="Score, 0 to 1, that the place of the plate in the picture must reach.",
    )
    plate: float = Field(
        default=Gate().plate,
        ge=0,
        le=1,
        title="Plate at all",
        description="Probability, 0 to 1, of being a plate and not a lamp, a grille or a sign.",
    )
    width_px: float = Field(
        default=Gate().width_px,
        ge=0,
        le=2000,
        title="Width (pixels)",
        description="A plate that is less wide in the picture is too far away to be read.",
    )
    sharpness: float = Field(
        default=Gate().sharpness,
        ge=0,
        le=1,
        title="Sharpness",
        description="Share of a plate's contrast in fine detail, 0 to about 0.6, it must reach.",
    )


class TimingConfig(Strict):
    """How long the lane waits, and for what."""

    arm_s: float = Seconds(
        0.3, 0, 10, "Arming", "The arming loop must be occupied this long before a visit begins."
    )
    read_s: float = Seconds(2.0, 0.1, 30, "Reading", "The reader gets this long to find a plate.")
    decide_s: float = Seconds(
        1.0, 0.1, 30, "Deciding", "The rules must have answered by then; else nobody is let in."
    )
    case_s: float = Seconds(
        15.0, 1, 600, "Case", "A vehicle that was not let in waits this long before an alarm."
    )
    travel_s: float = Seconds(
        3.0, 0.3, 30, "Boom travel", "The boom's rise or fall time, by its data sheet."
    )
    travel_margin_s: float = Seconds(
        2.0, 0, 30, "Travel margin", "Added to the travel time before the boom counts as stuck."
    )
    no_passage_s: float = Seconds(
        45.0, 1, 600, "No passage", "The open boom waits this long for the vehicle to come."
    )
    clear_s: float = Seconds(
        1.0, 0.2, 30, "Clear", "The closing loop must be free this long before the boom closes."
    )
    clear_large_s: float = Seconds(
        2.0, 0.2, 30, "Clear, lorry", "The same for lorries and trailers, which leave gaps."
    )
    fresh_s: float = Seconds(
        0.2, 0.05, 5, "Fresh", "A reading of the inputs older than this counts as unknown."
    )
    between_s: float = Seconds(
        10.0,
        0.5,
        60,
        "Between the loops",
        "A vehicle that left the arming loop reaches the closing loop within this; whoever comes"
        " later came from elsewhere.",
    )
    lost_s: float = Seconds(
        3.0, 0.5, 600, "Inputs lost", "After so long without inputs, `open_when_lost` acts."
    )
    regate_s: float = Seconds(
        10.0, 0, 600, "Same plate", "A plate that passed is not counted again for this long."
    )
    loiter_s: float = Seconds(
        120.0, 5, 3600, "Loitering", "A vehicle on the arming loop this long raises an alarm."
    )
    loop_stuck_s: float = Seconds(
        120.0, 5, 3600, "Loop stuck", "A closing loop occupied this long raises an alarm."
    )
    reshoots: int = Field(
        default=3,
        ge=0,
        le=20,
        title="Looking again",
        description="A plate in doubt is looked at so many times more before somebody is called.",
    )
    motions_per_min: int = Field(
        default=20,
        ge=2,
        le=120,
        title="Motions a minute",
        description="After so many orders in a minute the boom stays up, for its motor.",
    )
    open_when_lost: bool = Field(
        default=False,
        title="Open when lost",
        description="Whether the lane opens when its inputs stay away; else it stays as it is.",
    )
    agree_frames: int = Field(
        default=2,
        ge=1,
        le=20,
        title="Agreeing frames",
        description="So many pictures must show the same plate before it is believed.",
    )
    agree_char: float = Field(
        default=0.92,
        ge=0,
        le=1,
        title="Agreeing character",
        description="Probability, 0 to 1, that the least sure character must reach in at least one"
        " of the agreeing pictures.",
    )


@dataclass(frozen=True, slots=True)
class Limits:
    """The least and the most that may be kept, each with its reason."""

    unit: str
    low: int
    high: int
    floor: str
    ceiling: str

    def checked(self, value: int) -> int:
        allowed = f"allowed: {self.low} to {self.high} {self.unit}"
        if value < self.low:
            raise ValueError(f"{value} {self.unit} are too few: {self.floor}; {allowed}")
        if value > self.high:
            raise ValueError(f"{value} {self.unit} are too many: {self.ceiling}; {allowed}")
        return value

    def schema(self) -> dict[str, Any]:
        return {"minimum": self.low, "maximum": self.high}


EVENTS = Limits(
    "days",
    30,
    1095,
    floor="a month's fees and complaints could not be looked into any more",
    ceiling="plates are personal data, and nothing here needs them for longer",
)
PICTURES = Limits(
    "days",
    3,
    365,
    floor="a picture must outlive a holiday, or nobody sees what a complaint is about",
    ceiling="pictures show people, and nothing here needs them for longer",
)
ACKED = Limits(
    "hours",
    24,
    720,
    floor="a cloud that is set back to last night's backup could not ask for them again",
    ceiling="they only repeat events, for a cloud that is set back to a backup",
)


class RetentionConfig(Strict):
    """How long the box keeps what, in its own running time; then it is deleted."""

    events_days: Annotated[int, AfterValidator(EVENTS.checked)] = Field(
        json_schema_extra=EVENTS.schema(),
        default=365,
        title="Events (days)",
        description="Passes, raises, cases, alarms, modes, orders and ledgers are kept so long;"
        " GA/T 1742-2020 asks for 365.",
    )
    pictures_days: Annotated[int, AfterValidator(PICTURES.checked)] = Field(
        json_schema_extra=PICTURES.schema(),
        default=30,
        title="Pictures (days)",
        description="Pictures are kept so long, unless `evidence_mb` makes them go before;"
        " GA/T 1742-2020 asks for 30.",
    )
    acked_hours: Annotated[int, AfterValidator(ACKED.checked)] = Field(
        json_schema_extra=ACKED.schema(),
        default=72,
        title="Acknowledged records (hours)",
        description="Records that the cloud has are kept so long, in case it is set back to a"
        " backup: no shorter than its backups are apart.",
    )

    @model_validator(mode="after")
    def _no_picture_outlives_its_pass(self) -> Self:
        if self.pictures_days > self.events_days:
            raise ValueError(
                f"pictures are kept for {self.pictures_days} days and events for"
                f" {self.events_days}: a picture without its event proves nothing; give pictures"
                " no more than events"
            )
        return self
