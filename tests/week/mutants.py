"""The product with one place changed: the judge of the week must see each of them."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.simulator.copies import StaleMutantError, changed
from tests.week.box import ROOT

DAYS, SEEDS = 2, (1, 2, 3)
FEW, MANY = 150, 350
PATIENCE_S = 300.0


class Mutant(NamedTuple):
    """`days`: so long a week shows it."""

    name: str
    file: str
    old: str
    new: str
    days: int = DAYS


class Killed(NamedTuple):
    """`seeds`: how many weeks it took; 0 for one that lives."""

    mutant: Mutant
    seeds: int
    words: str


MUTANTS = (
    Mutant(
        "a payment is forgotten",
        "gateway/store/sessions/money.py",
        "        book(db, _for(session, money, money.kind, money.amount_fen), now)",
        "        pass",
    ),
    Mutant(
        "an order counts each time it comes",
        "gateway/store/sessions/orders.py",
        '    if not insert_new(db, "told", {"told_id": order.told_id, "at": at}):\n'
        "        return Changed()\n",
        "    import secrets\n    from dataclasses import replace\n"
        "    order = replace(order, told_id=secrets.token_hex(16))\n",
    ),
    Mutant(
        "an exit closes nothing",
        "gateway/rules/sessions/course.py",
        "    gone = replace(newest, left_at=proved.at, exit_pass=proved.pass_id,"
        " closing=Closing.EXIT)",
        "    gone = newest",
    ),
    Mutant(
        "who came in twice is counted twice",
        "gateway/rules/sessions/course.py",
        "    ended = [_superseded(session, proved.at) for session in before]",
        "    ended = [session for session in before if session.closing]",
        days=7,
    ),
    Mutant(
        "after paying, the free time and the steps begin again",
        "gateway/rules/tariff/quoting.py",
        "    fee = desk.fee(settled if in_grace and settled is not None else asked)",
        "    fee = desk.fee(settled if settled is not None else asked)",
    ),
    Mutant(
        "the grace after paying is forgotten",
        "gateway/rules/tariff/quoting.py",
        "    in_grace = settled is not None and asked <= settled + grace_s",
        "    in_grace = False",
        days=7,
    ),
    Mutant(
        "the day's free hour comes with each stay",
        "gateway/store/sessions/facts.py",
        "        quota_used=_quota_used(db, session) if session else frozenset(),",
        "",
        days=7,
    ),
    Mutant(
        "an exit is nobody's who came in",
        "gateway/rules/sessions/course.py",
        "    newest, *older = _newest_first(inside) or [unseen]",
        "    newest, *older = [unseen]",
    ),
    Mutant(
        "what is owed is not written",
        "gateway/store/sessions/billing.py",
        '    if figures["owed_fen"]:',
        "    if False:",
    ),
    Mutant(
        "a bill writes none of its events",
        "gateway/store/sessions/billing.py",
        "    for event in _events(session, bill, figures, forgiven_fen, at):",
        "    for event in ():",
    ),
    Mutant(
        "a credit that was revoked counts",
        "gateway/store/sessions/discounts.py",
        "    where {} and revoked_at is null and used_by",
        "    where {} and used_by",
        days=7,
    ),
    Mutant(
        "a space that is taken covers one more",
        "gateway/rules/rights/sharing.py",
        "        if self._free > 0:",
        "        if self._free > -1:",
        days=5,
    ),
    Mutant(
        "a window is open till ten",
        "gateway/rules/rights/coverage.py",
        "                yield Span(start, start + window.length_s)",
        "                yield Span(start, start + window.length_s + 3600)",
        days=4,
    ),
    Mutant(
        "what was paid too much is not told",
        "gateway/store/sessions/money.py",
        "    _put(db, over, now)",
        "    pass",
        days=7,
    ),
    Mutant(
        "who has paid is not judged again",
        "gateway/parking/park.py",
        "        self.parts.changed(changed)",
        "        pass",
    ),
    Mutant(
        "a late answer to a deduction is dropped",
        "gateway/parking/park.py",
        "        if asked is None or answer.said is not Said.PAID:",
        "        if True:",
        days=7,
    ),
    Mutant(
        "a session that was joined with another one stays open",
        "gateway/rules/sessions/course.py",
        "        replace(second, left_at=None, closing=Closing.MERGED, linked=kept.session_id),",
        "        replace(second, left_at=None, linked=kept.session_id),",
        days=7,
    ),
    Mutant(
        "a visit that a crash cut off is forgotten",
        "gateway/store/passes.py",
        'and ending is null order by arrived_at, rowid"',
        "and ending = '' order by arrived_at, rowid\"",
        days=7,
    ),
)


def tried(mutant: Mutant, folder: Path) -> Killed:
    """Weeks of this mutant, until the judge finds something; a crash of the judge is no kill."""
    _copy(mutant, folder)
    for count, seed in enumerate(SEEDS, start=1):
        words = _found(mutant, folder, seed)
        if words:
            return Killed(mutant, count, words)
    return Killed(mutant, 0, "")


def _copy(mutant: Mutant, folder: Path) -> None:
    """Only `gateway` is copied; all else is what stands here."""
    if not (ROOT / mutant.file).exists():
        raise StaleMutantError(f"{mutant.name}: there is no {mutant.file} any more")
    for path in ROOT.iterdir():
        if path.name in ("drivers", "tests", "config"):
            (folder / path.name).symlink_to(path)
    for source in (ROOT / "gateway").rglob("*.py"):
        target = folder / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = source.read_text(encoding="utf-8")
        if str(source.relative_to(ROOT)) == mutant.file:
            text = changed(text, mutant.old, mutant.new, mutant.file)
        target.write_text(text, encoding="utf-8")


def _found(mutant: Mutant, folder: Path, seed: int) -> str:
    cars = FEW if mutant.days == DAYS else MANY
    asked = ["--seed", seed, "--days", mutant.days, "--cars", cars]
    command = [sys.executable, "-m", "tests.week", *map(str, asked)]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | {"PYTHONPATH": str(folder)}, timeout=PATIENCE_S,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 0:
        return ""
    if "Traceback" in done.stderr:
        raise RuntimeError(f"{mutant.name}: {done.stderr[-2000:]}")
    return done.stderr.splitlines()[0]


def all_tried() -> Iterator[Killed]:
    for mutant in MUTANTS:
        with tempfile.TemporaryDirectory() as folder:
            yield tried(mutant, Path(folder))
