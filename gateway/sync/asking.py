"""What the box asks the cloud about parking, on `up/ask`. Pure."""

from dataclasses import dataclass

from gateway.sync.protocol import canonical

NOTHING_HELD = "0" * 64
MAX_WHY = 200


@dataclass(frozen=True, slots=True)
class Deduct:
    """May `fee_fen` be deducted from the driver's account? `order_id` is new for each try."""

    ask_id: str
    order_id: str
    session_id: str
    plate: str
    fee_fen: int


@dataclass(frozen=True, slots=True)
class Attest:
    """May the vehicle pass, by somebody outside? `kind` as the lane's policy calls it."""

    ask_id: str
    kind: str
    plate: str


Question = Deduct | Attest
"""Each has one `Answer`, by `ask_id`."""


@dataclass(frozen=True, slots=True)
class RightsWanted:
    """Send the full set. `why`: what was wrong with the last one, empty where nothing was."""

    version: int
    digest: str
    why: str = ""


def encode_question(question: Question, wait_ms: int) -> bytes:
    """`wait_ms`: an answer that comes later finds the vehicle dealt with."""
    match question:
        case Deduct(ask_id, order_id, session_id, plate, fee_fen):
            fields: dict[str, object] = {
                "ask": "deduct",
                "ask_id": ask_id,
                "order_id": order_id,
                "session_id": session_id,
                "plate": plate,
                "fee_fen": fee_fen,
            }
        case Attest(ask_id, kind, plate):
            fields = {"ask": "attest", "ask_id": ask_id, "kind": kind, "plate": plate}
    return canonical(fields | {"wait_ms": wait_ms}).encode()


def encode_wanted(wanted: RightsWanted) -> bytes:
    have = {"version": wanted.version, "hash": wanted.digest or NOTHING_HELD}
    why = {"why": wanted.why[:MAX_WHY]} if wanted.why else {}
    return canonical({"ask": "rights", "have": have, **why}).encode()
