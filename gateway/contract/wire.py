"""The messages between gateway and cloud, but for the records' bodies and the state."""

from typing import Annotated, Literal

from pydantic import Field

from gateway.contract.words import Chain, Id, Model, Number, Picture, Seq, Start, Utc, missing
from gateway.sync.messages import MAX_SLOW_S
from gateway.sync.protocol import MAX_NAMED, MAX_RECORDS


class Moment(Model):
    """A time as the box knows it."""

    at: Utc = Field(description="The time of day; wrong where `clock` is not `ok`.")
    boot: Id = Field(description="The boot that it was in.")
    clock: Literal["ok", "untrusted", "unknown"] = Field(
        description="Whether `at` is to be trusted."
    )
    mono_ms: Seq = Field(description="Milliseconds within the boot; never set back.")


class Hello(Model):
    """Who the gateway is and how far its history goes."""

    gw: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$",
        description="The gateway's name, as in the topic.",
    )
    inst: Start
    epoch: Id = Field(description="Names the history; random, made with the box's database.")
    last_seq: Seq = Field(description="Its last record's number; 0: it has none yet.")
    chain_last: Chain = Field(description="The chain up to and with that record.")
    oldest_unacked: Number = Field(description="The first record without an acknowledgement.")
    kept_seq: Seq = missing("Records up to and with this one are no longer on the box.")
    chain_kept: Chain = missing("The chain up to and with `kept_seq`.")
    parent: Id = missing("The epoch that this one came from, if any.")
    parent_kept: Seq = missing("Records of `parent` up to this one were let go before it ended.")
    now: Moment = missing("When it was said.")
    schema_: tuple[Number, Number] = Field(
        alias="schema", description="The oldest and the newest form of record that it may send."
    )
    version: str = missing("Of the gateway's program.")


class BatchHead(Model):
    """The first line of a batch."""

    epoch: Id
    inst: Start
    first_seq: Number = Field(description="Number of the first record.")
    count: Annotated[int, Field(ge=1, le=MAX_RECORDS)] = Field(
        description="How many records follow, a line each."
    )
    prev_chain: Chain = Field(description="The chain before the first record.")
    last_chain: Chain = Field(description="The chain up to and with the last record.")
    sent: Moment = missing("When it was sent; none in older programs.")


class Record(Model):
    """One line of a batch. Its very bytes are chained."""

    seq: Number = Field(description="Its place in the epoch's history; no number is left out.")
    schema_: Number = Field(
        alias="schema",
        description="Major form of the record. Newer than yours: keep, do not apply.",
    )
    kind: str = Field(description="Says what `body` is. Unknown: keep, do not apply.")
    body: dict[str, object] = Field(description="By `kind`.")
    when: Moment = missing("The commit's time; none in schema 1.")


class Ack(Model):
    """Every record up to and with `upto` is durable in the cloud."""

    epoch: Id
    upto: Seq
    chain_upto: Chain = Field(description="The cloud's chain at `upto`; the gateway compares it.")
    packed: bool = missing("This cloud reads packed batches too.")


class Resend(Model):
    """Send again from record `from` on."""

    do: Literal["resend"]
    epoch: Id
    from_: Number = Field(alias="from")


class Fork(Model):
    """The cloud knows another history of this epoch: the gateway begins a new epoch."""

    do: Literal["fork"]
    epoch: Id
    seq: Seq = Field(description="How far the cloud follows the history that it knows.")
    chain: Chain = Field(description="That history's chain at `seq`.")


class Slow(Model):
    """Too much at once."""

    do: Literal["slow"]
    rate: Annotated[float, Field(ge=0)] = Field(description="Records a second, at most.")
    for_s: Annotated[float, Field(ge=0)] = Field(
        description=f"For so long; more than {MAX_SLOW_S:g} s counts as that."
    )


class Poison(Model):
    """A record can never be stored: the gateway puts a tombstone in its place."""

    do: Literal["poison"]
    epoch: Id
    seq: Number
    chain: Chain = Field(description="The chain after the record: it tells it from a copy's.")
    code: str = Field(
        min_length=1,
        description="Why, in a word; the gateway keeps 80 characters.",
        examples=["not_json", "no_body", "no_kind", "bad_text"],
    )


class Want(Model):
    """The cloud asks for pictures."""

    do: Literal["want"]
    pictures: Annotated[list[Picture], Field(max_length=MAX_NAMED)]


class Have(Model):
    """These pictures are durable in the cloud, or are not asked for again."""

    do: Literal["have"]
    pictures: Annotated[list[Picture], Field(max_length=MAX_NAMED)]


ORDERS: dict[str, type[Model]] = {
    "resend": Resend,
    "fork": Fork,
    "slow": Slow,
    "poison": Poison,
    "want": Want,
    "have": Have,
}
"""Everything that `dn/ctl` may say, by `do`. The gateway passes over what it does not know."""
