"""What a receiver counts of itself, for its operator. Written in one thread, read in others."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

HEARD_S = 300.0
WORST = 10


@dataclass(slots=True)
class Figures:
    """`counted`: answers by their kind, and what was not as it should be. Times are monotonic.

    `lags`: of each gateway, when its last batch was stored and how old its newest record was.
    """

    counted: Counter[str] = field(default_factory=Counter)
    batches: int = 0
    records: int = 0
    passes: int = 0
    known: int = 0
    commits: int = 0
    commit_s: float = 0.0
    committed_at: float | None = None
    connected: bool = False
    lags: dict[str, tuple[float, float]] = field(default_factory=dict)

    def committed(self, took_s: float) -> None:
        self.commits += 1
        self.commit_s += took_s
        self.committed_at = time.monotonic()


_COUNTERS = {
    "ack": ("acknowledgements", "acknowledgements sent"),
    "resend": ("resends", "times that a gateway was asked to send again"),
    "fork": ("forks", "times that a gateway told another history than the stored one"),
    "slow": ("slows", "times that a gateway was asked for patience"),
    "poison": ("poison", "records that can never be stored"),
    "loss": ("losses", "spans of records that neither side has any more"),
    "cloned": ("cloned", "times that two boxes took turns under one name"),
    "malformed": ("malformed", "messages that were not understood"),
    "held": ("held", "batches that waited for the one that they follow"),
    "picture": ("pictures", "picture files stored"),
    "picture_gone": ("pictures_gone", "pictures that their gateway does not have any more"),
    "picture_damaged": ("pictures_damaged", "picture files that were not what their name says"),
    "picture_failed": ("pictures_failed", "picture files that could not be written"),
    "want": ("picture_orders", "messages that ask gateways for pictures"),
    "database_error": ("database_errors", "transactions that the database did not take"),
    "connection_lost": ("connections_lost", "connections to the broker that ended"),
}


def exposition(figures: Figures, now: float) -> str:
    """Prometheus's text format, version 0.0.4."""
    lines: list[str] = []
    _put(lines, "batches_total", "counter", "batches stored", figures.batches)
    _put(lines, "records_total", "counter", "records stored", figures.records)
    _put(lines, "passes_total", "counter", "passes stored for the first time", figures.passes)
    text = "records that had come before, under the same epoch or another"
    _put(lines, "duplicates_total", "counter", text, figures.known)
    counted = figures.counted.copy()
    for name, (said, text) in _COUNTERS.items():
        _put(lines, f"{said}_total", "counter", text, counted[name])
    _put_commits(lines, figures, now)
    _put_lags(lines, dict(figures.lags), now)
    connected = int(figures.connected)
    _put(lines, "connected", "gauge", "1 while the broker passes on what arrives", connected)
    return "\n".join(lines) + "\n"


def _put(lines: list[str], name: str, kind: str, text: str, value: float) -> None:
    full = f"lanegate_receiver_{name}"
    lines += [f"# HELP {full} {text}", f"# TYPE {full} {kind}", f"{full} {value:.15g}"]


def _put_commits(lines: list[str], figures: Figures, now: float) -> None:
    full = "lanegate_receiver_commit_seconds"
    lines += [
        f"# HELP {full} time from a transaction's beginning to its end on the disk",
        f"# TYPE {full} summary",
        f"{full}_sum {figures.commit_s:.15g}",
        f"{full}_count {figures.commits}",
    ]
    if figures.committed_at is not None:
        text = "time since the last transaction"
        _put(lines, "last_commit_seconds", "gauge", text, now - figures.committed_at)


def _put_lags(lines: list[str], lags: Mapping[str, tuple[float, float]], now: float) -> None:
    """However many gateways there are, the number of lines is bounded."""
    recent = {gw: lag for gw, (at, lag) in lags.items() if now - at <= HEARD_S}
    text = f"gateways of which something was stored in the last {HEARD_S:g} s"
    _put(lines, "gateways", "gauge", text, len(recent))
    text = "the largest age that a gateway's newest record had when it was stored"
    _put(lines, "lag_seconds_max", "gauge", text, max(recent.values(), default=0.0))
    full = "lanegate_receiver_gateway_lag_seconds"
    lines += [f"# HELP {full} the same, of the {WORST} worst gateways", f"# TYPE {full} gauge"]
    for gw in sorted(recent, key=lambda gw: -recent[gw])[:WORST]:
        label = gw.replace("\\", r"\\").replace('"', r"\"")
        lines.append(f'{full}{{gateway="{label}"}} {recent[gw]:.15g}')
