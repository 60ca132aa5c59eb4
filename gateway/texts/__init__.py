"""Everything that a sign shows and a voice says, in each language, in one place."""

import re
from typing import Literal

from gateway.texts import en, zh
from gateway.texts.notice import AT_THE_FEE, RESTING, Notice, NoticeKind, Outcome, Phrase

__all__ = [
    "AT_THE_FEE",
    "RESTING",
    "Language",
    "Notice",
    "NoticeKind",
    "Phrase",
    "spelled_out",
    "worded",
]

Language = Literal["zh-CN", "en"]
_BOOKS = {"zh-CN": zh, "en": en}
_EDGES = "，, "
_COMMAS = re.compile(r"([，,] ?)(?:[，,] ?)+")


def worded(notice: Notice, language: Language) -> Phrase:
    """The notice's lines and words. A fee below nothing is refused with `ValueError`."""
    if notice.fee_fen < 0:
        raise ValueError(f"a fee of {notice.fee_fen} fen cannot be shown; it is below nothing")
    book = _BOOKS[language]
    phrase = book.PHRASES[notice.kind]
    outcome = book.OUTCOMES.get(notice.reason, Outcome(""))
    holes = {
        "reason": book.REASONS[notice.reason] if notice.reason else "",
        "days": notice.days_left,
    }
    shown = holes | _filled(
        notice.plate, outcome.shown, book.money_shown(notice.fee_fen), notice.fee_fen
    )
    said = holes | _filled(
        spelled_out(notice.plate),
        outcome.spoken or outcome.shown,
        book.money_spoken(notice.fee_fen),
        notice.fee_fen,
    )
    lines = (_tidy(line.format_map(shown)) for line in phrase.lines)
    return Phrase(tuple(line for line in lines if line), _tidy(phrase.spoken.format_map(said)))


def _filled(plate: str, outcome: str, money: str, fee_fen: int) -> dict[str, str]:
    """An outcome without a fee names no amount."""
    told = outcome.format(money=money if fee_fen else "")
    return {"plate": plate, "outcome": told, "money": money}


def _tidy(text: str) -> str:
    """Without the commas around a hole that stayed empty."""
    return _COMMAS.sub(r"\1", text).strip(_EDGES)


def spelled_out(plate: str) -> str:
    """Sign by sign, so that a voice does not read `12345` as a number of thousands."""
    return " ".join(plate)
