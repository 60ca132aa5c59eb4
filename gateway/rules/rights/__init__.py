"""Who may park by a right, when, and what is left to be charged. Pure."""

from gateway.rules.rights.blocking import blocked, blocks, granting
from gateway.rules.rights.coverage import charged, covered, covers
from gateway.rules.rights.judging import Answer, Arrival, Judge, Use, Why
from gateway.rules.rights.right import Right, RightKind, Tolerance, Window
from gateway.rules.rights.sharing import Inside, covered_since
from gateway.rules.rights.spans import Span, Spans

__all__ = [
    "Answer",
    "Arrival",
    "Inside",
    "Judge",
    "Right",
    "RightKind",
    "Span",
    "Spans",
    "Tolerance",
    "Use",
    "Why",
    "Window",
    "blocked",
    "blocks",
    "charged",
    "covered",
    "covered_since",
    "covers",
    "granting",
]
