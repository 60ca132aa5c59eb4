"""Drivers' phones, and the payment server behind the link that they read on the exit's screen."""

import asyncio
import math
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from gateway.demo.cloud import Cloud
from gateway.demo.screens import Screen
from gateway.demo.stage import DemoError
from gateway.store.records import utc_text
from gateway.tickets import Ticket, TicketError, read_ticket

BY = "wechat"


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: how long a driver takes, how often the cloud looks, and tells again."""

    thinks_s: tuple[float, float] = (1.0, 2.0)
    look_s: float = 0.25
    retell_s: float = 10.0


@dataclass(slots=True)
class Payment:
    """`tellings`: how often the gateway was told of it."""

    ticket: Ticket
    order: dict[str, Any]
    tellings: int = 0
    told_at: datetime | None = None


class Phone:
    """Pays what the code on the screen asks for; every second payment is told twice.

    `told_at` says when the gateway carried an order out, None while the cloud does not know.
    """

    def __init__(
        self,
        screen: Screen,
        cloud: Cloud,
        told_at: Callable[[str], datetime | None],
        *,
        seed: int = 1,
        pace: Pace | None = None,
    ) -> None:
        self._screen = screen
        self._cloud = cloud
        self._told_at = told_at
        self._random = random.Random(seed)  # noqa: S311 -- a driver's patience
        self._pace = pace or Pace()
        self.payments: list[Payment] = []

    @property
    def all_confirmed(self) -> bool:
        return all(payment.told_at is not None for payment in self.payments)

    async def run(self) -> None:
        """Until cancelled. Raises `DemoError` for a code that the gateway did not sign."""
        while True:
            await self._screen.changed()
            while (ticket := self._due()) is not None:
                await self._pay(ticket)

    def _due(self) -> Ticket | None:
        """The ticket on the screen, unless it was reckoned before its last payment was booked."""
        ticket = self._ticket()
        if ticket is None or any(one.ticket == ticket for one in self.payments):
            return None
        paid = [one for one in self.payments if one.ticket.session_id == ticket.session_id]
        booked = [math.floor(one.told_at.timestamp()) for one in paid if one.told_at]
        return ticket if ticket.quoted_at.timestamp() >= max(booked, default=0) else None

    def _ticket(self) -> Ticket | None:
        link, key = self._screen.face.link, self._cloud.ticket_key
        if not (link and key):
            return None
        try:
            return read_ticket(parse_qs(urlsplit(link).query)["t"][0], key)
        except (TicketError, KeyError) as error:
            raise DemoError(f"the code on the exit's screen cannot be paid: {error}") from error

    async def _pay(self, seen: Ticket) -> None:
        """Whoever drove off while the driver thought about it pays nothing."""
        await asyncio.sleep(self._random.uniform(*self._pace.thinks_s))
        ticket = self._due()
        if ticket is None or ticket.session_id != seen.session_id:
            return
        payment = Payment(ticket, _order(ticket))
        self.payments.append(payment)
        for _ in range(1 + len(self.payments) % 2):
            self._tell(payment)
        await self._confirmed(payment)

    def _tell(self, payment: Payment) -> None:
        payment.tellings += 1
        self._cloud.order(payment.order)

    async def _confirmed(self, payment: Payment) -> None:
        """Told again until a record names it, as the contract with the gateway wants it."""
        loop = asyncio.get_running_loop()
        again_at = loop.time() + self._pace.retell_s
        while (at := self._told_at(payment.order["id"])) is None:
            await asyncio.sleep(self._pace.look_s)
            if loop.time() >= again_at:
                self._tell(payment)
                again_at = loop.time() + self._pace.retell_s
        payment.told_at = at


def _order(ticket: Ticket) -> dict[str, Any]:
    return {
        "do": "pay",
        "id": secrets.token_hex(16),
        "session_id": ticket.session_id,
        "amount_fen": ticket.fee_fen,
        "at": utc_text(datetime.now(UTC)),
        "by": BY,
    }
