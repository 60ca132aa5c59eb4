"""What the cloud does about money that is open, going by its own books: it asks, and gives back."""

import asyncio

from gateway.store.records import utc_text
from tests.week.life import World
from tests.week.truth import Cash, now

LOOK_S = 1800.0
PAYS_SHARE = 0.75


async def collects_debts(world: World) -> None:
    """Each debt is asked for once, each surplus given back once; some debtors never pay."""
    done: set[str] = set()
    while True:
        await asyncio.sleep(LOOK_S)
        if not world.cloud.online:
            continue
        for money_id, row in sorted(world.cloud.money.items()):
            if money_id in done or row["kind"] not in ("owed", "overpaid"):
                continue
            done.add(money_id)
            if row["kind"] == "overpaid":
                _gives_back(world, row["session_id"], row["amount_fen"])
            elif not _is_paid(world, row["session_id"]) and _pays(world):
                world.cloud.settle(row["session_id"], row["amount_fen"], "alipay")


def _is_paid(world: World, session_id: str) -> bool:
    """By an order that is on its way, or by an account that pays later."""
    return any(cash.session_id == session_id for cash in world.truth.cash.values())


def _pays(world: World) -> bool:
    return world.cloud.dice.random() < PAYS_SHARE


def _gives_back(world: World, session_id: str | None, amount_fen: int) -> None:
    if session_id is None:
        return
    told_id = world.cloud.tell(
        "refund", session_id=session_id, amount_fen=amount_fen, at=utc_text(now()),
        reason="paid too much",
    )  # fmt: skip
    world.truth.back[told_id] = Cash(session_id, amount_fen, "refund")
