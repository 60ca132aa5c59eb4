"""Text that a spreadsheet must not take for a formula."""

import unicodedata

_FORMULA = "=+-@\u2212"
_CONTROL = "Cc"
_UNSEEN = frozenset(("Cf", "Zl", "Zp", "Zs"))


def harmless(value: object) -> str:
    """A cell's text; one that may begin a formula gets an apostrophe before it.

    Spaces and what cannot be seen are looked through; a tab or another control character counts
    as a sign, and so do the full-width and small forms of the signs, because some programs take
    them so. A number is no text.
    """
    if isinstance(value, int | float):
        return str(value)
    text = "" if value is None else str(value)
    return f"'{text}" if _may_calculate(text) else text


def _may_calculate(text: str) -> bool:
    first = next((sign for sign in text if unicodedata.category(sign) not in _UNSEEN), "")
    if not first:
        return False
    return unicodedata.category(first) == _CONTROL or (
        unicodedata.normalize("NFKC", first)[0] in _FORMULA
    )
