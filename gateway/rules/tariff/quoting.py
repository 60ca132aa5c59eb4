"""What a stay costs now: reckoned from its entry, less credits, less what was paid."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from gateway.rules.clock import datetime_of, local_s
from gateway.rules.tariff.credits import Asked, discounts
from gateway.rules.tariff.fee import Fee
from gateway.rules.tariff.reckoning import Reckoner
from gateway.rules.tariff.shapes import NoTariffError, TariffSet
from gateway.rules.tariff.stay import Credit, Payment, Stay


@dataclass(frozen=True, slots=True)
class Account:
    """One stay's money. A closed fee stays what it was, whatever the clock or the tariff does."""

    stay: Stay
    payments: tuple[Payment, ...] = ()
    credits: tuple[Credit, ...] = ()
    closed: Fee | None = None

    def fee(self, tariffs: TariffSet, at: datetime) -> Fee:
        return self.closed or quote(tariffs, self.stay, at, self.payments, self.credits)

    def close(self, tariffs: TariffSet, at: datetime) -> Self:
        """The vehicle has left. Closing twice changes nothing."""
        return replace(self, closed=self.fee(tariffs, at))


def quote(
    tariffs: TariffSet,
    stay: Stay,
    at: datetime,
    payments: Sequence[Payment] = (),
    granted: Sequence[Credit] = (),
) -> Fee:
    """Reckon the fee at `at`.

    A time before the entry or a payment counts as that one: a clock that steps back takes
    nothing back. Raises `NoTariffError`, and `ValueError` for a time without a zone.
    """
    desk = _Desk(Reckoner(tariffs, stay), stay, tuple(granted))
    paid = sorted((local_s(one.at), one.amount_fen) for one in payments)
    asked = max(local_s(at), desk.reckoner.entered, *(when for when, _ in paid))
    settled = desk.settled(paid)
    grace_s = desk.reckoner.tariff.grace_s
    in_grace = settled is not None and asked <= settled + grace_s
    fee = desk.fee(settled if in_grace and settled is not None else asked)
    grace_until = datetime_of(settled + grace_s) if in_grace and settled is not None else None
    return replace(fee, paid_fen=sum(fen for _, fen in paid), grace_until=grace_until)


class _Desk:
    def __init__(self, reckoner: Reckoner, stay: Stay, granted: tuple[Credit, ...]) -> None:
        self.reckoner = reckoner
        self._stay = stay
        self._granted = granted

    def fee(self, until: int) -> Fee:
        """Nothing paid yet."""
        reckoned = self.reckoner.up_to(until)
        tariff = self.reckoner.tariff
        return Fee(
            tariff=f"{tariff.area} {tariff.version}",
            plan=tariff.plan_for(self._stay.vehicle, self._stay.rights).name,
            vehicle=self._stay.vehicle,
            entered=datetime_of(self.reckoner.entered),
            until=datetime_of(until),
            lines=reckoned.lines,
            discounts=discounts(self._granted, self._fee_at, Asked(self.reckoner.entered, until)),
            quota_days=reckoned.quota_days,
        )

    def settled(self, paid: Sequence[tuple[int, int]]) -> int | None:
        """When the last payment was made that left nothing due; one for nothing does not count."""
        before_fen, found = 0, None
        for when, fen in paid:
            due_fen = self.fee(when).due_fen - before_fen
            if 0 < due_fen <= fen:
                found = when
            before_fen += fen
        return found

    def _fee_at(self, until: int, vehicle: str) -> int:
        """A credit for a class that has no plan saves nothing; the exit must not wait for it."""
        try:
            return self.reckoner.up_to(until, vehicle).total_fen
        except NoTariffError:
            return self.reckoner.up_to(until).total_fen
