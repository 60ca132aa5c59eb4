"""Bodies of records: what happened at a lane or to the box. The newest form of each kind."""

from typing import Annotated, Literal

from pydantic import Field

from gateway.contract import parkingbodies
from gateway.contract.parkingbodies import MoneyDay, SessionsDay, of_a_car_park
from gateway.contract.words import (
    Count,
    Evidence,
    Id,
    Lane,
    Model,
    Number,
    Share,
    Utc,
    one_of,
)
from gateway.lane.reports import AlarmCode, Cause, ModeKind
from gateway.lane.types import (
    DecidedBy,
    Direction,
    Ending,
    Inputs,
    Level,
    PlateColour,
    PlateType,
    Reason,
    Verdict,
)
from gateway.store.keeping import BoxAlarm

Sensors = dict[
    Annotated[str, one_of(Inputs.__slots__, "The sensor's name.")],
    Annotated[str, one_of(Level, "What the sensor says.")],
]


class Plate(Model):
    """A number plate as it was read."""

    text: str = Field(description="The characters, without dot or space.", examples=["京A12845"])
    type: Annotated[str, one_of(PlateType, "Kind of plate, of GA 36-2018 and NY 345.1.")]
    colour: Annotated[str, one_of(PlateColour, "The plate's ground.")]
    confidence: Share = Field(description="Product of the characters' probabilities.")
    min_char: Share = Field(description="Probability of the least sure character.")


class Candidate(Model):
    """A text that the plate may say."""

    text: str = Field(description="The characters.")
    frames: Number = Field(description="Pictures that showed it.")
    min_char: Share = Field(description="Probability of its least sure character, at best.")


Candidates = Annotated[
    list[Candidate],
    Field(
        description="Up to three texts that the plate may say by all pictures of the visit, the"
        " likeliest first. Missing in the oldest records of schema 1."
    ),
]


class PassBody(Model):
    """A visit: one vehicle at a lane. Keep it by `pass_id`; the later record wins."""

    pass_id: Id
    phase: Literal["decided", "ended"] = Field(
        description="`decided`: somebody is let in; `ended`: the visit is over."
    )
    lane: Lane
    direction: Direction = Field(description="Which way the lane goes.")
    plate: Plate | None = Field(description="Null where no plate was read for sure.")
    candidates: Candidates = Field(default_factory=list)
    evidence: Evidence
    verdict: Verdict = Field(description="Whether it was let in.")
    reason: Annotated[str, one_of(Reason, "Why the verdict is as it is.")]
    arrived_at: Utc = Field(description="When the arming loop first felt it.")
    decided_at: Utc | None = Field(description="Null where nobody decided.")
    ended_at: Utc | None = Field(description="Null while the visit goes on.")
    ending: Annotated[str, one_of(Ending, "How the visit ended.")] | None = Field(
        description="Null while the visit goes on. Only `passed` proves a passage."
    )
    decided_by: Annotated[str, one_of(DecidedBy, "")] | None = of_a_car_park("Who decided.")
    session_id: Id | None = of_a_car_park("The session that it begins or ends.")
    right_id: str | None = of_a_car_park("The right that it passes by.")
    due_fen: Count | None = of_a_car_park("What was not paid yet of its fee when it was decided.")
    why: str | None = of_a_car_park("A sentence.")


class RaiseBody(Model):
    """The boom went up: as its limits saw it or, where it has none, as it was ordered."""

    raise_id: Id
    lane: Lane
    at: Utc
    cause: Annotated[str, one_of(Cause, "What it went up for.")]
    reason: str = Field(description="More of the cause: a word of a pass's reasons, or a sentence.")
    pass_id: Id | None = Field(description="The visit that it was for; null where it was for none.")
    evidence: Evidence


class CaseBody(Model):
    """A vehicle stands and needs somebody: what an agent must know, as it was when opened."""

    case_id: Id
    phase: Literal["opened", "closed"]
    lane: Lane
    pass_id: Id = Field(description="The visit that it is about.")
    why: str = Field(description="A sentence.")
    plate: str | None = Field(description="The plate's text, if one was read for sure.")
    candidates: list[Candidate] = Field(description="As in a pass.")
    inputs: Sensors = Field(description="The lane's sensors.")
    evidence: Evidence
    arrived_at: Utc = Field(description="When the vehicle came.")
    opened_at: Utc
    closed_at: Utc | None = Field(description="Null while the case is open.")
    outcome: str | None = Field(description="How it ended; null while the case is open.")
    session_id: Id = of_a_car_park("The stay that it begins or ends.")
    due_fen: Count = of_a_car_park("What it would have to pay.")
    likely: list[Id] = of_a_car_park("Stays that may be this vehicle's, for a person to choose.")


