"""Text as signs take it: GBK, so many bytes, and nothing that a sign would take for an order."""

import re
import unicodedata

SINGLE_SIGNS = re.compile(r"(?<=\b\w) (?=\w\b)")


def plain(text: str, forbidden: str = "") -> str:
    """One line of printable signs; each `forbidden` one and each control becomes a space."""
    whole = unicodedata.normalize("NFC", text)
    return "".join(" " if not sign.isprintable() or sign in forbidden else sign for sign in whole)


def gbk(text: str, most_bytes: int) -> bytes:
    """At most so many bytes, never half a sign; what GBK lacks becomes a question mark."""
    encoded = bytearray()
    for sign in text:
        code = sign.encode("gbk", "replace")
        if len(encoded) + len(code) > most_bytes:
            break
        encoded += code
    return bytes(encoded)


def closed_up(text: str) -> str:
    """`京 A 1 2` as `京A12`, for voices that play a stored clip for each sign."""
    return SINGLE_SIGNS.sub("", text)
