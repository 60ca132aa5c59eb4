"""English. A line has at most 16 letters: two turns of a small sign."""

from gateway.lane.types import Reason
from gateway.texts.notice import NoticeKind, Outcome, Phrase

PHRASES = {
    NoticeKind.IDLE_ENTRY: Phrase(("Welcome", "One at a time", "Drive slowly")),
    NoticeKind.IDLE_EXIT: Phrase(("Goodbye", "One at a time", "Drive slowly")),
    NoticeKind.WAIT: Phrase(("Reading plate", "Please wait")),
    NoticeKind.PLATE_READ: Phrase(("{plate}", "Checking")),
    NoticeKind.WELCOME: Phrase(
        ("{plate}", "{outcome}", "Welcome", "Please drive in"), "{plate}, {outcome}, welcome"
    ),
    NoticeKind.GOODBYE: Phrase(
        ("{plate}", "{outcome}", "Goodbye", "Drive safely"), "{plate}, {outcome}, goodbye"
    ),
    NoticeKind.DAYS_LEFT: Phrase(
        ("{plate}", "{days} days left", "Welcome"), "{plate}, your card has {days} days left"
    ),
    NoticeKind.FEE_DUE: Phrase(
        ("{plate}", "Pay {money}", "Scan to pay"), "{plate}, please pay {money}"
    ),
    NoticeKind.PAY_HERE: Phrase(
        ("Pay {money}", "Scan to pay here", "Boom opens then"),
        "Please pay {money}, scan the code here",
    ),
    NoticeKind.REFUSED: Phrase(("{plate}", "{reason}", "Please wait"), "{plate}, {reason}"),
    NoticeKind.NO_PLATE: Phrase(
        ("Plate not read", "Scan or get help"), "Plate not read. Please scan your code, or get help"
    ),
    NoticeKind.AGENT_CALLED: Phrase(
        ("Help is called", "Please wait"), "Help is called, please wait"
    ),
    NoticeKind.SECOND_CAR: Phrase(
        ("Next car: wait", "One at a time"), "Next car, please wait for your turn"
    ),
    NoticeKind.FIRE_ENTRY: Phrase(("FIRE", "Do not enter"), "Fire alarm. Do not enter"),
    NoticeKind.FIRE_EXIT: Phrase(("FIRE", "Leave now"), "Fire alarm. Please leave now"),
    NoticeKind.HOLD_OPEN: Phrase(("Open", "Drive with care")),
    NoticeKind.ATTENDED: Phrase(("Staff on site", "Follow signals")),
    NoticeKind.CLOSED: Phrase(("Lane closed", "Use another lane")),
    NoticeKind.FAULT: Phrase(("Out of order", "Please wait"), "Out of order, please wait"),
}

REASONS = {
    Reason.ALLOW_LIST: "Allowed",
    Reason.BLOCK_LIST: "Not allowed",
    Reason.UNKNOWN_PLATE: "Not registered",
    Reason.NO_PLATE: "Plate not read",
    Reason.UNDECIDED: "Cannot check now",
    Reason.VISITOR_CODE: "Code not valid",
    Reason.LOCK_DOWN: "Lane closed",
    Reason.OPEN_BUTTON: "Opened by staff",
    Reason.AGENT: "Opened by staff",
    Reason.HOLD_OPEN: "Open",
    Reason.MANUAL: "Staff on site",
    Reason.FIRE: "Fire alarm",
    Reason.INPUTS_LOST: "Sensors failed",
    Reason.UNPAID_FOLLOW: "Do not follow",
    Reason.PRESENCE: "Car under boom",
    Reason.FREE_VEHICLE: "Free vehicle",
    Reason.ALREADY_INSIDE: "Already inside",
    Reason.NOT_ATTESTED: "Not approved",
    Reason.RIGHT: "Has a right",
    Reason.FULL: "Car park full",
    Reason.OWES: "Unpaid fees",
    Reason.TEMPORARY: "Visitor",
    Reason.NO_ENTRY: "No entry record",
    Reason.NO_TARIFF: "No fee known",
    Reason.PAID: "Paid",
    Reason.CREDIT: "Credit used",
    Reason.FREE: "Free of charge",
    Reason.DEDUCTED: "Fee deducted",
    Reason.OWING: "On your account",
    Reason.PAY: "Please pay first",
}

# What a vehicle that is let in or out is told besides: a good reason needs no word.
OUTCOMES = {
    Reason.TEMPORARY: Outcome("Visitor", "visitor"),
    Reason.PAID: Outcome("Paid", "paid"),
    Reason.CREDIT: Outcome("Credit used", "your credit paid for it"),
    Reason.FREE: Outcome("Free of charge", "free of charge"),
    Reason.FREE_VEHICLE: Outcome("Free vehicle", "free of charge"),
    Reason.DEDUCTED: Outcome("Fee deducted", "your fee was deducted"),
    Reason.OWING: Outcome("Owe {money}", "you owe {money}"),
}


def money_shown(fee_fen: int) -> str:
    yuan, fen = divmod(fee_fen, 100)
    return f"{yuan}.{fen:02} yuan"


money_spoken = money_shown
