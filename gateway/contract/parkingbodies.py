"""Bodies of records of a car park: who was inside, what it cost, who paid, who looked back."""

from typing import Annotated, Any

from pydantic import Field

from gateway.contract.words import Count, Id, Lane, Model, Utc, missing, one_of
from gateway.lane.types import PlateColour, PlateType
from gateway.rules.sessions import Closing
from gateway.rules.tariff import LineKind
from gateway.store.sessions.money import Kind
from gateway.store.sessions.orders import ORDERS, Outcome
from gateway.sync.orderfields import CreditKind

Fen = Annotated[int, Field(ge=0, description="In fen.")]
Local = Annotated[
    str,
    Field(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00$",
        description="A time in Asia/Shanghai.",
        examples=["2026-11-22T10:10:07+08:00"],
    ),
]
PlateText = Annotated[
    str | None, Field(description="Without dot or space; null where it has none.")
]


class Inner(Model):
    """Time in an area inside the one that was entered."""

    area: str
    entered_at: Utc
    left_at: Utc | None = Field(description="Null while it is there.")


class Note(Model):
    """What a person said of a session."""

    at: Utc
    what: Annotated[str, one_of(("corrected", "merged", "closed"), "What was done.")]
    by: str = Field(description="Who said it.")
    reason: str
    was: str | None = Field(description="The plate that it had before, or that of the other stay.")


class BillLine(Model):
    """One step of the reckoning. Fields that say nothing are not there."""

    kind: Annotated[str, one_of(LineKind, "What kind of step.")]
    start: Local
    end: Local
    rule: str = Field(description="In words, for people.")
    amount_fen: int = Field(description="Below 0 where something is taken off.")
    units: int | None = missing("How many units were begun.")
    price_fen: int | None = missing("For each of them.")
    unit_s: int | None = missing("How long one is, in seconds.")
    band_start_s: int | None = missing("Second of the day from which the price counts.")
    band_end_s: int | None = missing("Second of the day up to which it counts.")
    dropped_s: int | None = missing("The last seconds, which cost nothing.")
    figure: int | None = missing("Free seconds, the cap in fen, a percentage or minutes.")
    ref: str | None = missing("The credit's id, the other class or the kind of period.")
    area: str | None = missing("The area that it is for.")


class Bill(Model):
    """A stay's fee as the box reckoned it: total - discounted - paid = due - overpaid."""

    tariff: str = Field(description="Area and version of the tariff.")
    plan: str = Field(description="The plan of it that was applied.")
    vehicle: str = Field(description="The vehicle's class.")
    entered: Local
    until: Local = Field(description="Charged up to then; while its grace lasts, the payment.")
    lines: list[BillLine]
    discounts: list[BillLine] = Field(description="What credits took off.")
    grace_until: Local | None = Field(description="Null where none lasts.")
    quota_days: list[str] = Field(description="Days whose free time it used up.")
    total_fen: Fen
    discounted_fen: Fen
    paid_fen: Fen
    due_fen: Fen
    overpaid_fen: Fen


class SessionBody(Model):
    """A vehicle's stay, from a proved entry to a proved exit. The later record wins.

    Its figures are those of its end: total + overpaid = discounted + paid + owed.
    """

    session_id: Id = Field(description="The id of the pass that began it.")
    phase: Annotated[
        str, one_of(("opened", "changed", "closed", "corrected"), "What happened to it.")
    ]
    plate: PlateText
    plate_type: Annotated[str, one_of(PlateType, "As in a pass.")] | None
    plate_colour: Annotated[str, one_of(PlateColour, "As in a pass.")] | None
    vehicle: str = Field(description="Its class, by which tariffs and rights go.")
    area: str = Field(description="The area that it entered.")
    innermost: str = Field(description="The area that it is in, or was in last.")
    entered_at: Utc | None = Field(description="Null where nobody saw it come.")
    entry_pass: Id | None = Field(description="The pass that proves it.")
    left_at: Utc | None = Field(description="Null while it is inside, and where it was merged.")
    exit_pass: Id | None = Field(description="The pass that proves it.")
    closing: Annotated[str, one_of(Closing, "How it ended.")] | None = Field(
        description="Null while it is inside."
    )
    linked: Id | None = Field(
        description="The session before it that nobody saw end, or the one it was merged into."
    )
    right_id: str | None = Field(description="The right that it came by.")
    inner: list[Inner] = Field(description="Where it was inside.")
    bill: Bill | None = Field(description="Null where nothing was reckoned.")
    total_fen: Fen
    discounted_fen: Fen
    paid_fen: Fen
    overpaid_fen: Fen = Field(description="To be given back.")
    owed_fen: Fen
    quota_days: list[str] = Field(description="As in the bill.")
    notes: list[Note] = Field(description="What people changed, in order.")


