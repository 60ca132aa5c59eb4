"""A batch read by what docs/mqtt.md says of it, and by nothing of the product."""

import hashlib
import json
import zlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Sheet:
    """A batch: its head, its records, and the chain that they come to, in hex."""

    head: dict
    lines: list[bytes]
    records: list[dict]
    chain: str


def sheet(payload: bytes) -> Sheet:
    """Of a plain or a deflated one; a packed one is for its own readers."""
    if payload[0] == 0x78:
        payload = zlib.decompress(payload)
    assert payload[:1] == b"{"
    first, *lines = payload.split(b"\n")
    head = json.loads(first)
    records = [json.loads(line) for line in lines]
    chain = bytes.fromhex(head["prev_chain"])
    if head["first_seq"] == 1:
        assert chain == hashlib.sha256(f"lanegate/1/{head['epoch']}".encode()).digest()
    for line, record in zip(lines, records, strict=True):
        link = hashlib.sha256(line).digest()
        if record["kind"] == "tombstone":
            link = bytes.fromhex(record["body"]["digest"])
        chain = hashlib.sha256(chain + link).digest()
    return Sheet(head, lines, records, chain.hex())
