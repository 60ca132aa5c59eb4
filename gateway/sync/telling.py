"""What the cloud tells about parking, on `dn/parking`: orders with an id, and answers. Pure.

`told_id` is the id of the order itself. The cloud repeats an order until it sees a record that
names it, so whoever carries orders out keeps the id and takes a repeated one as done.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.lane.types import PlateColour, PlateType
from gateway.rules.tariff.stay import Credit
from gateway.sync.fields import Fields, MalformedError
from gateway.sync.orderfields import OrderFields

MAX_WH = 10_000_000


class Said(StrEnum):
    """The first three answer a deduction, the others an attestation."""

    PAID = "paid"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    PASS = "pass"  # noqa: S105 -- a verdict, no secret
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Pay:
    """Of `session_id` and `plate` one may be empty; where both are there, the session counts."""

    told_id: str
    session_id: str
    plate: str
    amount_fen: int
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Refund:
    """Money that was given back; `amount_fen` is above 0."""

    told_id: str
    session_id: str
    amount_fen: int
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Grant:
    """A credit, whose id is `told_id`, for a session or for the vehicle's stay as in `Pay`.

    `valid_until`: not to be used later; None: as long as the stay lasts.
    """

    told_id: str
    session_id: str
    plate: str
    credit: Credit
    valid_until: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class Revoke:
    told_id: str
    credit_id: str


@dataclass(frozen=True, slots=True)
class Charge:
    """A charging pile's order: `order` is its number there, and counts once under whatever id.

    `credit`, whose id is `told_id`, is None where the tariff alone says what charging is worth.
    """

    told_id: str
    order: str
    plate: str
    began: datetime
    ended: datetime
    wh: int
    credit: Credit | None


@dataclass(frozen=True, slots=True)
class Funds:
    """What may be deducted without asking the driver; of several, the greatest `number` counts."""

    told_id: str
    plate: str
    credit_fen: int
    locked: bool
    number: int


@dataclass(frozen=True, slots=True)
class Settle:
    """What a session that has ended still owed is paid, wholly or in part."""

    told_id: str
    session_id: str
    amount_fen: int
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Attested:
    """What somebody outside says of a vehicle; `kind` as the lane's policy calls it."""

    told_id: str
    plate: str
    kind: str
    passes: bool
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Correct:
    """The plate was read wrong; these are the right ones.

    `vehicle` is the class that such a plate has at this box, empty where it stays what it was.
    """

    told_id: str
    session_id: str
    plate: str
    plate_type: PlateType
    plate_colour: PlateColour
    by: str
    reason: str
    vehicle: str = ""


@dataclass(frozen=True, slots=True)
class Merge:
    """`session_id` is the same stay as `into`, which is another one."""

    told_id: str
    session_id: str
    into: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Close:
    told_id: str
    session_id: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """To the question `ask_id`. `amount_fen`: what was deducted, where the answer says it."""

    ask_id: str
    said: Said
    expires_at: datetime | None = None
    amount_fen: int | None = None


Ordered = (
    Pay | Refund | Grant | Revoke | Charge | Funds | Settle | Attested | Correct | Merge | Close
)
Told = Ordered | Answer


def decode(payload: bytes) -> Told | None:
    """None: an order of a newer protocol. Raises `MalformedError` with the field's name."""
    fields = OrderFields(Fields.of(payload))
    reader = READERS.get(fields.text("do"))
    return reader(fields) if reader else None


# --- each order --------------------------------------------------------------------------


def _pay(fields: OrderFields) -> Pay:
    amount_fen, at = fields.fen("amount_fen", least=1), fields.time("at")
    return Pay(fields.ident("id"), *fields.whose(), amount_fen, at, fields.sentence("by"))


def _refund(fields: OrderFields) -> Refund:
    ids = fields.ident("id"), fields.ident("session_id")
    amount_fen = fields.fen("amount_fen", least=1)
    return Refund(*ids, amount_fen, fields.time("at"), fields.sentence("reason"))


def _grant(fields: OrderFields) -> Grant:
    whose, credit = fields.whose(), fields.credit()
    valid_until = fields.maybe("valid_until", fields.time)
    return Grant(fields.ident("id"), *whose, credit, valid_until, fields.sentence("reason"))


def _revoke(fields: OrderFields) -> Revoke:
    return Revoke(fields.ident("id"), fields.ident("credit_id"))


def _charge(fields: OrderFields) -> Charge:
    began, ended = fields.time("began"), fields.time("ended")
    if ended < began:
        raise MalformedError("field 'ended' is before field 'began'")
    credit = None if fields.get("kind") is None else fields.credit()
    names = fields.ident("id"), fields.word("order"), fields.plate()
    return Charge(*names, began, ended, fields.whole("wh", 0, MAX_WH), credit)


def _funds(fields: OrderFields) -> Funds:
    names = fields.ident("id"), fields.plate()
    locked, number = fields.flag("locked"), fields.count("number")
    return Funds(*names, fields.fen("credit_fen"), locked, number)


def _settle(fields: OrderFields) -> Settle:
    ids = fields.ident("id"), fields.ident("session_id")
    amount_fen = fields.fen("amount_fen", least=1)
    return Settle(*ids, amount_fen, fields.time("at"), fields.sentence("by"))


def _attested(fields: OrderFields) -> Attested:
    names = fields.ident("id"), fields.plate(), fields.word("kind")
    return Attested(*names, fields.flag("passes"), fields.time("expires_at"))


def _correct(fields: OrderFields) -> Correct:
    names = fields.ident("id"), fields.ident("session_id"), fields.plate()
    kind = fields.one_of("plate_type", PlateType)
    colour = fields.one_of("plate_colour", PlateColour)
    return Correct(*names, kind, colour, fields.sentence("by"), fields.sentence("reason"))


def _merge(fields: OrderFields) -> Merge:
    told_id, session_id, into = (fields.ident(name) for name in ("id", "session_id", "into"))
    if into == session_id:
        raise MalformedError("field 'into' is the same session as field 'session_id'")
    return Merge(told_id, session_id, into, fields.sentence("by"), fields.sentence("reason"))


def _close(fields: OrderFields) -> Close:
    ids = fields.ident("id"), fields.ident("session_id")
    return Close(*ids, fields.sentence("by"), fields.sentence("reason"))


def _answer(fields: OrderFields) -> Answer:
    expires_at = fields.maybe("expires_at", fields.time)
    amount_fen = fields.maybe("amount_fen", fields.fen)
    said = fields.one_of("answer", Said)
    return Answer(fields.ident("ask_id"), said, expires_at, amount_fen)


READERS: Mapping[str, Callable[[OrderFields], Told]] = {
    "pay": _pay,
    "refund": _refund,
    "credit": _grant,
    "revoke": _revoke,
    "charge": _charge,
    "funds": _funds,
    "settle": _settle,
    "attest": _attested,
    "correct": _correct,
    "merge": _merge,
    "close": _close,
    "answer": _answer,
}
"""By the word of `do`."""
