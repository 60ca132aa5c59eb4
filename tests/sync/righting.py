"""Sets of rights and the messages that carry them, for tests."""

import json

from gateway.rights.held import SetHash, digest_of
from gateway.rights.text import RightText


def right(number: int, version: int = 1, **more) -> dict:
    return {
        "id": f"r-{number}",
        "version": version,
        "kind": "month_card",
        "plates": [f"京A{number:05}"],
        "valid": {"from": "2026-11-01T00:00:00+08:00"},
    } | more


def rights(count: int, version: int = 1) -> list[dict]:
    return [right(number, version) for number in range(count)]


def hash_of(objects) -> str:
    whole = SetHash()
    for one in objects:
        whole.add(digest_of(RightText.model_validate(one).line()))
    return whole.text


def held(book) -> tuple[int, str, int]:
    state = book.state
    return state.version, state.hash, state.count


def manifest(version: int, objects) -> bytes:
    return as_bytes(version=version, hash=hash_of(objects), count=len(objects))


def full(version: int, objects, parts: int = 1, digest: str = "") -> list[bytes]:
    head = {"kind": "full", "version": version, "hash": digest or hash_of(objects), "parts": parts}
    return [
        as_bytes(**head, part=part, rights=objects[part - 1 :: parts])
        for part in range(1, parts + 1)
    ]


def delta(since: int, version: int, put, drop, after, *, digest: str = "") -> bytes:
    head = {"kind": "delta", "from": since, "version": version}
    return as_bytes(**head, hash=digest or hash_of(after), set=put, drop=drop)


def as_bytes(**fields) -> bytes:
    return json.dumps(fields).encode()
