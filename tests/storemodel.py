"""A car park in a dict: what the store must come to, told by other means and much more slowly."""

from dataclasses import dataclass, field

HOUR_FEN = 300


@dataclass
class Stay:
    """`paid` is what came before the bill; `late` what came after it and was not owed."""

    plate: str
    came: int | None
    state: str = "inside"
    paid: int = 0
    total: int = 0
    off: int = 0
    owed: int = 0
    over: int = 0
    settled: int = 0
    late: int = 0
    late_off: int = 0
    closed: int | None = None

    @property
    def figures(self):
        return (self.total, self.off, self.paid, self.owed, self.over)


@dataclass
class Credit:
    fen: int
    plate: str
    stay: str = ""
    state: str = "granted"


@dataclass
class Model:
    """Money by the day (minutes // 1440) on which it was told; `loose` has no stay at all."""

    stays: dict[str, Stay] = field(default_factory=dict)
    credits: dict[str, Credit] = field(default_factory=dict)
    cash: dict[int, int] = field(default_factory=dict)
    charged: dict[int, list[str]] = field(default_factory=dict)
    loose: int = 0

    def inside(self, plate):
        """Ids, the newest last."""
        found = [
            (s.came, n) for n, s in self.stays.items() if s.state == "inside" and s.plate == plate
        ]
        return [name for _, name in sorted(found)]

    def count(self):
        return sum(one.state == "inside" for one in self.stays.values())

    def debt(self, plate):
        return sum(s.owed - s.settled for s in self.stays.values() if s.plate == plate)

    def usable(self, plate, stay):
        return sorted(
            name
            for name, one in self.credits.items()
            if one.state == "granted"
            and (one.stay == stay or (not one.stay and plate and one.plate == plate))
        )

    def enter(self, name, plate, now):
        for old in self.inside(plate) if plate else ():
            self._as_paid(old, "superseded", now)
        self.stays[name] = Stay(plate, now)

    def _as_paid(self, name, state, now):
        stay = self.stays[name]
        stay.state, stay.closed, stay.total = state, now, stay.paid
        self.charged.setdefault(now // 1440, []).append(name)

    def fee(self, name, now):
        stay = self.stays[name]
        return -(-(now - stay.came) // 60) * HOUR_FEN if stay.came is not None else 0

    def discounts(self, name, now):
        left, found = self.fee(name, now), []
        for credit in self.usable(self.stays[name].plate, name):
            taken = min(left, self.credits[credit].fen)
            if taken:
                found.append((credit, taken))
            left -= taken
        return found

    def leave(self, name, now, *, billed):
        stay = self.stays[name]
        off = self.discounts(name, now) if billed else []
        stay.total = self.fee(name, now) if billed else stay.paid
        stay.off = sum(fen for _, fen in off)
        for credit, _ in off:
            self.credits[credit].state = "used"
        left = stay.total - stay.off - stay.paid
        stay.owed, stay.over = max(0, left), max(0, -left)
        stay.state, stay.closed = "exit", now
        self.charged.setdefault(now // 1440, []).append(name)

    def unseen(self, name, plate, now):
        self.stays[name] = Stay(plate, None, "exit", closed=now)
        self.charged.setdefault(now // 1440, []).append(name)

    def close(self, name, now):
        self._as_paid(name, "by_hand", now)

    def real(self, name):
        """Where a merged stay went."""
        while self.stays[name].state.startswith("merged "):
            name = self.stays[name].state.split(" ")[1]
        return name

    def pay(self, name, fen, now):
        """`name` None: for a plate that has neither a stay nor a debt."""
        self.cash[now // 1440] = self.cash.get(now // 1440, 0) + fen
        if name is None:
            self.loose += fen
            return
        stay = self.stays[name]
        if stay.state == "inside":
            stay.paid += fen
            return
        part = min(fen, stay.owed - stay.settled)
        stay.settled += part
        stay.late += fen - part

    def to_pay(self, plate):
        """By plate: the newest inside, else the newest debt."""
        if found := self.inside(plate):
            return found[-1]
        owing = [
            (-s.closed, n) for n, s in self.stays.items() if s.plate == plate and s.owed > s.settled
        ]
        return min(owing)[1] if owing else None

    def charge_late(self, name, fen):
        stay = self.stays[name]
        by_money = stay.paid + stay.settled - stay.over - stay.late_off
        stay.late_off += max(0, min(fen, stay.total - stay.off, by_money))

    def merge(self, one, other, plate):
        """Both inside: the earlier goes on."""
        kept, gone = sorted((one, other), key=lambda name: (self.stays[name].came, name))
        self.stays[kept].plate = plate
        self.stays[kept].paid += self.stays[gone].paid
        self.stays[gone].paid = 0
        self.stays[gone].state = f"merged {kept}"
        for credit in self.credits.values():
            credit.stay = kept if credit.stay == gone else credit.stay
        return kept

    def correct(self, name, plate):
        others = [one for one in self.inside(plate) if one != name]
        if self.stays[name].state == "inside" and others:
            self.merge(name, others[-1], plate)
        else:
            self.stays[name].plate = plate
