"""What a receiver writes: records as they came, and the passes and events that they add up to.

All of it happens within a transaction of the caller's. `Filing` collects what many batches say
and writes it with few statements, at the latest when the transaction ends.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gateway.sync import moments
from gateway.sync.cloud.database import Database, Row
from gateway.sync.cloud.forms import (
    ALARM,
    EVENT,
    LOSS,
    PASS,
    PASS_COLUMNS,
    PICTURE,
    QUARANTINE,
    RECORD,
)
from gateway.sync.fields import Fields, MalformedError
from gateway.sync.ledger import MAX_NAME, Received
from gateway.sync.protocol import MAX_NAMED, SHA256, Moment

log = logging.getLogger(__name__)

PASSED, CANCELLED, CORRECTED = "passed", "cancelled", "corrected"
HELPLESS = "unexplained"
"""The cause of a raise of the boom that somebody has to look at."""


class Seen(NamedTuple):
    """What of a pass was told before."""

    plate: str | None
    ending: str | None
    verdict: str | None = None


class Told(NamedTuple):
    """What a record says of a pass."""

    gw: str
    body: Mapping[str, Any]
    at: str
    historical: int | None
    happened_at: str | None


@dataclass(frozen=True, slots=True)
class Post:
    """A batch as it came: from whom, when it was sent and received (`at`, UTC).

    `alone`: no other epoch of this gateway is known, so nothing in it came before.
    `offsets`: of the gateway's boots, where they are known.
    """

    gw: str
    epoch: str
    sent: Moment | None
    at: str
    alone: bool
    offsets: Mapping[str, int | None]


@dataclass(slots=True)
class Filing:
    """`all_pictures`: what every pass names is wanted, not only what a case names."""

    db: Database
    all_pictures: bool = False
    records: int = 0
    passes: int = 0
    known: int = 0
    _records: list[Row] = field(default_factory=list)
    _told: list[tuple[str, Told]] = field(default_factory=list)
    _named: dict[tuple[str, str], Row] = field(default_factory=dict)

    def add(self, post: Post, records: tuple[Received, ...]) -> None:
        """A body that came before, under an epoch that is over, is kept but changes nothing."""
        before = set() if post.alone else self._before(post, records)
        for record in records:
            twin = not post.alone and (record.tag, record.digest) in before
            self._put(post, record, applied=record.readable and not twin)
            self.known += twin
        self.records += len(records)

    def _before(self, post: Post, records: tuple[Received, ...]) -> set[tuple[int, bytes]]:
        self.flush()
        sql = "select tag, digest from record where gw = ? and applied <> 0 and tag"
        tags = {record.tag for record in records}
        return {(tag, bytes(digest)) for tag, digest in self.db.among(sql, (post.gw,), tags)}

    def _put(self, post: Post, record: Received, *, applied: bool) -> None:
        body = _storable(record.body) if record.escaped else record.body
        when = record.when
        historical = happened_at = None
        if when is not None:
            past = moments.is_historical(when, post.sent)
            historical = None if past is None else int(past)
            happened_at = moments.happened_at(when, post.offsets.get(when.boot))
        pass_id = _text(body, "pass_id")
        self._records.append((
            *(post.gw, post.epoch, record.seq, record.kind, _text(body, "phase"), pass_id),
            *(record.text, record.digest, record.chain, int(applied)),
            *(post.at, historical, happened_at, record.tag),
        ))  # fmt: skip
        if not record.readable:
            self.put_aside(post, record.seq, "newer_schema", record.text.encode())
        elif applied and record.kind == "pass" and pass_id and len(pass_id) <= MAX_NAME:
            self._told.append((pass_id, Told(post.gw, body, post.at, historical, happened_at)))
        if applied:
            self._note_pictures(post, record.kind, body)

    def _note_pictures(self, post: Post, kind: str, body: Mapping[str, Any]) -> None:
        """Whether they are asked for, and when, is another's business."""
        helpless = kind == "case" or (kind == "raise" and body.get("cause") == HELPLESS)
        if helpless or (self.all_pictures and kind == "pass"):
            try:
                names = Fields(body).names("evidence", SHA256, MAX_NAMED)
            except MalformedError:
                return
            for name in names:
                row = (post.gw, name, post.at, None, None, None, 0)
                self._named.setdefault((post.gw, name), row)

    def put_aside(self, post: Post, seq: int, code: str, line: bytes) -> None:
        row = (post.gw, post.epoch, seq, code, line, post.at)
        if self.db.insert_new(QUARANTINE, row):
            log.warning("receiver: %s: record %d is put aside: %s", post.gw, seq, code)

    def flush(self) -> None:
        self.db.insert(RECORD, self._records)
        self._tell_passes()
        self.db.upsert(PICTURE, list(self._named.values()), changes="gw = excluded.gw")
        self._records, self._told, self._named = [], [], {}

    def _tell_passes(self) -> None:
        """Of each pass the last word stands; what the parking system hears follows from all."""
        last = dict(self._told)
        sql = "select pass_id, plate, ending, verdict from pass where pass_id"
        before = {row[0]: Seen(*row[1:]) for row in self.db.among(sql, (), last.keys())}
        self.passes += len(last.keys() - before.keys())
        events: list[Row] = []
        for pass_id, told in self._told:
            now, was = _seen(told.body), before.get(pass_id)
            kind = event_kind(was, now)
            before[pass_id] = now
            if kind is not None:
                old = was.plate if was and kind == CORRECTED else None
                what = (told.gw, pass_id, kind, now.plate, old)
                events.append((*what, told.happened_at, told.at, told.historical))
        rows = [_pass_row(pass_id, told, before[pass_id].plate) for pass_id, told in last.items()]
        self.db.upsert(PASS, rows)
        self.db.insert(EVENT, events)


