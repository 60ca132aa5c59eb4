"""How the box is: the retained message, and the will that stands in for it."""

from typing import Annotated, Literal

from pydantic import Field

from gateway.contract.words import Chain, Count, Id, Lane, Model, Start, Utc, missing, one_of
from gateway.ladder import Rung
from gateway.lane import states
from gateway.lane.reports import ModeKind
from gateway.lane.types import Boom, Direction
from gateway.sight import Condition

LANE_STATES = tuple(one.__name__.lower() for one in states.State.__args__)
Megabytes = Annotated[float, Field(ge=0)]
OK_OR_WHY = "`ok`, or a sentence with the next step."


class LaneMode(Model):
    """Who has the say over the boom. A lane that works by its rules says only `kind`."""

    kind: Annotated[str, one_of(ModeKind, "The strongest first.")]
    by: str = missing("Who wanted it.")
    reason: str = missing("Why.")
    since: str = missing("UTC, to the second.", examples=["2026-11-22T01:00:00Z"])
    ends_at: str | None = missing("UTC, to the second; only `hold_open` ends.")


class LaneState(Model):
    """One lane."""

    direction: Direction
    state: Annotated[str, one_of(LANE_STATES, "What the lane is doing.")]
    boom: Annotated[str, one_of(Boom, "Where its boom is.")]
    inputs: str = Field(description="`ok`, or `lost: ` and why.")
    camera: str = Field(
        description="`ok`, or a word and why: "
        + ", ".join(word for word in Condition if word != "ok")
    )
    mode: LaneMode
    signs: str = missing("What is wrong with its signs; missing where nothing is.")
    scanner: str = missing("The same for its scanner.")


class Outbox(Model):
    """What waits for the cloud."""

    epoch: Id = Field(description="The history that it belongs to.")
    records: Count = Field(description="How far the history goes.")
    backlog: Count = Field(description="Records without an acknowledgement.")
    oldest_unacked_at: Utc | None = Field(description="When the oldest of them was committed.")
    last_receipt_at: Utc | None = Field(description="When the cloud last acknowledged anything.")


class Disk(Model):
    """How long the box can keep what it records."""

    used_mb: Megabytes = Field(description="What the records take.")
    room_mb: Megabytes = Field(description="What they may still take.")
    hours_left: Annotated[float, Field(ge=0)] | None = Field(
        description="If the cloud stays away and records come as of late; null where few came."
    )


class Certificate(Model):
    """How long the box can still prove who it is."""

    days_left: int = Field(description="Whole days; below 0 once it has run out.")
    until: Utc


class AreaState(Model):
    """Who is in one area now: counted anew at each change, never added up."""

    inside: dict[str, Count] = Field(description="Vehicles by their class.")
    taken: Count = Field(description="All of them.")
    places: Count = missing("How many places there are; missing where nobody counts.")
    free: Count = missing("How many of them are not taken.")


class RightsHeld(Model):
    """Which set of rights the box goes by; version 0: none yet."""

    version: Count
    hash: Chain = Field(description="Over all rights; see Rights.")
    count: Count = Field(description="How many rights.")


class ParkingState(Model):
    """The car park behind the lanes."""

    areas: dict[str, AreaState] = Field(description="By the area's name.")
    rights: RightsHeld
    tariffs: list[str] = Field(description="Area and version of each tariff.")
    ticket_key: str = Field(
        description="Checks the tickets that this box signs: an Ed25519 key in base64url; empty"
        " where it cannot sign."
    )


class Online(Model):
    """The box is connected."""

    online: Literal[True]
    inst: Start
    version: str = Field(description="Of the gateway's program.")
    modes: list[Annotated[str, one_of(Rung, "What is missing; `FULL` alone where nothing is.")]]
    still: dict[str, str] = Field(
        description="For each of `modes`: what the lanes do all the same."
    )
    configuration: str = Field(description=OK_OR_WHY)
    clock: str = Field(description=OK_OR_WHY)
    storage: str = Field(description=OK_OR_WHY)
    pictures: str = Field(description=OK_OR_WHY)
    certificate: Certificate | None = Field(
        description="Null where there is none, or the clock is not to be trusted."
    )
    outbox: Outbox = missing("What waits for the cloud; not known at a start's first moment.")
    disk: Disk = missing("The same of the disk.")
    parking: ParkingState = missing("Missing where the box goes by lists alone.")
    lanes: dict[Lane, LaneState] = Field(description="By the lane's name.")


class Offline(Model):
    """The box took leave, or its connection broke: this is its will too."""

    online: Literal[False]
