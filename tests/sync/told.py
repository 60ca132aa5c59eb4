"""A car park that keeps what it is told, for tests of the downlink."""

import asyncio
import json

from gateway.store import StoreError
from gateway.sync.asking import RightsWanted
from gateway.sync.fields import MalformedError

ID = "1" * 32
SESSION = "2" * 32


class Park:
    """`fails`: so many times the store refuses; `gate` holds up what is told while it is clear."""

    def __init__(self) -> None:
        self.orders: list[object] = []
        self.rights: list[tuple[str, bytes]] = []
        self.tried = 0
        self.fails = 0
        self.breaks = False
        self.wanted: RightsWanted | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def told(self, told) -> None:
        self.tried += 1
        await self.gate.wait()
        if self.breaks:
            raise RuntimeError("a mistake of this program")
        if self.fails:
            self.fails -= 1
            raise StoreError("no room on the disk")
        self.orders.append(told)

    async def rights_told(self, leaf, payload) -> None:
        if payload == b"nonsense":
            raise MalformedError("not JSON")
        self.rights.append((leaf, payload))

    def rights_wanted(self):
        wanted, self.wanted = self.wanted, None
        return wanted


def revoke(number: int) -> bytes:
    order = {"do": "revoke", "id": f"{number:032x}", "credit_id": SESSION}
    return json.dumps(order).encode()


def answer(ask_id: str, said: str = "paid") -> bytes:
    return json.dumps({"do": "answer", "ask_id": ask_id, "answer": said}).encode()