def _seen(body: Mapping[str, Any]) -> Seen:
    plate = body.get("plate")
    text = _text(plate, "text") if isinstance(plate, dict) else None
    return Seen(text, _text(body, "ending"), _text(body, "verdict"))


def _pass_row(pass_id: str, told: Told, plate: str | None) -> Row:
    values = map(told.body.get, PASS_COLUMNS)
    texts = (value if isinstance(value, str) else None for value in values)
    return (pass_id, told.gw, plate, *texts, told.at)


def event_kind(before: Seen | None, now: Seen) -> str | None:
    """What the parking system hears of a pass; None where nothing that it counts has changed.

    Events of one gateway, and so of one plate there, come in the order in which they happened.
    """
    if before is not None and before.ending is not None:
        return CORRECTED if before.plate != now.plate else None
    if now.ending is None:
        return None
    if now.ending == "passed":
        return PASSED
    return CANCELLED if now.verdict == "allow" else None


def store_loss(db: Database, gw: str, epoch: str, span: tuple[int, int], at: str) -> bool:
    """Records from the first to the second number are nowhere: counted once. False: they were."""
    first, last = span
    if not db.insert_new(LOSS, (gw, epoch, first, last, at)):
        return False
    detail = f"records {first} to {last} of epoch {epoch} are neither here nor on the gateway"
    store_alarm(db, gw, "records_lost", detail, at)
    log.error("receiver: %s: %s", gw, detail)
    return True


def store_alarm(db: Database, gw: str, code: str, detail: str, at: str) -> None:
    db.insert(ALARM, [(gw, code, detail, at)])


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) else None


def _storable(body: Mapping[str, Any]) -> dict[str, Any]:
    """PostgreSQL keeps no NUL in a text."""
    clean = {name: _without_nul(value) for name, value in body.items()}
    plate = body.get("plate")
    if isinstance(plate, dict):
        clean["plate"] = {name: _without_nul(value) for name, value in plate.items()}
    return clean


def _without_nul(value: object) -> object:
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value
