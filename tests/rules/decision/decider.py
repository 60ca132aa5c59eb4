"""A second way to a decision: slow, obvious, and written from the reference text alone.

Knows the data that `decide` gets, and none of its code.
"""

from dataclasses import dataclass, replace

from tests.rules.decision.slots import MONDAY_S, NEVER, SLOT_S, Slots, local_slot, slot

RANKS = ["staff", "fleet", "month_card", "rental", "reservation", "shared_space", "visitor"]


@dataclass(frozen=True)
class Expected:
    """`right_id` and `session_id` are None where nobody promises one."""

    verdict: str
    reason: str
    by: str
    ask: str = ""
    session_id: str = ""
    linked: str = ""
    right_id: str = ""
    days_left: int | None = None
    total: int | None = None
    discounted: int | None = None
    due: int = 0


class Decider(Slots):
    def say(self, verdict, reason, **more):
        facts = self.facts
        if reason == "deducted" or (
            reason == "not_attested" and facts.attested == "fails" and facts.online
        ):
            by = "cloud"
        else:
            away = not facts.online or "silent" in (facts.attested, facts.deduction)
            by = "edge_offline" if away else "edge"
        return Expected(verdict, reason, by, **more)

    # --- coming in

    def entering(self):
        policy = self.policy
        new, old = self.arriving.pass_id, self.session.session_id if self.session else ""
        deeper = bool(old and policy.within and self.session.area == policy.within)
        there = bool(old) and self.place_of(NEVER - 1) == policy.area
        ids = {"session_id": old if deeper else new, "linked": old}
        if deeper and not there:
            ids["linked"] = ""
        if self.plate in policy.block:
            return self.say("deny", "block_list", **ids)
        if self.plate in policy.allow:
            return self.say("allow", "allow_list", **ids)
        if self.arriving.vehicle.kind in policy.free_kinds:
            return self.say("allow", "free_vehicle", **ids)
        return self.entering_by_right(ids, deeper=deeper)

    def entering_by_right(self, ids, *, deeper):
        facts, policy = self.facts, self.policy
        if ids["linked"] and policy.passback == "hard":
            return self.say("deny", "already_inside", **ids)
        if policy.attest and facts.attested != "passes":
            if facts.attested == "unknown" and facts.online:
                return self.say("deny", "not_attested", ask="attest", **ids)
            if facts.attested == "fails" or policy.attest_fails == "deny":
                return self.say("deny", "not_attested", **ids)
        return self.entering_without_doubt(ids, deeper=deeper)

    def entering_without_doubt(self, ids, *, deeper):
        facts, policy = self.facts, self.policy
        good = [right for right in facts.rights if self.lets_in(right, deeper=deeper)]
        if good:
            best = min(good, key=lambda right: (RANKS.index(right.kind), right.right_id))
            left_s = best.valid.end - MONDAY_S - self.now * SLOT_S
            days = max(0, left_s // 86_400) if left_s < 6 * 86_400 else None
            return self.say("allow", "right", right_id=best.right_id, days_left=days, **ids)
        if facts.owed_fen > 0 and policy.debtors == "deny":
            return self.say("deny", "owes", **ids)
        if policy.temporary == "deny":
            return self.say("deny", "unknown_plate", **ids)
        if facts.places_left is not None and facts.places_left < 1:
            return self.say("deny", "full", **ids)
        return self.say("allow", "temporary", **ids)

    def lets_in(self, right, *, deeper=False):
        """Valid here and now, for this class, paid, not used up, and a space is free."""
        by_it = self.session is not None and self.session.right_id == right.right_id
        use = self.facts.uses.get(right.right_id)
        entries, taken = (use.entries, use.spaces_taken) if use else (0, 0)
        early = right.tolerance.early_s // SLOT_S
        if right.areas and self.policy.area not in right.areas:
            return False
        if right.classes and self.arriving.vehicle.vehicle not in right.classes:
            return False
        if not right.paid or self.now < local_slot(right.valid.start) - early:
            return False
        if not any(self.covers_slot(right, self.now + more) for more in range(early + 1)):
            return False
        goes_on = deeper and self.session is not None
        if not (goes_on and by_it):
            if right.uses is not None and entries >= right.uses:
                return False
            late = self.now - local_slot(right.valid.start) > right.no_show_s // SLOT_S
            if right.no_show_s and entries == 0 and late:
                return False
        has_one = goes_on and right.right_id in self.facts.since
        return right.spaces is None or has_one or taken < right.spaces

    # --- going out

    def leaving(self):
        policy = self.policy
        if self.session is None:
            return self.unseen()
        known = self.session.vehicle.plate
        ids = {"session_id": self.session.session_id}
        if self.plate in policy.block or known in policy.block:
            return self.say("deny", "block_list", **ids)
        if self.plate and known and not self.may_be(known):
            return self.say("deny", "no_entry", session_id=self.arriving.pass_id)
        if policy.within and self.session.area == policy.within:
            return self.say("allow", "free", **ids)
        who = self.arriving.vehicle if self.plate else self.session.vehicle
        if who.plate in policy.allow:
            return self.say("allow", "allow_list", **ids)
        if who.kind in policy.free_kinds:
            return self.say("allow", "free_vehicle", **ids)
        return self.by_right_or_money(ids)

    def may_be(self, known):
        wrong = [pair for pair in zip(self.plate, known, strict=False) if pair[0] != pair[1]]
        groups = ("8BR", "0DQ", "17I", "2Z", "5S")
        return len(self.plate) == len(known) and (
            not wrong or (len(wrong) == 1 and any(set(wrong[0]) <= set(g) for g in groups))
        )

    def by_right_or_money(self, ids):
        by_right = {right.right_id: self.paid_for(right) for right in self.facts.rights}
        all_slots = set(range(self.entered, self.until))
        everything = set().union(*by_right.values())
        ids["right_id"] = self.named(by_right)
        if all_slots and all_slots <= everything:
            return self.say("allow", "right", total=0, discounted=0, **ids)
        ways = [everything, *by_right.values(), set()]
        bills = [self.bill(free) for free in ways]
        total, discounted, paid = min(bills, key=lambda b: (max(0, b[0] - b[1] - b[2]), b[0]))
        money = {"total": total, "discounted": discounted, "due": max(0, total - discounted - paid)}
        return self.money(money, paid, ids)

    def named(self, by_right):
        rights = {right.right_id: right for right in self.facts.rights}
        found = [name for name, slots in by_right.items() if slots]
        if not found:
            return None if any(right.plan for right in rights.values()) else ""
        return min(
            found,
            key=lambda name: (
                -len(by_right[name]),
                name != self.session.right_id,
                RANKS.index(rights[name].kind),
                name,
            ),
        )

    def money(self, sums, paid, ids):
        facts, policy, due = self.facts, self.policy, sums["due"]
        if due == 0:
            reason = "credit" if sums["discounted"] else "free"
            if paid:
                reason = "paid"
            if facts.deduction == "paid":
                reason = "deducted"
            return self.say("allow", reason, **sums, **ids)
        if facts.deduction == "accepted":
            return self.say("allow", "deducted", **sums, **ids)
        away = not facts.online or facts.deduction == "silent"
        if away and due <= policy.owe_fen and facts.owed_fen + due <= policy.owe_all_fen:
            return self.say("allow", "owing", **sums, **ids)
        can = facts.funds is not None and not facts.funds.locked and facts.funds.credit_fen >= due
        ask = "deduct" if can and facts.online and facts.deduction is None else ""
        return self.say("deny", "pay", ask=ask, **sums, **ids)

    def bill(self, free):
        """Total, taken off, paid; up to the payment that settled it while its grace lasts."""

        def sums(until):
            total = left = min(self.charge(until, free), self.charge(until, set()))
            for credit in sorted(
                self.facts.credits, key=lambda one: type(one).__name__ == "AllOff"
            ):
                left = 0 if type(credit).__name__ == "AllOff" else max(0, left - credit.amount_fen)
            return total, total - left

        before, settled = 0, None
        for one in sorted(self.facts.payments, key=lambda payment: payment.at):
            total, off = sums(slot(one.at))
            due = max(0, total - off) - before
            if 0 < due <= one.amount_fen:
                settled = slot(one.at)
            before += one.amount_fen
        in_grace = settled is not None and self.until <= settled + 3
        return (*sums(settled if in_grace else self.until), before)

    # --- nobody saw it come

    def unseen(self):
        policy, ids = self.policy, {"session_id": self.arriving.pass_id}
        if self.plate in policy.block:
            return self.say("deny", "block_list", **ids)
        if policy.within:
            return self.say("allow", "free", **ids)
        if self.plate in policy.allow:
            return self.say("allow", "allow_list", **ids)
        if self.arriving.vehicle.kind in policy.free_kinds:
            return self.say("allow", "free_vehicle", **ids)
        good = [right for right in self.facts.rights if not right.plan and self.lets_in(right)]
        if good:
            if policy.passback == "hard":
                return self.say("deny", "no_entry", **ids)
            best = min(good, key=lambda right: (RANKS.index(right.kind), right.right_id))
            return self.say("allow", "right", right_id=best.right_id, **ids)
        if policy.no_entry == "case":
            return self.say("deny", "no_entry", **ids)
        if policy.no_entry == "free":
            return self.say("allow", "no_entry", **ids)
        paid = sum(one.amount_fen for one in self.facts.payments)
        due = max(0, policy.no_entry_fen - paid)
        sums = {"total": policy.no_entry_fen, "discounted": 0, "due": due}
        return self.money(sums, paid, ids)

    def stands_in_the_way(self, right):
        if right.areas and self.policy.area not in right.areas:
            return False
        if right.classes and self.arriving.vehicle.vehicle not in right.classes:
            return False
        early = right.tolerance.early_s // SLOT_S
        return any(self.covers_slot(right, self.now + more) for more in range(early + 1))


def second_opinion(arriving, facts, policy):
    """Whoever is blocked among the rights is as if on the box's own list."""
    decider = Decider(arriving, facts, policy)
    blocks = [right for right in facts.rights if right.kind == "blocked"]
    plates = {p for right in blocks if decider.stands_in_the_way(right) for p in right.plates}
    rights = tuple(right for right in facts.rights if right not in blocks)
    policy = replace(policy, block=policy.block | plates)
    decider = Decider(arriving, replace(facts, rights=rights), policy)
    return decider.entering() if policy.direction == "entry" else decider.leaving()
