"""One small story of one gateway, as payloads: every message and every kind of record once.

The ids are made up; the chain is the real one, so a program can be tried with the batch.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.contract import parking_examples, session_examples
from gateway.contract.invented import at as _at
from gateway.contract.invented import made_up as _made_up
from gateway.ladder import STILL, Rung
from gateway.sync import messages
from gateway.sync.protocol import (
    RECORD_SCHEMA,
    Ack,
    Batch,
    Fork,
    Have,
    Hello,
    Moment,
    Order,
    Poison,
    Position,
    Resend,
    Slow,
    Want,
    canonical,
    chain_over,
    genesis,
    record_line,
)

Fields = dict[str, Any]
GATEWAY = "north-gate"
LANE = "entry-1"
VERSION = "0.1.0"
BOOT_AT_MS = 81_000_000


EPOCH, INST, BOOT = _made_up("epoch"), _made_up("start", 16), _made_up("boot")
PASS, STUCK = _made_up("pass"), _made_up("stuck")
PICTURE, PHOTO = _made_up("picture", 64), _made_up("photo", 64)


def _moment(second: float) -> Moment:
    return Moment(_at(second), BOOT, "ok", BOOT_AT_MS + int(second * 1000))


# --- records -----------------------------------------------------------------------------


_DECIDED: Fields = {
    "pass_id": PASS,
    "phase": "decided",
    "lane": LANE,
    "direction": "entry",
    "plate": {
        "text": "京A12845",
        "type": "civil",
        "colour": "blue",
        "confidence": 0.9712,
        "min_char": 0.9901,
    },
    "candidates": [{"text": "京A12845", "frames": 6, "min_char": 0.9901}],
    "evidence": [PICTURE],
    "verdict": "allow",
    "reason": "allow_list",
    "arrived_at": _at(5.020),
    "decided_at": _at(5.631),
    "ended_at": None,
    "ending": None,
}
_ENDED = _DECIDED | {"phase": "ended", "ended_at": _at(13.842), "ending": "passed"}
_RAISE: Fields = {
    "raise_id": _made_up("raise"),
    "lane": LANE,
    "at": _at(7.412),
    "cause": "pass",
    "reason": "allow_list",
    "pass_id": PASS,
    "evidence": [],
}
_INPUTS = dict.fromkeys(("beam", "manual", "fire", "fire_reset", "arm_off"), "not_fitted") | {
    "arming_loop": "on",
    "closing_loop": "off",
    "up_limit": "off",
    "down_limit": "on",
    "open_button": "off",
}
_OPENED: Fields = {
    "case_id": _made_up("case"),
    "phase": "opened",
    "lane": LANE,
    "pass_id": STUCK,
    "why": "no plate could be read for 15 s",
    "plate": None,
    "candidates": [{"text": "京A12345", "frames": 4, "min_char": 0.61}],
    "inputs": _INPUTS,
    "evidence": [PHOTO],
    "arrived_at": _at(90.020),
    "opened_at": _at(107.300),
    "closed_at": None,
    "outcome": None,
}
_CLOSED = _OPENED | {"phase": "closed", "closed_at": _at(131.004), "outcome": "let in by an agent"}
_MODE: Fields = {
    "lane": LANE,
    "at": _at(300.050),
    "kind": "hold_open",
    "since": _at(300.000),
    "by": "guard",
    "reason": "convoy",
    "ends_at": "2026-11-22T03:00:00.000Z",
}
_ALARM: Fields = {
    "alarm_id": _made_up("alarm"),
    "lane": LANE,
    "code": "no_plate",
    "detail": "no plate could be read for 15 s",
    "raised_at": _at(107.300),
}
_LANE_DAY: Fields = {
    "raises": {
        "all": 412,
        "pass": 398,
        "manual": 11,
        "hold": 1,
        "fire": 0,
        "safety": 1,
        "unexplained": 1,
    },
    "explained": 411,
    "balance": 1,
    "balanced": False,
    "passes": {"proved": 402, "under_open_boom": 3, "without_raise": 0},
    "raises_without_record": [
        {
            "raise_id": _made_up("nobody"),
            "at": "2026-11-21T18:20:11.090Z",
            "cause": "unexplained",
            "reason": "the boom went up and nobody was let in",
        }
    ],
    "passes_without_raise": [],
}
_LEDGER: Fields = {
    "day": "2026-11-21",
    "zone": "Asia/Shanghai",
    "balance": 1,
    "balanced": False,
    "lanes": {LANE: _LANE_DAY},
    "sessions": session_examples.SESSIONS_DAY,
    "money": session_examples.MONEY_DAY,
}
_LOSS: Fields = {
    "loss_id": _made_up("loss"),
    "records": 3,
    "reason": "missing or damaged in the store: the file was put aside and salvaged",
    "at": _at(400.000),
}
_PURGE: Fields = {
    "purge_id": _made_up("purge"),
    "at": _at(420.000),
    "by": "li.wei",
    "reason": "asked for by the owner",
    "what": "plate",
    "counts": {"passes": 1, "raises": 1, "pictures": 1},
    "passes": [PASS],
}
_TOMBSTONE: Fields = {
    "kind": "pass",
    "pass_id": _made_up("refused"),
    "code": "bad_text",
    "digest": _made_up("the line that stood here", 64),
}

BODIES: tuple[tuple[str, str, Fields], ...] = (
    ("pass", "pass", _DECIDED),
    ("raise", "raise", _RAISE),
    ("pass-ended", "pass", _ENDED),
    ("case", "case", _OPENED),
    ("case-closed", "case", _CLOSED),
    ("mode", "mode", _MODE),
    ("alarm", "alarm", _ALARM),
    ("ledger", "ledger", _LEDGER),
    ("loss", "loss", _LOSS),
    ("purge", "purge", _PURGE),
    ("tombstone", "tombstone", _TOMBSTONE),
    *session_examples.BODIES,
)
"""(name, kind, body), in the order of the batch."""


def _batch() -> Batch:
    lines = tuple(
        record_line(seq, RECORD_SCHEMA, kind, canonical(body), _moment(6.0 * seq).text())
        for seq, (_, kind, body) in enumerate(BODIES, 1)
    )
    start = genesis(EPOCH)
    return Batch(EPOCH, INST, start, lines, chain_over(start.chain, lines)[-1], _moment(430.25))


BATCH = _batch()
LAST = Position(BATCH.last_seq, BATCH.last_chain)

# --- the rest ----------------------------------------------------------------------------


HELLO = Hello(
    GATEWAY, INST, EPOCH, LAST, 1, genesis(EPOCH), None, now=_moment(430.2), version=VERSION
)
_LANE_STATE: Fields = {
    "direction": "entry",
    "state": "idle",
    "boom": "down",
    "inputs": "ok",
    "camera": "ok",
    "mode": {
        "kind": "hold_open",
        "by": "guard",
        "reason": "convoy",
        "since": "2026-11-22T02:15:00Z",
        "ends_at": "2026-11-22T03:00:00Z",
    },
}
_STATE: Fields = {
    "online": True,
    "inst": INST,
    "version": VERSION,
    "modes": [str(Rung.FULL)],
    "still": {str(Rung.FULL): STILL[Rung.FULL]},
    "configuration": "ok",
    "clock": "ok",
    "storage": "ok",
    "pictures": "ok",
    "certificate": {"days_left": 212, "until": "2027-06-22T08:00:00.000Z"},
    "outbox": {
        "epoch": EPOCH,
        "records": LAST.seq,
        "backlog": 0,
        "oldest_unacked_at": None,
        "last_receipt_at": _at(430.310),
    },
    "disk": {"used_mb": 61.4, "room_mb": 1986.6, "hours_left": 2114.0},
    "lanes": {LANE: _LANE_STATE},
}
_ORDERS: Mapping[str, Order] = {
    "ack": Ack(EPOCH, LAST, packed=True),
    "resend": Resend(EPOCH, 4),
    "fork": Fork(EPOCH, LAST),
    "slow": Slow(rate=200.0, for_s=5.0),
    "poison": Poison(EPOCH, LAST, "bad_text"),
    "want": Want((PICTURE, PHOTO)),
    "have": Have((PICTURE,)),
}


def _payloads() -> Iterator[tuple[str, bytes]]:
    yield "hello", messages.encode(HELLO)
    yield "rec", messages.encode_batch(BATCH)
    yield "online", canonical(_STATE).encode()
    yield "offline", canonical({"online": False}).encode()
    for name, order in _ORDERS.items():
        yield name, messages.encode(order)
    yield from parking_examples.payloads()


PAYLOADS: Mapping[str, bytes] = dict(_payloads())
"""The bytes of one message of each name; a picture's are a JPEG file and not here."""
