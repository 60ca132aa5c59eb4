"""How long one fee takes: `python -m bench.tariff [--json]`.

Stays of a minute to four days, over the tariffs that ship, each with a payment and two credits.
"""

import json
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from statistics import quantiles
from time import thread_time

from gateway.rules.clock import SHANGHAI
from gateway.rules.tariff import Payment, Stay, TariffSet, quote
from gateway.rules.tariff.stay import AmountOff, MinutesOff
from gateway.tariffs import load

TARIFFS = Path(__file__).parents[1] / "config" / "tariffs"
ASKED = 20_000
NEW_YEAR = datetime(2026, 1, 1, tzinfo=SHANGHAI)
GRANTED = (MinutesOff("a", 60), AmountOff("b", 200))


def stays(dice: Random) -> Iterator[tuple[Stay, datetime, tuple[Payment, ...]]]:
    while True:
        entered = NEW_YEAR + timedelta(minutes=dice.randrange(365 * 1440))
        length = timedelta(minutes=dice.choice((dice.randrange(1, 600), dice.randrange(1, 5760))))
        payments = (Payment(500, entered + length * dice.random()),)
        yield Stay("main", "car", entered), entered + length, payments


def measured(lots: list[TariffSet], dice: Random) -> list[float]:
    """Milliseconds of this thread's own time for each quote, whatever else the machine does."""
    found = []
    for _, (stay, left, payments) in zip(range(ASKED), stays(dice), strict=False):
        lot = dice.choice(lots)
        begun = thread_time()
        quote(lot, stay, left, payments, GRANTED)
        found.append((thread_time() - begun) * 1000)
    return found


def main() -> None:
    lots = [load(path) for path in sorted(TARIFFS.glob("*.yaml"))]
    dice = Random(1)  # noqa: S311 -- keeps no secret
    cuts = quantiles(measured(lots, dice), n=100)
    told = {"p50_ms": round(cuts[49], 3), "p99_ms": round(cuts[98], 3), "quotes": ASKED}
    print(json.dumps(told) if "--json" in sys.argv else told)


if __name__ == "__main__":
    main()
