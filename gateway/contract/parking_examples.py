"""Of the same small story: what the cloud tells about parking, the rights, and the questions.

The hashes of the rights are the real ones.
"""

from collections.abc import Iterator
from typing import Any

from gateway.contract.invented import at, made_up
from gateway.rights import RightText
from gateway.rights.held import SetHash, digest_of
from gateway.sync.asking import Attest, Deduct, RightsWanted, encode_question, encode_wanted
from gateway.sync.protocol import canonical

Fields = dict[str, Any]
PLATE = "京A12845"
SESSION, DEBT, MISREAD = made_up("session"), made_up("debt"), made_up("misread")
ASKED_DEDUCT, ASKED_ATTEST = made_up("deduct"), made_up("attest")
VERSION = 41


def _order(do: str, label: str, **more: object) -> Fields:
    return {"do": do, "id": made_up(label)} | more


TOLD: tuple[Fields, ...] = (
    _order("pay", "paid", session_id=SESSION, amount_fen=1500, at=at(500.0), by="wechat"),
    _order(
        "refund", "back", session_id=SESSION, amount_fen=500, at=at(900.0), reason="charged twice"
    ),
    _order("credit", "grant", plate=PLATE, kind="minutes", figure=120, reason="lunch at the shop"),
    _order("revoke", "revoked", credit_id=made_up("grant")),
    _order(
        "charge",
        "charged",
        order="PILE-7-20261122-0031",
        plate=PLATE,
        began=at(60.0),
        ended=at(2880.0),
        wh=21400,
        kind="minutes",
        figure=60,
    ),
    _order("funds", "funds", plate=PLATE, credit_fen=20000, locked=False, number=12),
    _order("settle", "settled", session_id=DEBT, amount_fen=1000, at=at(700.0), by="alipay"),
    _order(
        "attest",
        "attested",
        plate=PLATE,
        kind="visitor",
        passes=True,
        expires_at="2026-11-22T10:00:00.000Z",
    ),
    _order(
        "correct",
        "corrected",
        session_id=MISREAD,
        plate=PLATE,
        plate_type="civil",
        plate_colour="blue",
        by="li.wei",
        reason="B read as 8",
    ),
    _order("merge", "merged", session_id=MISREAD, into=SESSION, by="li.wei", reason="one stay"),
    _order("close", "closed", session_id=DEBT, by="li.wei", reason="left through the open boom"),
    {"do": "answer", "ask_id": ASKED_DEDUCT, "answer": "paid"},
)
CARD: Fields = {
    "id": "card-0001",
    "version": 1,
    "kind": "month_card",
    "plates": [PLATE],
    "valid": {"from": "2026-11-01T00:00:00+08:00", "to": "2026-12-01T00:00:00+08:00"},
}
SHARED: Fields = {
    "id": "shared-0007",
    "version": 3,
    "kind": "shared_space",
    "plates": ["京B99999"],
    "valid": {"from": "2026-01-01T00:00:00+08:00"},
    "windows": [{"from": "18:00", "to": "08:00", "weekdays": ["mon", "tue", "wed", "thu", "fri"]}],
    "late_min": 15,
}
RENEWED = CARD | {
    "version": 2,
    "valid": {"from": "2026-11-01T00:00:00+08:00", "to": "2027-01-01T00:00:00+08:00"},
}


def hash_of(*rights: Fields) -> str:
    whole = SetHash()
    for right in rights:
        whole.add(digest_of(RightText.model_validate(right).line()))
    return whole.text


FULL: Fields = {
    "kind": "full",
    "version": VERSION,
    "hash": hash_of(CARD, SHARED),
    "part": 1,
    "parts": 1,
    "rights": [CARD, SHARED],
}
DELTA: Fields = {
    "kind": "delta",
    "from": VERSION,
    "version": VERSION + 1,
    "hash": hash_of(RENEWED),
    "set": [RENEWED],
    "drop": ["shared-0007"],
}
MANIFEST: Fields = {"version": VERSION, "hash": FULL["hash"], "count": 2}


def payloads() -> Iterator[tuple[str, bytes]]:
    yield "ask-rights", encode_wanted(RightsWanted(0, ""))
    deduct = Deduct(ASKED_DEDUCT, made_up("try"), SESSION, PLATE, 1500)
    yield "ask-deduct", encode_question(deduct, 800)
    yield "ask-attest", encode_question(Attest(ASKED_ATTEST, "visitor", PLATE), 800)
    for told in TOLD:
        yield f"tell-{told['do']}", canonical(told).encode()
    for name, fields in (("manifest", MANIFEST), ("rights-full", FULL), ("rights-delta", DELTA)):
        yield name, canonical(fields).encode()
