"""Rights to test with."""

import asyncio
import hashlib
import json

from gateway.rights import Held, RightsBook, RightText

VALID = {"from": "2026-01-01", "to": "2026-12-31"}


def fields(right_id="r1", **changes):
    plain = {
        "id": right_id,
        "version": 1,
        "kind": "month_card",
        "plates": ["京A12345"],
        "valid": VALID,
    }
    return plain | changes


def a_right(right_id="r1", **changes):
    return RightText.model_validate(fields(right_id, **changes))


def hash_of(rights):
    """The hash of a set, reckoned here in its own way."""
    total = 0
    for right in rights:
        line = json.dumps(right.fields(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        total += int(hashlib.sha256(line.encode("utf-8")).hexdigest(), 16)
    return format(total & (2**256 - 1), "064x")


def told(path, story):
    """What `story(book)` says."""

    async def whole():
        book = RightsBook.open(path)
        try:
            return await story(book)
        finally:
            await book.close()

    return asyncio.run(whole())


ONE, OTHER = a_right("one"), a_right("other", plates=["京A12345", "京B99999"])
SECOND = Held(2, hash_of([ONE, OTHER]), 2)


async def two(book):
    return await book.replace([ONE, OTHER], 2, SECOND.hash)


async def of(book, plate="京A12345"):
    return [right.right_id for right in await book.of(plate)]
