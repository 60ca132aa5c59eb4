"""Everything that a sign shows and a voice says, in each language, in one place."""

from typing import Literal

from gateway.texts import en, zh
from gateway.texts.notice import RESTING, Notice, NoticeKind, Phrase

__all__ = ["RESTING", "Language", "Notice", "NoticeKind", "Phrase", "spelled_out", "worded"]

Language = Literal["zh-CN", "en"]
_BOOKS = {"zh-CN": zh, "en": en}
_EDGES = "，, "


def worded(notice: Notice, language: Language) -> Phrase:
    """The notice's lines and words. A fee below nothing is refused with `ValueError`."""
    if notice.fee_fen < 0:
        raise ValueError(f"a fee of {notice.fee_fen} fen cannot be shown; it is below nothing")
    book = _BOOKS[language]
    phrase = book.PHRASES[notice.kind]
    holes = {
        "reason": book.REASONS[notice.reason] if notice.reason else "",
        "days": notice.days_left,
    }
    shown = holes | {"plate": notice.plate, "money": book.money_shown(notice.fee_fen)}
    said = holes | {
        "plate": spelled_out(notice.plate),
        "money": book.money_spoken(notice.fee_fen),
    }
    lines = (line.format_map(shown).strip(_EDGES) for line in phrase.lines)
    return Phrase(
        tuple(line for line in lines if line), phrase.spoken.format_map(said).strip(_EDGES)
    )


def spelled_out(plate: str) -> str:
    """Sign by sign, so that a voice does not read `12345` as a number of thousands."""
    return " ".join(plate)
