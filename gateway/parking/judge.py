"""What a lane's runner asks about a plate or a code: everything that is known, put together."""

import json
import logging
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from gateway.config.parking import PolicyConfig
from gateway.lane.events import Decide, Decided
from gateway.lane.types import Decision, Now, Reason, Terms, Verdict
from gateway.parking.policies import area_config, vehicle_of
from gateway.rules.access import AccessList, decide_code
from gateway.rules.access import decide as by_lists
from gateway.rules.decision import (
    Arriving,
    Ask,
    Attested,
    Deduction,
    Facts,
    Judgement,
    Policy,
    decide,
)
from gateway.rules.decision.words import sentence
from gateway.rules.tariff.fields import as_fields
from gateway.rules.tariff.words import Language
from gateway.store import StoreError
from gateway.sync import telling
from gateway.sync.asking import Attest, Deduct
from gateway.sync.telling import Answer, Said
from gateway.tickets import Ticket, pay_link

if TYPE_CHECKING:
    from gateway.parking.park import Park

log = logging.getLogger(__name__)

MOST_QUESTIONS = 2
_DEDUCTIONS = {
    Said.PAID: Deduction.PAID,
    Said.ACCEPTED: Deduction.ACCEPTED,
    Said.REFUSED: Deduction.REFUSED,
}


@dataclass(frozen=True, slots=True)
class LaneJudge:
    """Never raises for what the store or the cloud do: then the lists on this box decide."""

    park: "Park"
    lane: str
    policy: Policy
    wanted: PolicyConfig

    async def judged(self, command: Decide, access: AccessList, now: Now) -> Decided:
        asked = command.reading.text if command.reading else command.code
        if command.reading is None and command.code in access.codes:
            return Decided(command.pass_id, asked, decide_code(command.code, access))
        try:
            judgement = await self._judgement(self._arriving(command, now), command)
        except StoreError as error:
            log.warning("%s: judged by the lists alone: %s", self.lane, error)
            return Decided(command.pass_id, asked, _by_lists_alone(command, access))
        return Decided(command.pass_id, asked, judgement.decision, judgement.terms)

    def _arriving(self, command: Decide, now: Now) -> Arriving:
        assert self.park.config.parking is not None  # noqa: S101 -- there is a park
        vehicle = vehicle_of(command.reading, self.park.config.parking)
        return Arriving(command.pass_id, vehicle, now.wall)

    async def _judgement(self, arriving: Arriving, command: Decide) -> Judgement:
        facts = await self._facts(arriving, command)
        if command.reading is None and facts.session is None:
            return Judgement(decide_code(command.code, _NO_CODES), Terms())
        judgement = decide(arriving, facts, self.park.tariffs, self.policy)
        for _ in range(MOST_QUESTIONS):
            if judgement.ask is None:
                break
            facts = await self._answered(judgement, arriving, facts)
            judgement = decide(arriving, facts, self.park.tariffs, self.policy)
        return replace(judgement, terms=self._terms(judgement, arriving, facts))

    async def _facts(self, arriving: Arriving, command: Decide) -> Facts:
        park, plate = self.park, arriving.vehicle.plate
        area = area_config(park.config, self.policy.area)
        facts = await park.parts.store.facts(
            arriving.vehicle,
            arriving.at,
            area=self.policy.area,
            session_id=command.pass_id if command.reading else command.code,
            rights=await park.parts.rights.of(plate) if plate else (),
            attest=self.policy.attest,
            places=None if area.places is None else area.places - area.held,
        )
        return replace(facts, online=park.parts.cloud.online)

    # --- questions

    async def _answered(self, judgement: Judgement, arriving: Arriving, facts: Facts) -> Facts:
        if judgement.ask is Ask.ATTEST:
            return replace(facts, attested=await self._attested(arriving))
        return await self._deducted(judgement, arriving, facts)

    async def _attested(self, arriving: Arriving) -> Attested:
        assert self.wanted.attest is not None  # noqa: S101 -- the rules asked for it
        question = Attest(_new_id(), self.wanted.attest.kind, arriving.vehicle.plate)
        answer = await self.park.ask(question, self.wanted.attest.wait_ms / 1000)
        if answer is None or answer.said not in (Said.PASS, Said.DENY):
            return Attested.SILENT
        passes = answer.said is Said.PASS
        expires_at = answer.expires_at or arriving.at + timedelta(
            minutes=self.wanted.attest.ttl_min
        )
        told = telling.Attested(question.ask_id, question.plate, question.kind, passes, expires_at)
        await self.park.parts.store.told(told)
        return Attested.PASSES if passes else Attested.FAILS

    async def _deducted(self, judgement: Judgement, arriving: Arriving, facts: Facts) -> Facts:
        terms = judgement.terms
        question = Deduct(
            _new_id(), _new_id(), terms.session_id, arriving.vehicle.plate, terms.due_fen
        )
        answer = await self.park.ask(question, self.wanted.deduct_wait_ms / 1000)
        if answer is None or answer.said not in _DEDUCTIONS:
            return replace(facts, deduction=Deduction.SILENT)
        if answer.said is Said.PAID:
            return await self._paid(question, answer, facts)
        return replace(facts, deduction=_DEDUCTIONS[answer.said])

    async def _paid(self, question: Deduct, answer: Answer, facts: Facts) -> Facts:
        from gateway.rules.tariff import Payment

        payment = self.park.payment(question, answer)
        await self.park.parts.store.told(payment)
        paid = Payment(payment.amount_fen, payment.at)
        return replace(facts, deduction=Deduction.PAID, payments=(*facts.payments, paid))

    # --- what is handed on

    def _terms(self, judgement: Judgement, arriving: Arriving, facts: Facts) -> Terms:
        fee, terms = judgement.fee, judgement.terms
        bill = "" if fee is None else json.dumps(as_fields(fee), ensure_ascii=False)
        due = judgement.decision.reason is Reason.PAY
        return replace(
            terms,
            bill=bill,
            ticket=self._ticket(terms, arriving, facts) if due else "",
            why=terms.why or sentence(judgement, arriving, Language.CHINESE),
        )

    def _ticket(self, terms: Terms, arriving: Arriving, facts: Facts) -> str:
        config, session = self.park.config, facts.session
        assert config.parking is not None  # noqa: S101 -- there is a park
        ticket = Ticket(
            gateway=config.gateway,
            session_id=terms.session_id,
            plate=arriving.vehicle.plate,
            area=session.area if session else self.policy.area,
            entered_at=session.entered_at if session else None,
            quoted_at=arriving.at,
            fee_fen=terms.due_fen,
            pass_id=arriving.pass_id,
        )
        text = self.park.parts.key.ticket(ticket)
        template = config.parking.pay_link
        return pay_link(template, text) if template else text


_NO_CODES = AccessList(frozenset(), frozenset(), Verdict.DENY)


def _by_lists_alone(command: Decide, access: AccessList) -> Decision:
    """A plate on neither list is nobody's to judge now: whatever is due could not be kept."""
    text = command.reading.text if command.reading else ""
    decision = by_lists(text, access)
    known = decision.reason in (Reason.ALLOW_LIST, Reason.BLOCK_LIST)
    return decision if known else Decision(Verdict.DENY, Reason.UNDECIDED)


def _new_id() -> str:
    return secrets.token_hex(16)
