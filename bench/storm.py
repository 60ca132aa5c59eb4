"""Ten thousand gateways lose their broker at once: how long until all are back. A simulation.

    python -m bench.storm [--json] [--gateways N] [--line-s S] [--seed N]

No sockets, no waiting: time is computed, chance is seeded. The model, on purpose a plain one:

- The broker comes back at second 0. Each gateway notices within the first tenth of a second.
- It makes handshakes one after the other, C a second. Who comes while there is work for two seconds
  is refused at once, which costs the broker a fiftieth of a handshake. (`--line-s`: a longer line
  helps clients that come all at once, until it is longer than their patience.)
- Who waits in the line longer than its patience gives up. The broker finds that out only when it
  comes to that client, after the handshake: its time is lost.

`lanegate`: the very functions of `gateway.sync.redial`, of gateways that were connected before.
`lanegate_cold`: the same, all started at second 0, as after a power cut of a whole region. `paho`:
its default, 1 s doubled up to 120 s without chance, patience 5 s. `fixed`: 1 s, patience 5 s.
`floor_s`: gateways / C. `peak`: most attempts in one second. `wasted`: handshakes with clients
that had given up.

`refusals`: every gateway has a credential that the broker refuses; attempts of all of them in the
first minute, and a minute on average over the second hour.
"""

import argparse
import heapq
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from rich.console import Console
from rich.table import Table

from gateway.sync import redial
from gateway.sync.redial import Ending, MqttProtocol, Redial

RATES = (200, 500, 2000)
LINE_S = 2.0
REFUSAL = 0.02
NOTICED_WITHIN_S = 0.1
LONGEST_S = 30.0
GIVE_UP_S = 1800.0
HOUR_S, MINUTE_S = 3600.0, 60.0
SAMPLE = 200
"""So many gateways with a bad credential are followed; they do not feel each other."""


class Client(Protocol):
    """One gateway's way to come back. `wait`: how long before the next try."""

    @property
    def patience_s(self) -> float: ...
    def wait(self, dice: random.Random) -> float: ...
    def failed(self, ending: Ending) -> None: ...


@dataclass(slots=True)
class Lanegate:
    state: Redial

    @classmethod
    def connected_before(cls) -> "Lanegate":
        state = redial.connected(redial.redial(MqttProtocol.AUTO, LONGEST_S))
        return cls(redial.ended(state, Ending.LOST, lasted_s=HOUR_S))

    @classmethod
    def cold(cls) -> "Lanegate":
        return cls(redial.redial(MqttProtocol.AUTO, LONGEST_S))

    @property
    def patience_s(self) -> float:
        return self.state.patience_s

    def wait(self, dice: random.Random) -> float:
        return dice.uniform(0.0, self.state.wait_up_to_s)

    def failed(self, ending: Ending) -> None:
        self.state = redial.ended(self.state, ending)


@dataclass(slots=True)
class Doubling:
    """Without chance: all who failed together come again together."""

    next_s: float = 1.0
    longest_s: float = 120.0
    patience_s: float = 5.0

    def wait(self, _dice: random.Random) -> float:
        wait_s, self.next_s = self.next_s, min(self.next_s * 2, self.longest_s)
        return wait_s

    def failed(self, ending: Ending) -> None:
        """Every ending is alike to it."""


def fixed() -> Doubling:
    return Doubling(longest_s=1.0)


CLIENTS: dict[str, Callable[[], Client]] = {
    "lanegate": Lanegate.connected_before,
    "lanegate_cold": Lanegate.cold,
    "paho": Doubling,
    "fixed": fixed,
}


@dataclass(slots=True)
class Broker:
    """`busy_until`: when it is through with all who stand in its line."""

    rate: float
    line_s: float = LINE_S
    busy_until: float = 0.0
    wasted: int = 0

    def knock(self, at: float, patience_s: float) -> tuple[float, Ending | None]:
        """(when the client knows, how it ended); None: it is connected."""
        begins = max(self.busy_until, at)
        if begins - at >= self.line_s:
            self.busy_until = begins + REFUSAL / self.rate
            return at, Ending.UNREACHABLE
        self.busy_until = done = begins + 1.0 / self.rate
        if done > at + patience_s:
            self.wasted += 1
            return at + patience_s, Ending.UNREACHABLE
        return done, None


