"""What only the cloud can say of a vehicle at a lane: asked once, and not waited for for ever."""

import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from gateway.config.parking import PolicyConfig
from gateway.rules.decision import Arriving, Ask, Attested, Deduction, Facts, Judgement
from gateway.rules.tariff import Payment
from gateway.sync import telling
from gateway.sync.asking import Attest, Deduct
from gateway.sync.telling import Answer, Said

if TYPE_CHECKING:
    from gateway.parking.park import Park

_DEDUCTIONS = {
    Said.PAID: Deduction.PAID,
    Said.ACCEPTED: Deduction.ACCEPTED,
    Said.REFUSED: Deduction.REFUSED,
}


@dataclass(slots=True)
class Questions:
    """`order_id` is that of a deduction whose money comes later."""

    park: "Park"
    wanted: PolicyConfig
    arriving: Arriving
    order_id: str = ""

    async def answered(self, judgement: Judgement, facts: Facts) -> Facts:
        """The facts with the answer among them. Raises `StoreError`."""
        if judgement.ask is Ask.ATTEST:
            return replace(facts, attested=await self._attested())
        return await self._deducted(judgement, facts)

    async def _attested(self) -> Attested:
        attest = self.wanted.attest
        assert attest is not None  # noqa: S101 -- the rules asked for it
        question = Attest(_new_id(), attest.kind, self.arriving.vehicle.plate)
        answer = await self.park.ask(question, attest.wait_ms / 1000)
        if answer is None or answer.said not in (Said.PASS, Said.DENY):
            return Attested.SILENT
        passes = answer.said is Said.PASS
        expires_at = answer.expires_at or self.arriving.at + timedelta(minutes=attest.ttl_min)
        told = telling.Attested(question.ask_id, question.plate, attest.kind, passes, expires_at)
        await self.park.parts.store.told(told, self.arriving.at)
        return Attested.PASSES if passes else Attested.FAILS

    async def _deducted(self, judgement: Judgement, facts: Facts) -> Facts:
        terms, plate = judgement.terms, self.arriving.vehicle.plate
        question = Deduct(_new_id(), _new_id(), terms.session_id, plate, terms.due_fen)
        answer = await self.park.ask(question, self.wanted.deduct_wait_ms / 1000)
        if answer is None or answer.said not in _DEDUCTIONS:
            return replace(facts, deduction=Deduction.SILENT)
        if answer.said is Said.PAID:
            return await self._paid(question, answer, facts)
        self.order_id = question.order_id if answer.said is Said.ACCEPTED else ""
        return replace(facts, deduction=_DEDUCTIONS[answer.said])

    async def _paid(self, question: Deduct, answer: Answer, facts: Facts) -> Facts:
        """As of the judgement: what begins while the cloud answers is not charged."""
        order = self.park.payment(question, answer, self.arriving.at)
        await self.park.parts.store.told(order, self.arriving.at)
        payments = (*facts.payments, Payment(order.amount_fen, order.at))
        return replace(facts, deduction=Deduction.PAID, payments=payments)


def _new_id() -> str:
    return secrets.token_hex(16)
