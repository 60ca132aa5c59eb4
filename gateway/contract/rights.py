"""The set of rights, as the cloud sends it, and what the box asks about parking."""

from typing import Annotated, Literal

from pydantic import Field

from gateway.contract.parking import SomeFen
from gateway.contract.words import Chain, Id, Model, Seq, missing
from gateway.rights.text import RightText
from gateway.sync.asking import MAX_WHY
from gateway.sync.rightswords import MAX_ID, MAX_PARTS, MAX_VERSION

Version = Annotated[
    int, Field(ge=1, le=MAX_VERSION, description="Of the set of rights; counts its changes.")
]
Whole = Annotated[Chain, Field(description="The hash of the whole set.")]
WaitMs = Annotated[int, Field(ge=0, description="An answer after so many milliseconds is late.")]


class Manifest(Model):
    """Which set of rights the box should hold."""

    version: Version
    hash: Whole
    count: Seq = Field(description="How many rights it has.")


class RightsPart(Model):
    """A part of the full set."""

    kind: Literal["full"]
    version: Version
    hash: Whole
    part: int = Field(ge=1, le=MAX_PARTS, description="Which part this is; at most `parts`.")
    parts: int = Field(ge=1, le=MAX_PARTS, description="How many there are.")
    rights: list[RightText] = Field(description="The rights of this part, in any order.")


class RightsDelta(Model):
    """What makes one set of another."""

    kind: Literal["delta"]
    from_: int = Field(
        alias="from", ge=0, le=MAX_VERSION, description="The version that is changed."
    )
    version: Version
    hash: Whole
    set: list[RightText] = Field(description="Rights that are new, or other than before.")
    drop: list[Annotated[str, Field(min_length=1, max_length=MAX_ID)]] = Field(
        description="Ids of rights that are no more."
    )


# --- questions ---------------------------------------------------------------------------


class HeldRights(Model):
    """The set that the box holds."""

    version: Seq = Field(description="0: none yet.")
    hash: Chain = Field(description="Its hash.")


class AskRights(Model):
    """The full set is asked for."""

    ask: Literal["rights"]
    have: HeldRights
    why: str = missing("What was wrong with the last one.", max_length=MAX_WHY)


class AskDeduct(Model):
    """May this fee be taken from the driver's account? The vehicle waits at the exit."""

    ask: Literal["deduct"]
    ask_id: Id
    order_id: Id = Field(description="For the payment service; a new one for each try.")
    session_id: Id
    plate: str
    fee_fen: SomeFen
    wait_ms: WaitMs


class AskAttest(Model):
    """Does somebody outside let this vehicle pass? It waits at the lane."""

    ask: Literal["attest"]
    ask_id: Id
    kind: str = Field(description="Of what, as the lane's policy calls it.")
    plate: str
    wait_ms: WaitMs


ASKED: dict[str, type[Model]] = {"rights": AskRights, "deduct": AskDeduct, "attest": AskAttest}
"""Everything that `up/ask` may say, by `ask`."""
