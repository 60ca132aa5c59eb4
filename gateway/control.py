"""A socket in the data folder, through which the commands of this machine reach the daemon.

One line of JSON in: an `Order` without its id, `{"ask": QUESTION}`, or `{"tell": ..., "by": WHO}`
with what the cloud would tell about parking; one line out, `{"answer": ...}`. Who may open the
socket is what the file's owner and mode say.
"""

import asyncio
import contextlib
import json
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from gateway.orders import Order, Orders
from gateway.store import StoreError
from gateway.sync.fields import MalformedError
from gateway.sync.telling import Answer, Told, decode

log = logging.getLogger(__name__)

SOCKET = "control.sock"
LONGEST_LINE = 4096
LONGEST_ANSWER = 1 << 20
PATIENCE_S = 10.0
_FIELDS = {"lane": str, "word": str, "by": str, "reason": str, "hold_s": float, "pass_id": str}


Questions = Mapping[str, Callable[[], Awaitable[object]]]
"""What may be asked by name; each answer is JSON."""

Tell = Callable[[Told], Awaitable[str]]
"""Carries out what is told about parking: `done`, or a sentence. Raises `StoreError`."""
NO_PARKING = (
    "this box has no parking section: it keeps no sessions; add `parking:` to its configuration"
)


class _Desk(NamedTuple):
    """Who answers what comes through the socket."""

    orders: Orders
    questions: Questions
    tell: Tell | None


@contextlib.asynccontextmanager
async def listening(
    folder: Path, orders: Orders, questions: Questions, tell: Tell | None = None
) -> AsyncIterator[None]:
    """A box whose folder cannot hold a socket goes on without one.

    `tell` is None where the box has no parking section.
    """
    path = folder / SOCKET
    try:
        path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(
            partial(_serve, _Desk(orders, questions, tell)), path, limit=LONGEST_LINE
        )
        path.chmod(0o660)
    except OSError as error:
        log.warning("no orders on this machine: cannot listen at %s: %s", path, error.strerror)
        yield
        return
    async with server:
        yield
    path.unlink(missing_ok=True)


async def _serve(desk: _Desk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            answer = await _answered(desk, reader)
            writer.write(json.dumps({"answer": answer}, ensure_ascii=False).encode() + b"\n")
            await writer.drain()
    writer.close()


async def _answered(desk: _Desk, reader: asyncio.StreamReader) -> object:
    try:
        asked = json.loads(await reader.readline())
        if isinstance(asked, dict) and asked.get("ask") in desk.questions:
            return await desk.questions[asked["ask"]]()
        if isinstance(asked, dict) and "tell" in asked:
            return await _told(desk.tell, asked["tell"], str(asked.get("by") or "somebody"))
        order = _order(asked)
    except (ValueError, TypeError, asyncio.LimitOverrunError) as error:
        return f"not understood: {error}"
    log.info("%s: order %s by %s", order.lane, order.word, order.by)
    return await desk.orders.give(order)


async def _told(tell: Tell | None, asked: Any, by: str) -> str:
    """Raises `MalformedError`."""
    told = decode(json.dumps(asked).encode())
    if told is None or isinstance(told, Answer):
        raise MalformedError(f"nobody on this machine tells {asked['do']!r}")
    if tell is None:
        return NO_PARKING
    log.info("parking: order %s (%s) by %s", told.told_id, asked["do"], by)
    try:
        return await tell(told)
    except StoreError as error:
        return f"not carried out, because it cannot be recorded: {error}"


def _order(asked: Any) -> Order:
    """Raises `ValueError` or `TypeError`."""
    if not isinstance(asked, dict):
        raise TypeError("an order is a mapping")
    if unknown := asked.keys() - _FIELDS:
        raise ValueError(f"unknown field {', '.join(sorted(unknown))}")
    fields = {name: _FIELDS[name](value) for name, value in asked.items()}
    return Order(order_id=secrets.token_hex(16), **fields)


def give(folder: Path, order: dict[str, Any]) -> str:
    """Blocks. Raises `OSError` where no daemon listens, or it does not answer in time."""
    return str(_said(folder, order))


def tell(folder: Path, order: dict[str, Any], by: str) -> str:
    """As `give`, for what the cloud would tell on `dn/parking`."""
    return str(_said(folder, {"tell": order, "by": by}))


def ask(folder: Path, question: str) -> dict[str, Any]:
    """As `give`."""
    answer = _said(folder, {"ask": question})
    if not isinstance(answer, dict):
        raise OSError(f"the daemon does not know {question!r}, it says: {answer}")
    return answer


def _said(folder: Path, asked: dict[str, Any]) -> Any:
    import socket

    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(PATIENCE_S)
        door.connect(str(folder / SOCKET))
        door.sendall(json.dumps(asked, ensure_ascii=False).encode() + b"\n")
        with door.makefile("rb") as answer:
            line = answer.readline(LONGEST_ANSWER)
    return json.loads(line or b'{"answer": "the daemon ended before it answered"}')["answer"]
