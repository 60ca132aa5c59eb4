"""What parking costs. Pure: a fee depends on the arguments and on nothing else.

`quote` reckons it, `Account` keeps it; `words` tells it, `fields` stores it.
"""

from gateway.rules.tariff.fee import Fee, Line, LineKind
from gateway.rules.tariff.quoting import Account, quote
from gateway.rules.tariff.shapes import NoTariffError, Tariff, TariffSet
from gateway.rules.tariff.stay import Charging, Credit, Payment, Stay, Visit

__all__ = [
    "Account",
    "Charging",
    "Credit",
    "Fee",
    "Line",
    "LineKind",
    "NoTariffError",
    "Payment",
    "Stay",
    "Tariff",
    "TariffSet",
    "Visit",
    "quote",
]