@dataclass(slots=True)
class Storm:
    """What came of it. `all_back_s` is None where it did not end within half an hour."""

    all_back_s: float | None = None
    attempts: Counter[int] = field(default_factory=Counter)
    wasted: int = 0

    def figures(self) -> dict[str, float | None]:
        return {
            "seconds": self.all_back_s and round(self.all_back_s, 1),
            "peak": max(self.attempts.values()),
            "attempts": self.attempts.total(),
            "wasted": self.wasted,
        }


def storm(make: Callable[[], Client], gateways: int, broker: Broker, seed: int) -> Storm:
    dice, found = random.Random(seed), Storm()  # noqa: S311 -- a simulation
    clients = [make() for _ in range(gateways)]
    due = [
        (dice.uniform(0.0, NOTICED_WITHIN_S) + client.wait(dice), number)
        for number, client in enumerate(clients)
    ]
    heapq.heapify(due)
    last = 0.0
    while due and due[0][0] < GIVE_UP_S:
        at, number = heapq.heappop(due)
        client = clients[number]
        found.attempts[int(at)] += 1
        known_at, ending = broker.knock(at, client.patience_s)
        if ending is None:
            last = max(last, known_at)
            continue
        client.failed(ending)
        heapq.heappush(due, (known_at + client.wait(dice), number))
    found.all_back_s, found.wasted = (None if due else last), broker.wasted
    return found


def refusals(make: Callable[[], Client], gateways: int, seed: int) -> dict[str, float]:
    """Attempts a minute of gateways whose credential is refused, at once and each time."""
    dice = random.Random(seed)  # noqa: S311 -- a simulation
    first = later = 0
    for _ in range(SAMPLE):
        client = make()
        at = client.wait(dice)
        while at < 2 * HOUR_S:
            first += at < MINUTE_S
            later += at >= HOUR_S
            client.failed(Ending.NOT_ALLOWED)
            at += client.wait(dice)
    share = gateways / SAMPLE
    return {
        "first_minute": round(first * share),
        "a_minute_later_on": round(later * share * MINUTE_S / HOUR_S),
    }


def measure(gateways: int, line_s: float, seed: int) -> dict[str, object]:
    storms = {
        f"{rate}/s": {"floor_s": gateways / rate}
        | {
            name: storm(make, gateways, Broker(rate, line_s), seed).figures()
            for name, make in CLIENTS.items()
        }
        for rate in RATES
    }
    refused = {name: refusals(make, gateways, seed) for name, make in CLIENTS.items()}
    return {"gateways": gateways, "storms": storms, "refusals": refused}


def show(found: dict[str, object]) -> None:
    console = Console()
    storms, refused = found["storms"], found["refusals"]
    assert isinstance(storms, dict)  # noqa: S101 -- `measure` made them
    assert isinstance(refused, dict)  # noqa: S101
    for rate, of_clients in storms.items():
        floor_s = of_clients.pop("floor_s")
        title = f"{found['gateways']} gateways, {rate} handshakes; no sooner than {floor_s:g} s"
        table = Table("", "seconds", "peak a second", "attempts", "wasted", title=title)
        for name, row in of_clients.items():
            table.add_row(name, *("never" if cell is None else str(cell) for cell in row.values()))
        console.print(table)
    table = Table("", "first minute", "a minute later on", title="attempts with a bad credential")
    for name, row in refused.items():
        table.add_row(name, *map(str, row.values()))
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.storm",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--gateways", type=int, default=10_000, help="how many lose the broker")
    parser.add_argument("--line-s", type=float, default=LINE_S, help="how long a line is")
    parser.add_argument("--seed", type=int, default=1, help="of the dice")
    options = parser.parse_args()
    found = measure(options.gateways, options.line_s, options.seed)
    if options.json:
        print(json.dumps(found))
    else:
        show(found)


if __name__ == "__main__":
    main()