class MoneyBody(Model):
    """An event of money. The later record wins: it may turn out to be another session's."""

    money_id: Id = Field(description="The order's own id, where one told it.")
    session_id: Id | None = Field(description="Null where it is of a plate alone.")
    plate: PlateText
    kind: Annotated[str, one_of(Kind, "What kind of event.")]
    amount_fen: Fen
    at: Utc = Field(description="When it was, by whoever told it.")
    booked_at: Utc = Field(description="When the box took it in; the day's account goes by it.")
    by: str | None = Field(description="Who took the money.")
    reason: str | None
    lane: Lane | None
    order_id: Id | None = Field(description="The try of a deduction that it is about.")
    credit_id: Id | None = Field(description="The credit that took it off.")
    late: bool = Field(description="It came after the stay had its bill.")


class CreditBody(Model):
    """Something off a fee. The later record wins."""

    credit_id: Id = Field(description="The id of the order that granted it.")
    phase: Annotated[str, one_of(("granted", "revoked", "used"), "What became of it.")]
    plate: PlateText
    session_id: Id | None = Field(description="Null where it is for the plate's next stay.")
    kind: Annotated[str, one_of(CreditKind, "What it takes off.")]
    figure: Count = Field(description="Fen, minutes or percent; 0 for the other kinds.")
    until: Utc | None = Field(description="Free until then.")
    vehicle: str | None = Field(description="Charged as this class.")
    valid_until: Utc | None = Field(description="Of no use later; null: no end.")
    source: str | None = Field(description="The charging order that it comes from.")
    reason: str | None
    granted_at: Utc
    revoked_at: Utc | None
    used_by: Id | None = Field(description="The session that left with it.")
    used_fen: Fen = Field(description="What it took off its bill.")


class ToldBody(Model):
    """What became of an order of `dn/parking`. Once you see it, repeat the order no more."""

    told_id: Id = Field(description="The order's id.")
    do: Annotated[str, one_of(ORDERS, "What was ordered.")]
    outcome: Annotated[str, one_of(Outcome, "What became of it.")]
    detail: str = Field(description="A sentence where it did not fit; an alarm says the same.")
    at: Utc


class TraceBody(Model):
    """Somebody asked who was here with a vehicle. Names nobody that was found."""

    trace_id: Id
    at: Utc
    by: str = Field(description="Who asked.")
    purpose: str = Field(description="What for.")
    plate: str = Field(description="The plate that was asked for.")
    since: Utc
    until: Utc
    around_s: Count = Field(description="So many seconds before and after its stays count, too.")
    found: Count = Field(description="Contacts there were.")
    told: Count = Field(description="How many of them were told.")


# --- the daily account -------------------------------------------------------------------


class AreaDay(Model):
    """Stays that began in an area: at_start + began - ended = at_end."""

    at_start: Count
    began: Count
    ended: Count
    at_end: Count


class SessionsDay(Model):
    """A day's stays."""

    balanced: bool
    areas: dict[str, AreaDay] = Field(description="By the area's name.")
    superseded: Count = Field(description="Came in again and had not been seen to leave.")
    merged: Count = Field(description="Turned out to be the same as another one.")
    by_hand: Count = Field(description="Ended by a person.")
    never_seen: Count = Field(description="Left, and nobody had seen them come.")
    oldest_inside: Utc | None = Field(description="When the vehicle came that is there longest.")


class Unbalanced(Model):
    """A stay whose figures and events are not alike."""

    session_id: Id
    why: str


class MoneyDay(Model):
    """A day's money. The first figures are of the stays that were charged that day."""

    balanced: bool
    stays: Count = Field(description="Stays that were charged.")
    total_fen: Fen
    discounted_fen: Fen
    paid_fen: Fen
    owed_fen: Fen
    overpaid_fen: Fen
    received_fen: dict[str, int] = Field(description="Money that came in, by who took it.")
    settled_fen: Fen = Field(description="Of debts, in that.")
    refunded_fen: Fen = Field(description="Given back.")
    late_overpaid_fen: Fen = Field(
        description="To be given back: came, or was taken off, too late."
    )
    unplaced_fen: Fen = Field(description="Paid for a stay that there is not, so far.")
    debts: Count = Field(description="Stays that owe, at the end of the day.")
    debts_fen: Fen = Field(description="What they owe.")
    unbalanced: list[Unbalanced] = Field(max_length=50)


BODIES: dict[str, type[Model]] = {
    "session": SessionBody,
    "money": MoneyBody,
    "credit": CreditBody,
    "told": ToldBody,
    "trace": TraceBody,
}


def of_a_car_park(about: str) -> Any:
    """A field that only a box with a car park has."""
    return missing(f"{about} Only where there is a car park.")
