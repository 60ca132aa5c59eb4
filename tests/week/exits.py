"""What happens before the boom of an exit: the driver pays, an agent helps, the guard presses."""

from dataclasses import dataclass

from gateway.lane.types import Reason
from gateway.store.records import utc_text
from gateway.tickets import Ticket, read_ticket
from tests.week.people import Kind, Mishap, Pays
from tests.week.site import loop_time
from tests.week.street import AtGate, Idea
from tests.week.truth import Stay
from tests.week.world import World

AGENT_S, NEVER_S, SCAN_S = 15.0, 45.0, 20.0
KEPT_S, PAID_KEPT_S = 150.0, 30.0
OFFLINE_S, NAMELESS_S, SLACK_S = 60.0, 8.0, 5.0


@dataclass(slots=True)
class Scene:
    """One vehicle there. `pays_s`: when the driver has the phone out."""

    world: World
    stay: Stay
    pays_s: float = 0.0
    delivered_s: float = 0.0

    @property
    def ideas(self) -> tuple[Idea, ...]:
        return self.driver, self.agent, self.guard

    def driver(self, at: AtGate) -> None:
        visit = at.visit
        if visit is None or visit.terms is None or visit.decision.reason is not Reason.PAY:
            return
        self._is_in_grace(at)
        if self.stay.trip.pays is Pays.NEVER or not visit.terms.ticket:
            return
        self.pays_s = self.pays_s or loop_time() + at.dice.uniform(6.0, 25.0)
        if loop_time() >= self.pays_s and at.once("pays"):
            self._pays(at, visit.terms.ticket)

    def _is_in_grace(self, at: AtGate) -> None:
        """Who has paid all, and came to the exit in time, is not asked again."""
        truth, stay = self.world.truth, self.stay
        if stay.prepaid_s is None or stay.doubts:
            return
        known = truth.heard.get(stay.prepaid_by, float("inf")) < at.crossing.arrived_s
        in_time = loop_time() < stay.prepaid_s + self.world.prices.grace_s - SLACK_S
        plain = stay.car.kind is Kind.TEMPORARY
        if plain and known and in_time and at.once("asked again"):
            truth.wrong(f"{stay.car.plate} has paid all, and is asked again within the grace")

    def _pays(self, at: AtGate, link: str) -> None:
        ticket = self._ticket(link)
        self.world.truth.counts["paid at the exit"] += 1
        self._transfer(ticket)
        if self.stay.trip.pays is Pays.TWICE and at.once("pays again"):
            self._transfer(ticket)

    def _transfer(self, ticket: Ticket) -> None:
        def heard() -> None:
            self.delivered_s = self.delivered_s or loop_time()

        cloud, session_id = self.world.cloud, ticket.session_id
        whose = {"session_id": session_id, "at": utc_text(ticket.quoted_at)}
        cloud.paid(session_id, ticket.fee_fen, "wechat", whose, heard)

    def _ticket(self, link: str) -> Ticket:
        return read_ticket(link.rsplit("/", 1)[1], self.world.box.park.parts.key.public)

    def agent(self, at: AtGate) -> None:
        """Sits in the cloud, and looks into each case."""
        visit = at.visit
        if not self.world.cloud.online or visit is None or at.waited_s < AGENT_S:
            return
        reason = visit.decision.reason
        if reason is Reason.NO_ENTRY:
            self._looks_for_entry(at, visit.pass_id)
        elif reason is Reason.PAY and self.stay.trip.pays is Pays.NEVER and at.waited_s > NEVER_S:
            self._opens(at, visit.pass_id, "let out unpaid")
        if self.delivered_s:
            self._scans(at)

    def _looks_for_entry(self, at: AtGate, pass_id: str) -> None:
        shown = self.stay.shown
        if shown is None:
            self._opens(at, pass_id, "let out by an agent")
        elif shown == self.stay.car.plate:
            self._scans(at)
        elif at.once("corrects"):
            self._count("corrected at the exit")
            self.world.corrects(self.stay)

    def _opens(self, at: AtGate, pass_id: str, what: str) -> None:
        if at.once(f"opens {pass_id}"):
            self._count(what)
            at.agent_opens(self.world.cloud.new_id())

    def _scans(self, at: AtGate) -> None:
        """The agent sends the session's code to the driver's phone: the plate is read wrong."""
        wrong = self.stay.trip.mishap is Mishap.MISREAD_OUT
        if wrong and at.once(f"code {at.waited_s // SCAN_S}"):
            at.code(self.stay.session_id)

    def guard(self, at: AtGate) -> None:
        """Helps where nobody else can."""
        visit = at.visit
        named_s = KEPT_S if self.world.cloud.online else OFFLINE_S
        patience_s = named_s if at.text else NAMELESS_S
        self._complain(at)
        if visit is not None and at.waited_s > patience_s and at.once(f"p {at.waited_s // 20}"):
            if at.text and self.world.cloud.online and at.once("late"):
                words = f"{at.text} waits at the exit: {visit.decision.reason}"
                self.world.truth.wrong(f"{words} ({self.stay.trip}, {self.stay.shown})")
            at.press()

    def _complain(self, at: AtGate) -> None:
        waits_s = loop_time() - self.delivered_s if self.delivered_s else 0.0
        scans = self.stay.trip.mishap is Mishap.MISREAD_OUT
        if waits_s > PAID_KEPT_S + 30.0 * scans and at.once("paid and kept"):
            self.world.truth.wrong(f"{self.stay.car.plate} has paid and is kept: {at.visit}")

    def _count(self, what: str) -> None:
        self.world.truth.counts[what] += 1
