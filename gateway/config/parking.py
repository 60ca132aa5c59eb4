"""What a car park's rules go by: areas, tariffs, and what an operator wants at its lanes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from gateway.config.figures import Strict
from gateway.lane.types import PlateColour, PlateType, Verdict
from gateway.rules.decision import FREE_KINDS, NoEntry, Passback

AreaName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
ClassName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
MOST_FEN = 10_000_000
CLASSES = {
    PlateColour.GREEN: "new_energy",
    PlateColour.YELLOW_GREEN: "large",
    PlateColour.YELLOW: "large",
}


def Fen(title: str, description: str) -> int:  # noqa: N802 -- reads as what it is: a kind of field
    found: int = Field(0, ge=0, le=MOST_FEN, title=f"{title} (fen)", description=description)
    return found


class AttestConfig(Strict):
    """What somebody outside must say of a vehicle before it may come in."""

    kind: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$",
        title="Kind",
        description="What is asked for, such as visitor_approval or dangerous_goods.",
    )
    wait_ms: int = Field(
        default=800, ge=50, le=5000, title="Waiting (ms)", description="So long for an answer."
    )
    ttl_min: int = Field(
        default=60,
        ge=1,
        le=44_640,
        title="Good for (min)",
        description="An answer without an end of its own counts for so many minutes.",
    )
    fails: Verdict = Field(
        default=Verdict.DENY,
        title="Without an answer",
        description="What becomes of a vehicle of which nobody answers.",
    )


class PolicyConfig(Strict):
    """What the rules do where several things could be right."""

    passback: Passback = Field(
        default=Passback.SOFT,
        title="Passback",
        description="Who comes in and is inside already, or leaves by a right and was not seen to"
        " come: `soft` lets it through and links the two; `hard` has somebody look.",
    )
    no_entry: NoEntry = Field(
        default=NoEntry.CASE,
        title="No entry record",
        description="Who leaves and was not seen to come: a `case` for a person, `free` or `flat`.",
    )
    no_entry_fen: int = Fen("Flat fee", "For `no_entry: flat`.")
    owe_fen: int = Fen(
        "Owing", "While the cloud is away, a vehicle may leave and owe so much; 0: nothing."
    )
    owe_all_fen: int = Fen("Owing in all", "So much together with what it owes already.")
    debtors: Verdict = Field(
        default=Verdict.ALLOW, title="Debtors", description="Whether who owes may come in."
    )
    attest: AttestConfig | None = Field(
        default=None, title="Attestation", description="What must be attested; without it nothing."
    )
    deduct_wait_ms: int = Field(
        default=800,
        ge=50,
        le=5000,
        title="Deduction (ms)",
        description="So long the cloud has to take a fee from who pays without stopping.",
    )
    free_vehicles: tuple[PlateType, ...] = Field(
        default=tuple(sorted(FREE_KINDS)),
        title="Free vehicles",
        description="Kinds of plate that never pay and are never asked.",
    )
    let_out_free: bool = Field(
        default=False,
        title="Let out free",
        description="Whether who is let out by a person owes nothing; else what was due is owed.",
    )

    @model_validator(mode="after")
    def _sums_fit(self) -> Self:
        if self.no_entry is NoEntry.FLAT and self.no_entry_fen == 0:
            raise ValueError(
                "no_entry: flat needs no_entry_fen; where nothing is charged, write free"
            )
        if self.owe_all_fen < self.owe_fen:
            raise ValueError(
                f"owe_all_fen {self.owe_all_fen} is less than owe_fen {self.owe_fen}: give the most"
                " that one plate may owe in all"
            )
        return self

    def with_(self, own: "PolicyConfig | None") -> "PolicyConfig":
        """What a lane says itself goes before."""
        if own is None:
            return self
        said = {name: getattr(own, name) for name in own.model_fields_set}
        return self.model_copy(update=said)


class AreaConfig(Strict):
    """A part of the car park that has lanes of its own."""

    within: AreaName | None = Field(
        default=None, title="Within", description="The area that one comes from, if it is one."
    )
    places: int | None = Field(
        default=None,
        ge=0,
        le=100_000,
        title="Places",
        description="When so many are inside, vehicles without a right wait; without it nobody"
        " counts.",
    )
    held: int = Field(
        default=0,
        ge=0,
        le=100_000,
        title="Held",
        description="Of the places, so many are held for who has a right.",
    )


class ParkingConfig(Strict):
    """Sessions, rights and fees. Without this section the lanes go by the lists alone."""

    tariffs: Path = Field(
        default=Path("tariffs"),
        title="Tariffs",
        description="A folder of tariffs, or one tariff; see docs/tariffs.md. Beside this file"
        " where it does not begin with a slash.",
    )
    calendar: Path | None = Field(
        default=None,
        title="Calendar",
        description="The holidays that rights go by; see docs/rights.md.",
    )
    areas: dict[AreaName, AreaConfig] = Field(
        default={"main": AreaConfig()},
        min_length=1,
        title="Areas",
        description="The parts of the car park, by name; tariffs and rights use these names.",
    )
    classes: dict[PlateColour, ClassName] = Field(
        default=CLASSES,
        title="Classes",
        description="The class of a vehicle by the colour of its plate; any other colour is `car`.",
    )
    pay_link: str = Field(
        default="",
        max_length=200,
        title="Payment link",
        description="What the QR code at an exit says, with `{ticket}` in it; see docs/tickets.md."
        " Empty: the ticket alone.",
    )
    overstay_h: int = Field(
        default=72,
        ge=1,
        le=8760,
        title="Overstay (h)",
        description="A vehicle without a right that is inside for longer raises an alarm.",
    )
    policy: PolicyConfig = Field(
        default=PolicyConfig(), title="Policy", description="What lanes do; a lane may differ."
    )

    @model_validator(mode="after")
    def _areas_fit(self) -> Self:
        for wrong in _area_problems(self.areas):
            raise ValueError(wrong)
        wrong_link = self.pay_link.count("{ticket}") != 1 or not self.pay_link.startswith(
            "https://"
        )
        if self.pay_link and wrong_link:
            raise ValueError(
                f"{self.pay_link!r} makes no payment link; write https://... with {{ticket}} in it,"
                " once"
            )
        return self


def _area_problems(areas: dict[str, AreaConfig]) -> Iterator[str]:
    for name, area in areas.items():
        around = areas.get(area.within) if area.within else None
        if area.within and around is None:
            yield f"area {name} is within {area.within}, which is none; areas: {', '.join(areas)}"
        elif around is not None and around.within:
            yield f"area {name} is within {area.within}, which is within another; one level is all"
        if area.places is not None and area.held > area.places:
            yield f"area {name} holds {area.held} of {area.places} places; hold fewer"