class ModeBody(Model):
    """Who has the say over a lane's boom from `at` on."""

    lane: Lane
    at: Utc = Field(description="In force from then on.")
    kind: Annotated[str, one_of(ModeKind, "The strongest first.")]
    since: Utc = Field(
        description="When it was first set: a hold that a fire interrupted keeps it."
    )
    by: str = Field(description="Who wanted it.")
    reason: str = Field(description="Why.")
    ends_at: Utc | None = Field(description="Only `hold_open` ends by itself.")


class AlarmBody(Model):
    """A sentence for the technician."""

    alarm_id: Id
    lane: Lane | None = Field(description="Null where it is about the whole box.")
    code: Annotated[str, one_of([*AlarmCode, *BoxAlarm], "What kind of alarm.")]
    detail: str = Field(description="A sentence; may be empty where the code says all.")
    raised_at: Utc


class LossBody(Model):
    """Records that nobody has any more, counted."""

    loss_id: Id
    records: Number = Field(description="How many.")
    reason: str = Field(description="A sentence.")
    at: Utc


class PurgeBody(Model):
    """Somebody had something deleted on the box. Names no plate."""

    purge_id: Id
    at: Utc
    by: str = Field(description="Who had it deleted.")
    reason: str = Field(description="Why.")
    what: Annotated[str, one_of(("plate", "age", "pictures"), "By what it was chosen.")]
    counts: dict[str, Count] = Field(description="How many of each table went.")
    passes: list[Id] = Field(
        description="Passes that went. Of many, the rest follow in records of the same `purge_id`."
    )


class TombstoneBody(Model):
    """Stands in the place of a record that the cloud refused, or that made room."""

    kind: str = Field(description="Kind of the record that stood here.", examples=["pass"])
    pass_id: Id | None = Field(description="Its visit, if it had one.")
    code: str = Field(description="Why it is gone: the cloud's word, or `no_room`.")
    digest: str = Field(
        pattern=r"^[0-9a-f]{64}$",
        description="SHA-256 of the line that stood here: the chain goes on over it.",
    )


# --- the daily ledger --------------------------------------------------------------------


class RaiseCounts(Model):
    """Raises by cause; one count for each cause."""

    all: Count
    pass_: Count = Field(alias="pass")
    manual: Count
    hold: Count
    fire: Count
    safety: Count
    unexplained: Count


class PassCounts(Model):
    """Vehicles that were proved to go through."""

    proved: Count
    under_open_boom: Count = Field(description="Had no raise of their own: the boom was up.")
    without_raise: Count = Field(description="Had none, and nothing explains it.")


class LedgerRaise(Model):
    """A raise that nothing explains."""

    raise_id: Id
    at: Utc
    cause: Annotated[str, one_of(Cause, "As in a raise.")]
    reason: str


class LedgerPass(Model):
    """A passage that no raise explains."""

    pass_id: Id
    ended_at: Utc
    reason: Annotated[str, one_of(Reason, "As in a pass.")]


class LaneLedger(Model):
    """One lane's day."""

    raises: RaiseCounts
    explained: Count = Field(description="Raises that a record explains.")
    balance: Count = Field(description="Raises that nothing explains.")
    balanced: bool = Field(description="No raise and no passage is unexplained.")
    passes: PassCounts
    raises_without_record: list[LedgerRaise] = Field(max_length=50)
    passes_without_raise: list[LedgerPass] = Field(max_length=50)


class LedgerBody(Model):
    """A day's raises against what is recorded of them. Comes once for each day."""

    day: str = Field(pattern=r"^\d{4}-\d\d-\d\d$", examples=["2026-11-22"])
    zone: str = Field(description="The day is one of this zone.", examples=["Asia/Shanghai"])
    balance: Count = Field(description="Raises that nothing explains, in all lanes.")
    balanced: bool
    lanes: dict[str, LaneLedger] = Field(description="By the lane's name.")
    sessions: SessionsDay | None = of_a_car_park("Who came and went.")
    money: MoneyDay | None = of_a_car_park("What it cost, and who paid.")


BODIES: dict[str, type[Model]] = {
    "pass": PassBody,
    "raise": RaiseBody,
    "case": CaseBody,
    "mode": ModeBody,
    "ledger": LedgerBody,
    "alarm": AlarmBody,
    "loss": LossBody,
    "purge": PurgeBody,
    "tombstone": TombstoneBody,
    **parkingbodies.BODIES,
}
"""Every kind of record."""
