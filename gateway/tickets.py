"""What a driver's phone carries to the payment server while the lane has no network: signed.

The bytes are described in docs/tickets.md, so that a payment server can check them.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from gateway.sync.keyfiles import put

VERSION = 1
MOST_TEXT, MOST_LINK = 512, 1000
HOLE = "{ticket}"
KEY_FILE = "ticket.key"
_SIGNATURE, _PUBLIC = 64, 32
_MOST_KEY_FILE = 10_000
_LAST = 2**32 - 1
_MOST_BYTES = {"gateway": 64, "session_id": 64, "plate": 32, "area": 64, "pass_id": 64}
_HEX_ID = re.compile(r"[0-9a-f]{32}")
_PACKED = 0xFF


class TicketError(Exception):
    """What is no ticket, or cannot become one: a sentence."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A fee as it was quoted at a lane. Times are aware, to the second, from 1970 to 2106."""

    gateway: str
    session_id: str
    plate: str
    area: str
    entered_at: datetime | None
    quoted_at: datetime
    fee_fen: int
    pass_id: str


class TicketKey:
    """A gateway's own key for tickets, and nothing else."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The key of this folder, made if there is none. A bad one is told, never replaced."""
        path = folder / KEY_FILE
        try:
            if not path.exists():
                put(path, _key_bytes(Ed25519PrivateKey.generate()), secret=True)
            return cls(_private(path))
        except OSError as error:
            raise TicketError(
                f"{path}: cannot be read or made: {error.strerror}; does the folder belong to the"
                " user that runs this program, and is there room on the disk?"
            ) from error

    @property
    def public(self) -> str:
        """Base64url of the 32 bytes: what the payment server needs to check our tickets."""
        return _text(self._private.public_key().public_bytes_raw())

    def ticket(self, ticket: Ticket) -> str:
        """At most 512 letters, digits, `-` and `_`. The same ticket gives the same text."""
        signed = packed(ticket)
        return _text(signed + self._private.sign(signed))


def read_ticket(text: str, public: str) -> Ticket:
    """The ticket, where this key signed it and it is written in the one right way."""
    if len(text) > MOST_TEXT:
        raise TicketError(f"a ticket has at most {MOST_TEXT} characters, this one {len(text)}")
    whole = _bytes(text, "the ticket")
    signed, signature = whole[:-_SIGNATURE], whole[-_SIGNATURE:]
    try:
        _public(public).verify(signature, signed)
    except InvalidSignature:
        raise TicketError("the ticket's signature does not fit this gateway's key") from None
    return unpacked(signed)


def pay_link(template: str, ticket: str) -> str:
    """The template's `{ticket}` filled in; `ValueError` for one that gives no link."""
    if template.count(HOLE) != 1 or not template.startswith("https://"):
        raise ValueError(
            f"{template!r} makes no payment link; write https://... with {HOLE} in it, once"
        )
    if not template.isascii() or not template.isprintable() or " " in template:
        raise ValueError(f"{template!r} has signs that no link has; write them as %XX")
    link = template.replace(HOLE, ticket)
    if len(link) > MOST_LINK:
        raise ValueError(
            f"the payment link has {len(link)} characters, a code at most {MOST_LINK};"
            " shorten the template"
        )
    return link


# --- bytes -------------------------------------------------------------------------------


def packed(ticket: Ticket) -> bytes:
    """What is signed."""
    if not 0 <= ticket.fee_fen <= _LAST:
        raise TicketError(f"a fee of {ticket.fee_fen} fen does not fit a ticket")
    texts = (ticket.gateway, ticket.session_id, ticket.plate, ticket.area, ticket.pass_id)
    whole = bytes([VERSION])
    for (name, most), text in zip(_MOST_BYTES.items(), texts, strict=True):
        whole += _packed_text(name, text, most)
    entered = 0 if ticket.entered_at is None else _seconds(ticket.entered_at)
    figures = (entered, _seconds(ticket.quoted_at), ticket.fee_fen)
    return whole + b"".join(figure.to_bytes(4, "big") for figure in figures)


def unpacked(signed: bytes) -> Ticket:
    """Raises `TicketError` for whatever `packed` would not write."""
    if signed[:1] != bytes([VERSION]):
        raise TicketError(f"the ticket is not of version {VERSION}")
    texts, at = [], 1
    for name, most in _MOST_BYTES.items():
        text, at = _unpacked_text(name, signed, at, most)
        texts.append(text)
    if len(signed) != at + 12:
        raise TicketError(f"the ticket has {len(signed)} bytes before its signature, not {at + 12}")
    entered, quoted, fee_fen = (
        int.from_bytes(signed[place : place + 4], "big") for place in range(at, at + 12, 4)
    )
    gateway, session_id, plate, area, pass_id = texts
    entered_at = _time(entered) if entered else None
    ticket = Ticket(gateway, session_id, plate, area, entered_at, _time(quoted), fee_fen, pass_id)
    if packed(ticket) != signed:
        raise TicketError("the ticket is not written in the one right way")
    return ticket


def _packed_text(name: str, text: str, most: int) -> bytes:
    if _HEX_ID.fullmatch(text):
        return bytes([_PACKED]) + bytes.fromhex(text)
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        raise TicketError(f"the ticket's {name} {text!r} is no text") from None
    if len(encoded) > most:
        raise TicketError(f"the ticket's {name} has {len(encoded)} bytes; {most} fit")
    return bytes([len(encoded)]) + encoded


def _unpacked_text(name: str, signed: bytes, at: int, most: int) -> tuple[str, int]:
    """The text, and where the next one begins."""
    length = signed[at] if at < len(signed) else _LAST
    is_id = length == _PACKED
    end = at + 1 + (16 if is_id else length)
    if end > len(signed) or (length > most and not is_id):
        raise TicketError(f"the ticket's {name} is cut off or too long")
    part = signed[at + 1 : end]
    if is_id:
        return part.hex(), end
    try:
        return part.decode(), end
    except UnicodeDecodeError:
        raise TicketError(f"the ticket's {name} is not UTF-8") from None


def _seconds(at: datetime) -> int:
    seconds = int(at.timestamp())
    if not 0 < seconds <= _LAST:
        raise TicketError(f"the time {at} does not fit a ticket")
    return seconds


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str, what: str) -> bytes:
    """Only the one way to write them: no padding, no spare bits."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        data = b""
    if _text(data) != text:
        raise TicketError(f"{what} is not base64url without padding")
    return data


# --- keys --------------------------------------------------------------------------------


def _public(text: str) -> Ed25519PublicKey:
    data = _bytes(text, "the public key")
    if len(data) != _PUBLIC:
        raise TicketError(f"the public key has {len(data)} bytes, not {_PUBLIC}")
    return Ed25519PublicKey.from_public_bytes(data)


def _private(path: Path) -> Ed25519PrivateKey:
    with path.open("rb") as file:
        content = file.read(_MOST_KEY_FILE)
    try:
        private = load_pem_private_key(content, password=None)
    except (ValueError, TypeError):
        private = None
    if not isinstance(private, Ed25519PrivateKey):
        raise TicketError(
            f"{path}: is no Ed25519 key; move it away, and a new one is made at the next start"
        )
    return private


def _key_bytes(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
