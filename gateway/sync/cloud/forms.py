"""The receiver's tables: the same for both databases, each form of them one step from the last.

A step is SQL with `;` between its statements; `{...}` are the words that the two databases say
differently.
docs/receiver.md explains every table.
"""

from collections.abc import Mapping

from gateway.sync.cloud.database import Table

Form = str

EPOCH = Table("epoch", ("gw", "epoch", "upto", "head", "number", "stored_at"), ("gw", "epoch"))
START = Table("start", ("gw", "epoch", "inst"), ("gw", "epoch", "inst"))
RECORD = Table(
    "record",
    (
        *("gw", "epoch", "seq", "kind", "phase", "pass_id", "body", "digest", "chain", "applied"),
        *("received_at", "historical", "happened_at", "tag"),
    ),
    ("gw", "epoch", "seq"),
)
PASS_COLUMNS = (
    *("lane", "direction", "verdict", "reason"),
    *("arrived_at", "decided_at", "ended_at", "ending"),
)
PASS = Table("pass", ("pass_id", "gw", "plate", *PASS_COLUMNS, "updated_at"), ("pass_id",))
EVENT = Table("event", ("gw", "pass_id", "kind", "plate", "was", "happened_at", "at", "historical"))
QUARANTINE = Table(
    "quarantine",
    ("gw", "epoch", "seq", "code", "line", "received_at"),
    ("gw", "epoch", "seq", "code"),
)
LOSS = Table(
    "loss", ("gw", "epoch", "seq_from", "seq_to", "noticed_at"), ("gw", "epoch", "seq_from")
)
ALARM = Table("alarm", ("gw", "code", "detail", "raised_at"))
BOOT = Table("boot", ("gw", "boot", "offset_ms"), ("gw", "boot"))
PICTURE = Table(
    "picture",
    ("gw", "name", "named_at", "asked_at", "received_at", "bytes", "gone"),
    ("gw", "name"),
)

_WHOLE: Form = """
create table epoch (gw text, epoch text, upto {int} not null, head {blob} not null,
    number {int} not null, stored_at text not null, primary key (gw, epoch)){strict};
create table start (gw text, epoch text, inst text, primary key (gw, epoch, inst)){strict};
create table record (gw text, epoch text, seq {int}, kind text not null, phase text, pass_id text,
    body text not null, digest {blob} not null, chain {blob} not null, applied {int} not null,
    received_at text not null, historical {int}, happened_at text, tag {int} not null,
    primary key (gw, epoch, seq)){strict};
create index record_tag on record (gw, tag);
create table pass (pass_id text primary key, gw text not null, plate text, lane text,
    direction text, verdict text, reason text, arrived_at text, decided_at text, ended_at text,
    ending text, updated_at text not null){strict};
create table event (event_id {serial}, gw text not null, pass_id text not null, kind text not null,
    plate text, was text, happened_at text, at text not null, historical {int}){strict};
create table quarantine (gw text, epoch text, seq {int}, code text, line {blob} not null,
    received_at text not null, primary key (gw, epoch, seq, code)){strict};
create table loss (gw text, epoch text, seq_from {int}, seq_to {int} not null,
    noticed_at text not null, primary key (gw, epoch, seq_from)){strict};
create table alarm (gw text not null, code text not null, detail text not null,
    raised_at text not null){strict};
create table boot (gw text, boot text, offset_ms {int} not null, primary key (gw, boot)){strict};
create table picture (gw text, name text, named_at text, asked_at text, received_at text,
    bytes {int}, gone {int} not null, primary key (gw, name)){strict};
create index picture_wanted on picture (asked_at) where received_at is null and gone = 0
"""

FORMS: tuple[Form, ...] = (_WHOLE,)


def statements(form: Form, words: Mapping[str, str]) -> list[str]:
    return [statement.format_map(words) for statement in form.split(";")]
