"""What the cloud tells about parking, on `dn/parking`."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from gateway.contract.words import Id, Model, Seq, missing
from gateway.lane.types import PlateColour, PlateType
from gateway.sync.orderfields import (
    ID,
    MAX_FEN,
    MAX_MINUTES,
    MAX_TEXT,
    TIME,
    WORD,
    CreditKind,
)
from gateway.sync.telling import MAX_WH, Said

Node = dict[str, Any]

TIME_ABOUT = "A time with its offset, or in UTC with a `Z`."
Time = Annotated[
    str,
    Field(pattern=TIME, description=TIME_ABOUT, examples=["2026-11-22T02:10:07.412Z"]),
]
OrderId = Annotated[str, Field(pattern=ID, description="The order's own id, made once for it.")]
SessionId = Annotated[str, Field(pattern=ID, description="The session that it is for.")]
Typed = Annotated[
    str,
    Field(
        min_length=1,
        description="A plate, however it is typed: `粤b·12345` is `粤B12345`.",
        examples=["京A12845"],
    ),
]
MaybeSession = Annotated[SessionId | None, missing("The session; or give `plate`.")]
MaybePlate = Annotated[
    Typed | None,
    missing("The vehicle; or give `session_id`. Where both are there, the session counts."),
]
Figure = Annotated[
    Annotated[int, Field(ge=0)] | None,
    missing("Fen of an `amount`, minutes, or percent of what is left."),
]
Until = Annotated[Time | None, missing("Of `until`: the stay up to then is free.")]
AsVehicle = Annotated[
    Annotated[str, Field(pattern=WORD)] | None,
    missing("Of `class`: charged as this class of vehicle, where that is less."),
]
Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
Fen = Annotated[int, Field(ge=0, le=MAX_FEN)]
SomeFen = Annotated[int, Field(ge=1, le=MAX_FEN)]
By = Annotated[Text, Field(description="Who says so.")]
Reason = Annotated[Text, Field(description="Why.")]


def _present(name: str) -> Node:
    return {"required": [name], "properties": {name: {"type": "string"}}}


_WHOSE: Node = {"anyOf": [_present("session_id"), _present("plate")]}


def _where(kind: str, needs: str, form: Node) -> Node:
    return {
        "if": {"required": ["kind"], "properties": {"kind": {"const": kind}}},
        "then": {"required": [needs], "properties": {needs: form}},
    }


_FIGURES: Node = {
    "allOf": [
        _where("amount", "figure", {"type": "integer", "maximum": MAX_FEN}),
        _where("minutes", "figure", {"type": "integer", "maximum": MAX_MINUTES}),
        _where("percent", "figure", {"type": "integer", "maximum": 100}),
        _where("until", "until", {"type": "string"}),
        _where("class", "vehicle", {"type": "string"}),
    ]
}


def _with(extra: Node) -> ConfigDict:
    return ConfigDict(extra="allow", frozen=True, json_schema_extra=extra)


# --- orders ------------------------------------------------------------------------------


class Pay(Model):
    """Somebody paid."""

    model_config = _with(_WHOSE)

    do: Literal["pay"]
    id: OrderId
    session_id: MaybeSession
    plate: MaybePlate
    amount_fen: SomeFen = Field(description="How much.")
    at: Time = Field(
        description="When it was paid. By a ticket: its `quoted_at`, so that what begins while the"
        " driver pays is not due besides."
    )
    by: Text = Field(description="By what way.", examples=["wechat", "alipay", "etc", "cash"])


class Refund(Model):
    """Money was given back."""

    do: Literal["refund"]
    id: OrderId
    session_id: SessionId
    amount_fen: SomeFen = Field(description="How much.")
    at: Time = Field(description="When it was given back.")
    reason: Reason


class Credit(Model):
    """Something is taken off a stay's fee; used up only on leaving."""

    model_config = _with(_WHOSE | _FIGURES)

    do: Literal["credit"]
    id: OrderId = Field(description="Also the credit's id.")
    session_id: MaybeSession
    plate: MaybePlate
    kind: CreditKind = Field(description="What it takes off.")
    figure: Figure
    until: Until
    vehicle: AsVehicle
    valid_until: Time | None = missing("Not to be used later.")
    reason: Reason


