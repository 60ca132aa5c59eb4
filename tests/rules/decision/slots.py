"""What is covered of a stay and what is charged, each slot of five minutes looked at for itself.

The part of the second decider that counts. Time is in slots since a Monday at 0:00.
"""

from datetime import UTC, datetime, timedelta

SLOT_S = 300
DAY = 288
MONDAY = datetime(2026, 11, 15, 16, tzinfo=UTC)
MONDAY_S = int((MONDAY - datetime(1969, 12, 31, 16, tzinfo=UTC)).total_seconds())
NEVER = 10**9


def slot(at):
    return int((at - MONDAY).total_seconds()) // SLOT_S


def local_slot(second):
    return (second - MONDAY_S) // SLOT_S


def when(slots):
    return MONDAY + timedelta(seconds=slots * SLOT_S)


class Slots:
    """One vehicle's time. `until` is where the stay that is looked at ends."""

    def __init__(self, arriving, facts, policy):
        self.arriving, self.facts, self.policy = arriving, facts, policy
        self.now = slot(arriving.at)
        self.session = facts.inside[-1] if facts.inside else None
        self.plate = arriving.vehicle.plate
        self.entered = self.until = 0
        if self.session is not None:
            self.entered = slot(self.session.entered_at)
            self.until = max([self.entered, self.now, *(slot(one.at) for one in facts.payments)])

    # --- rights, slot by slot

    def covers_slot(self, right, here):
        """Valid, a late renewal counted in, and in one of its windows if it has any."""
        renewal = right.tolerance.renewal_s // SLOT_S
        if not local_slot(right.valid.start) <= here < local_slot(right.valid.end) + renewal:
            return False
        if not right.windows:
            return True
        return any(self.in_window(window, here) for window in right.windows)

    def in_window(self, window, here):
        """One over midnight belongs to the day on which it begins."""
        start, end = window.start_s // SLOT_S, window.end_s // SLOT_S
        today, second = divmod(here, DAY)
        if start < end:
            return start <= second < end and today % 7 in window.weekdays
        if second >= start:
            return today % 7 in window.weekdays
        return second < end and (today - 1) % 7 in window.weekdays

    def covered_run(self, right, run):
        """The slots of a time at one place that a right pays for, with what is forgiven."""
        covered = [here for here in run if self.covers_slot(right, here)]
        if not covered:
            return set()
        if covered[0] - run[0] <= right.tolerance.early_s // SLOT_S:
            covered += range(run[0], covered[0])
        last = max(covered)
        if run[-1] - last <= right.tolerance.late_s // SLOT_S:
            covered += range(last, run[-1] + 1)
        return set(covered)

    def place_of(self, here):
        """In which area the vehicle was."""
        for visit in self.session.inner:
            left = NEVER if visit.left_at is None else slot(visit.left_at)
            if slot(visit.entered_at) <= here < left:
                return visit.area
        return self.session.area

    def paid_for(self, right):
        """Every slot of the stay that a right pays for."""
        session, facts = self.session, self.facts
        if right.plan or not self.is_for_this_stay(right):
            return set()
        first = slot(session.entered_at)
        if right.spaces is not None:
            if right.right_id not in facts.since:
                return set()
            first = max(first, local_slot(facts.since[right.right_id]))
        found, run = set(), []
        for here in range(first, self.until + 1):
            there = here < self.until and (not right.areas or self.place_of(here) in right.areas)
            if there:
                run.append(here)
            elif run:
                found |= self.covered_run(right, run)
                run = []
        return found

    def is_for_this_stay(self, right):
        counted = right.uses is not None or right.no_show_s > 0
        if counted and self.session.right_id != right.right_id:
            return False
        classes = right.classes
        return right.paid and (not classes or self.session.vehicle.vehicle in classes)

    # --- the fee of the car park of the cases: half an hour free, else 1 yuan for each half an
    # --- hour begun; 7 yuan for each hour begun inside

    def charge(self, until, free):
        parked = [here for here in range(self.entered, until) if here not in free]
        outside = [here for here in parked if self.place_of(here) == "main"]
        inside = [here for here in parked if self.place_of(here) == "inner"]
        fee = self.begun(outside, 6) * 100 if len(outside) > 6 else 0
        return fee + self.begun(inside, 12) * 700

    def begun(self, slots, unit):
        """Units that were begun; a time that goes on after a break begins a new one."""
        units = run = 0
        for place, here in enumerate(slots):
            goes_on = place > 0 and slots[place - 1] == here - 1
            run = run + 1 if goes_on else 0
            units += run % unit == 0
        return units
