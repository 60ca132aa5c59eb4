"""Of the same small story: a stay, its money, and who looked back."""

from typing import Any

from gateway.contract.invented import at, made_up
from gateway.contract.parking_examples import PLATE, SESSION

Fields = dict[str, Any]
_EXIT = made_up("exit")
_OPENED: Fields = {
    "session_id": SESSION,
    "phase": "opened",
    "plate": PLATE,
    "plate_type": "civil",
    "plate_colour": "blue",
    "vehicle": "car",
    "area": "main",
    "innermost": "main",
    "entered_at": at(13.842),
    "entry_pass": SESSION,
    "left_at": None,
    "exit_pass": None,
    "closing": None,
    "linked": None,
    "right_id": None,
    "inner": [],
    "bill": None,
    "total_fen": 0,
    "discounted_fen": 0,
    "paid_fen": 0,
    "overpaid_fen": 0,
    "owed_fen": 0,
    "quota_days": [],
    "notes": [],
}
_LINE: Fields = {
    "kind": "units",
    "start": "2026-11-22T10:10:13+08:00",
    "end": "2026-11-22T10:55:03+08:00",
    "rule": "每30分钟5元",
    "amount_fen": 1000,
    "units": 2,
    "price_fen": 500,
    "unit_s": 1800,
    "area": "main",
}
_OFF: Fields = {
    "kind": "amount_off",
    "start": "2026-11-22T10:10:13+08:00",
    "end": "2026-11-22T10:55:03+08:00",
    "rule": "减免3元",
    "amount_fen": -300,
    "figure": 300,
    "ref": made_up("grant"),
}
_BILL: Fields = {
    "tariff": "main 2026-11-01",
    "plan": "temporary",
    "vehicle": "car",
    "entered": "2026-11-22T10:10:13+08:00",
    "until": "2026-11-22T10:55:03+08:00",
    "lines": [_LINE],
    "discounts": [_OFF],
    "grace_until": "2026-11-22T11:10:03+08:00",
    "quota_days": [],
    "total_fen": 1000,
    "discounted_fen": 300,
    "paid_fen": 700,
    "due_fen": 0,
    "overpaid_fen": 0,
}
_CLOSED = _OPENED | {
    "phase": "closed",
    "left_at": at(2900.5),
    "exit_pass": _EXIT,
    "closing": "exit",
    "bill": _BILL,
    "total_fen": 1000,
    "discounted_fen": 300,
    "paid_fen": 700,
}
_MONEY: Fields = {
    "money_id": made_up("paid"),
    "session_id": SESSION,
    "plate": PLATE,
    "kind": "payment",
    "amount_fen": 700,
    "at": at(2690.0),
    "booked_at": at(2691.204),
    "by": "wechat",
    "reason": None,
    "lane": None,
    "order_id": None,
    "credit_id": None,
    "late": False,
}
_CREDIT: Fields = {
    "credit_id": made_up("grant"),
    "phase": "used",
    "plate": PLATE,
    "session_id": SESSION,
    "kind": "amount",
    "figure": 300,
    "until": None,
    "vehicle": None,
    "valid_until": None,
    "source": None,
    "reason": "lunch at the shop",
    "granted_at": at(2400.0),
    "revoked_at": None,
    "used_by": SESSION,
    "used_fen": 300,
}
_TOLD: Fields = {
    "told_id": made_up("paid"),
    "do": "pay",
    "outcome": "done",
    "detail": "",
    "at": at(2691.204),
}
_TRACE: Fields = {
    "trace_id": made_up("trace"),
    "at": at(2950.0),
    "by": "li.wei",
    "purpose": "case 2026/17 of the police",
    "plate": PLATE,
    "since": "2026-11-15T16:00:00.000Z",
    "until": "2026-11-22T02:59:10.000Z",
    "around_s": 7200,
    "found": 41,
    "told": 41,
}
SESSIONS_DAY: Fields = {
    "balanced": True,
    "areas": {"main": {"at_start": 118, "began": 902, "ended": 897, "at_end": 123}},
    "superseded": 2,
    "merged": 1,
    "by_hand": 0,
    "never_seen": 3,
    "oldest_inside": "2026-11-14T23:11:40.200Z",
}
MONEY_DAY: Fields = {
    "balanced": True,
    "stays": 900,
    "total_fen": 812300,
    "discounted_fen": 64100,
    "paid_fen": 745700,
    "owed_fen": 3000,
    "overpaid_fen": 500,
    "received_fen": {"alipay": 244700, "wechat": 501500},
    "settled_fen": 1000,
    "refunded_fen": 500,
    "late_overpaid_fen": 0,
    "unplaced_fen": 0,
    "debts": 4,
    "debts_fen": 6500,
    "unbalanced": [],
}
BODIES: tuple[tuple[str, str, Fields], ...] = (
    ("session", "session", _OPENED),
    ("money", "money", _MONEY),
    ("credit", "credit", _CREDIT),
    ("told", "told", _TOLD),
    ("session-closed", "session", _CLOSED),
    ("trace", "trace", _TRACE),
)