class Revoke(Model):
    """A credit is taken back, unless it is used up. Only once a record has named the credit."""

    do: Literal["revoke"]
    id: OrderId
    credit_id: Id = Field(description="The `id` of the `credit`.")


class Charge(Model):
    """A charging pile finished an order: one credit, before, at or after the exit."""

    model_config = _with(_FIGURES)

    do: Literal["charge"]
    id: OrderId
    order: str = Field(
        pattern=WORD, description="The pile's own number of it: counts once, under whatever `id`."
    )
    plate: Typed
    began: Time
    ended: Time = Field(description="Not before `began`.")
    wh: int = Field(ge=0, le=MAX_WH, description="Watt-hours.")
    kind: CreditKind | None = missing(
        "The credit that it gives, as in `credit`; missing where the tariff alone says what"
        " charging is worth."
    )
    figure: Figure
    until: Until
    vehicle: AsVehicle


class Funds(Model):
    """What may be taken from the driver's account without asking; the latest word counts."""

    do: Literal["funds"]
    id: OrderId
    plate: Typed
    credit_fen: Fen = Field(description="At most so much.")
    locked: bool = Field(description="Nothing may be taken now.")
    number: Seq = Field(description="Of several for a plate, the greatest counts.")


class Settle(Model):
    """What a session that has ended still owed is paid, wholly or in part."""

    do: Literal["settle"]
    id: OrderId
    session_id: SessionId
    amount_fen: SomeFen = Field(description="How much.")
    at: Time = Field(description="When it was paid.")
    by: Text = Field(description="By what way.")


class Attest(Model):
    """Somebody outside has spoken of a vehicle, ahead of time."""

    do: Literal["attest"]
    id: OrderId
    plate: Typed
    kind: str = Field(pattern=WORD, description="As the lane's policy calls it.")
    passes: bool = Field(description="Whether it may pass.")
    expires_at: Time = Field(description="Asked for anew after that.")


class Correct(Model):
    """The plate was read wrong; rights and fee are judged again."""

    do: Literal["correct"]
    id: OrderId
    session_id: SessionId
    plate: Typed = Field(description="The right one.")
    plate_type: PlateType
    plate_colour: PlateColour
    by: By
    reason: Reason


class Merge(Model):
    """Two sessions were one stay."""

    do: Literal["merge"]
    id: OrderId
    session_id: SessionId
    into: Id = Field(description="The session that it belongs to, another one.")
    by: By
    reason: Reason


class Close(Model):
    """A person ends a session."""

    do: Literal["close"]
    id: OrderId
    session_id: SessionId
    by: By
    reason: Reason


class Answer(Model):
    """The answer to a question on `up/ask`."""

    do: Literal["answer"]
    ask_id: Id = Field(description="Of the question.")
    answer: Said = Field(
        description="`paid`, `accepted` (will be paid) or `refused` to `deduct`; `pass` or `deny`"
        " to `attest`."
    )
    expires_at: Time | None = missing("The same question has this answer until then.")
    amount_fen: Fen | None = missing("What was deducted, where it is not all that was asked for.")


TOLD: dict[str, type[Model]] = {
    "pay": Pay,
    "refund": Refund,
    "credit": Credit,
    "revoke": Revoke,
    "charge": Charge,
    "funds": Funds,
    "settle": Settle,
    "attest": Attest,
    "correct": Correct,
    "merge": Merge,
    "close": Close,
    "answer": Answer,
}
"""Everything that `dn/parking` may say, by `do`. The box passes over what it does not know."""
