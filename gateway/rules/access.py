"""Who may pass, by the lists on this box alone."""

import unicodedata
from dataclasses import dataclass

from gateway.lane.types import Decision, Reason, Verdict

SEPARATORS = dict.fromkeys(map(ord, "·•・‧∙.-_ "))


@dataclass(frozen=True, slots=True)
class AccessList:
    """Plates are spelled as a reader writes them: see `spelled`."""

    allow: frozenset[str]
    block: frozenset[str]
    unknown: Verdict
    codes: frozenset[str] = frozenset()


def decide_code(code: str, access: AccessList) -> Decision:
    """What a scanner read instead of a plate."""
    verdict = Verdict.ALLOW if code in access.codes else Verdict.DENY
    return Decision(verdict, Reason.VISITOR_CODE)


def decide(plate_text: str, access: AccessList) -> Decision:
    """The block list wins over the allow list; a plate on neither gets the lane's default."""
    if plate_text in access.block:
        return Decision(Verdict.DENY, Reason.BLOCK_LIST)
    if plate_text in access.allow:
        return Decision(Verdict.ALLOW, Reason.ALLOW_LIST)
    return Decision(access.unknown, Reason.UNKNOWN_PLATE)


def spelled(plate_text: str) -> str:
    """A plate as a person types it (`粤b·12345`) in the one spelling that readers use."""
    return unicodedata.normalize("NFKC", plate_text).upper().translate(SEPARATORS)
