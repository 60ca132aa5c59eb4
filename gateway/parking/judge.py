"""What a lane's runner asks about a plate or a code: everything that is known, put together."""

import json
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gateway.config.parking import PolicyConfig
from gateway.lane.events import Decide, Decided
from gateway.lane.types import Decision, Direction, Now, Reason, Terms, Verdict
from gateway.parking.policies import area_config, vehicle_of
from gateway.parking.questions import Questions
from gateway.rules.access import AccessList, decide_code
from gateway.rules.access import decide as by_lists
from gateway.rules.decision import Arriving, Facts, Judgement, Policy, decide
from gateway.rules.decision.words import sentence
from gateway.rules.rights import Right
from gateway.rules.sessions import alike
from gateway.rules.tariff.fields import as_fields
from gateway.rules.tariff.words import Language
from gateway.store import StoreError
from gateway.tickets import Ticket, pay_link

if TYPE_CHECKING:
    from gateway.parking.park import Park

log = logging.getLogger(__name__)

MOST_QUESTIONS = 2
_UNKNOWN_CODE = Decision(Verdict.DENY, Reason.VISITOR_CODE)


@dataclass(frozen=True, slots=True)
class LaneJudge:
    """Never raises for what the store or the cloud do: then the lists on this box decide."""

    park: "Park"
    lane: str
    policy: Policy
    wanted: PolicyConfig
    language: Language = Language.CHINESE

    async def judged(self, command: Decide, access: AccessList, now: Now) -> Decided:
        asked = command.reading.text if command.reading else command.code
        arriving = self._arriving(command, now)
        try:
            judgement = await self._judgement(arriving, command)
        except StoreError as error:
            log.warning("%s: judged by the lists alone: %s", self.lane, error)
            return Decided(command.pass_id, asked, _by_lists_alone(command, access))
        by_code = decide_code(command.code, access)
        if by_code.verdict is Verdict.ALLOW:
            judgement = _invited(judgement, by_code)
        log.info("%s: %s", self.lane, judgement.terms.why or judgement.decision.reason)
        return Decided(command.pass_id, asked, judgement.decision, judgement.terms)

    def _arriving(self, command: Decide, now: Now) -> Arriving:
        assert self.park.config.parking is not None  # noqa: S101 -- there is a park
        vehicle = vehicle_of(command.reading, self.park.config.parking)
        return Arriving(command.pass_id, vehicle, now.wall)

    async def _judgement(self, arriving: Arriving, command: Decide) -> Judgement:
        facts = await self._facts(arriving, command)
        if command.reading is None and facts.session is None:
            return Judgement(_UNKNOWN_CODE, Terms())
        arriving = _as_shown(arriving, facts)
        questions = Questions(self.park, self.wanted, arriving)
        judgement = decide(arriving, facts, self.park.tariffs, self.policy)
        for _ in range(MOST_QUESTIONS):
            if judgement.ask is None:
                break
            facts = await questions.answered(judgement, facts)
            judgement = decide(arriving, facts, self.park.tariffs, self.policy)
        terms = replace(judgement.terms, order_id=questions.order_id)
        return replace(judgement, terms=self._told(judgement, terms, arriving, facts))

    async def _facts(self, arriving: Arriving, command: Decide) -> Facts:
        """A ticket says whose session it is, and so whose rights count."""
        plate = arriving.vehicle.plate
        facts = await self._known(arriving, command, await self._rights(plate))
        shown = _as_shown(arriving, facts).vehicle.plate
        if shown != plate:
            facts = await self._known(arriving, command, await self._rights(shown))
        return replace(facts, online=self.park.parts.cloud.online)

    async def _rights(self, plate: str) -> tuple[Right, ...]:
        return await self.park.parts.rights.of(plate) if plate else ()

    async def _known(self, arriving: Arriving, command: Decide, rights: tuple[Right, ...]) -> Facts:
        return await self.park.parts.store.facts(
            arriving.vehicle,
            arriving.at,
            area=self.policy.area,
            session_id=command.code or command.pass_id,
            rights=rights,
            attest=self.policy.attest,
            places=self._places(),
            leaving=self.policy.direction is Direction.EXIT,
        )

    def _places(self) -> int | None:
        """For vehicles without a right; nobody counts them on the way out."""
        area = area_config(self.park.config, self.policy.area)
        if area.places is None or self.policy.direction is Direction.EXIT:
            return None
        return area.places - area.held

    def _told(self, judgement: Judgement, terms: Terms, arriving: Arriving, facts: Facts) -> Terms:
        """With what goes into the record, on the display and into the log."""
        fee = judgement.fee
        due = judgement.decision.reason is Reason.PAY
        return replace(
            terms,
            bill="" if fee is None else json.dumps(as_fields(fee), ensure_ascii=False),
            ticket=self._ticket(terms, arriving, facts) if due else "",
            why=terms.why or sentence(judgement, arriving, self.language),
        )

    def _ticket(self, terms: Terms, arriving: Arriving, facts: Facts) -> str:
        config, session, key = self.park.config, facts.session, self.park.parts.key
        if key is None:
            return ""
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
        text = key.ticket(ticket)
        template = config.parking.pay_link
        return pay_link(template, text) if template else text


def _as_shown(arriving: Arriving, facts: Facts) -> Arriving:
    """By a ticket, whose plate was not read or misread is known: its account and rights count.

    A plate that is another one stays what it is: nobody leaves on somebody else's ticket.
    """
    read, session = arriving.vehicle.plate, facts.session
    if session is None or (read and not alike(read, session.vehicle.plate)):
        return arriving
    return replace(arriving, vehicle=session.vehicle)


def _invited(judgement: Judgement, by_code: Decision) -> Judgement:
    """A visitor's code is leave by itself: its session begins and ends, and nothing is charged."""
    terms = judgement.terms
    kept = Terms(terms.session_id, linked=terms.linked, vehicle=terms.vehicle)
    return Judgement(by_code, kept)


def _by_lists_alone(command: Decide, access: AccessList) -> Decision:
    """A plate on neither list is nobody's to judge now: whatever is due could not be kept."""
    text = command.reading.text if command.reading else ""
    decision = by_lists(text, access)
    known = decision.reason in (Reason.ALLOW_LIST, Reason.BLOCK_LIST)
    return decision if known else Decision(Verdict.DENY, Reason.UNDECIDED)
