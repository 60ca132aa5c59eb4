"""Each law must kill the mutants that it is there for; one that kills none is no law."""

import importlib
import sys
from pathlib import Path

import pytest
from hypothesis.errors import Flaky

from gateway.rules import tariff
from tests.rules.tariff import laws
from tests.rules.tariff.judging import judge

SOURCES = Path(tariff.__file__).parent
MODULES = ("meter", "course", "reckoning", "credits", "quoting")
"""What reckons. The words stay the real ones."""

MUTANTS = {
    "long stays are free instead of short ones": (
        laws.fee_is_monotone,
        "meter.py",
        "not free.again and length_s(pieces) <= free.length_s",
        "not free.again and length_s(pieces) >= free.length_s",
    ),
    "a day's free time comes back each two hours": (
        laws.fee_is_monotone,
        "reckoning.py",
        "if length_s(pieces) <= allowed_s:",
        "if length_s(pieces) % 7200 <= allowed_s:",
    ),
    "the caps begin again after the last one": (
        laws.never_above_cap,
        "meter.py",
        "min(number, len(period.caps_fen) - 1)",
        "number % len(period.caps_fen)",
    ),
    "a little above the cap is let pass": (
        laws.never_above_cap,
        "meter.py",
        "if above_fen <= 0:",
        "if above_fen <= 500:",
    ),
    "used-up days are remembered from stay to stay": (
        laws.quoting_changes_nothing,
        "reckoning.py",
        "self.quota_days: list[date] = []",
        'self.quota_days: list[date] = globals().setdefault("days", [])',
    ),
    "only the last payment counts": (
        laws.paying_on_the_way_costs_the_same,
        "quoting.py",
        "paid_fen=sum(fen for _, fen in paid)",
        "paid_fen=paid[-1][1] if paid else 0",
    ),
    "the stay begins again at the payment": (
        laws.paying_on_the_way_costs_the_same,
        "quoting.py",
        "_Desk(Reckoner(tariffs, stay),",
        (
            "_Desk(Reckoner(tariffs, replace(stay, entered=max("
            "[stay.entered, *(one.at for one in payments)]))),"
        ),
    ),
    "who paid once never pays again": (
        laws.grace_is_for_whoever_settled,
        "quoting.py",
        " and asked <= settled + grace_s",
        "",
    ),
    "any payment opens the grace": (
        laws.grace_is_for_whoever_settled,
        "quoting.py",
        "if 0 < due_fen <= fen:",
        "if 0 < due_fen:",
    ),
    "an amount takes off more than is left": (
        laws.money_balances,
        "credits.py",
        "max(0, left - amount_fen)",
        "left - amount_fen",
    ),
    "another class is charged where it costs more": (
        laws.money_balances,
        "credits.py",
        "min(left, self._fee_at(self._until, vehicle))",
        "self._fee_at(self._until, vehicle)",
    ),
    "a credit that was sent twice counts twice": (
        laws.credits_only_help,
        "credits.py",
        "first.setdefault(credit.credit_id, credit)",
        'first[f"{credit.credit_id} {len(first)}"] = credit',
    ),
    "credits are taken as they come": (
        laws.credits_only_help,
        "credits.py",
        "key=lambda credit: (ORDER.index(type(credit)), credit.credit_id)",
        "key=lambda credit: 0",
    ),
    "a right that cuts a unit in two makes it cost twice": (
        laws.rights_only_help,
        "reckoning.py",
        "return min(reckoned, without, key=lambda one: one.total_fen)",
        "return reckoned",
    ),
    "time before the first window is forgotten": (
        laws.lines_explain_every_second,
        "course.py",
        "charged += _if_long(reached, first)",
        "pass",
    ),
    "a window that begins before the stay is not seen": (
        laws.rights_only_help,
        "course.py",
        "max(start, reached), min(end, piece.end)",
        "start, min(end, piece.end)",
    ),
    "a closed fee is reckoned again": (
        laws.closed_fees_stay,
        "quoting.py",
        "return self.closed or quote(",
        "return quote(",
    ),
    "a payment in the future is held for too much": (
        laws.a_clock_that_steps_back_takes_nothing_back,
        "quoting.py",
        "desk.reckoner.entered, *(when for when, _ in paid))",
        "desk.reckoner.entered)",
    ),
    "a unit is finished after the exit": (
        laws.lines_explain_every_second,
        "meter.py",
        "end = min(rest.end, rest.start + whole * band.unit_s)",
        "end = rest.start + whole * band.unit_s",
    ),
    "the way through is forgotten": (
        laws.lines_explain_every_second,
        "reckoning.py",
        "free_lines(LineKind.WAY_THROUGH, passed,",
        "free_lines(LineKind.WAY_THROUGH, (),",
    ),
    "a band that may finish its unit cuts it": (
        laws.the_other_reckoner_agrees,
        "meter.py",
        "if band.finishes:",
        "if False:",
    ),
    "the steps begin again in every period": (
        laws.the_other_reckoner_agrees,
        "meter.py",
        "if plan.period.steps_restart:",
        "if True:",
    ),
    "the last free second is charged": (
        laws.short_stays_are_free,
        "meter.py",
        "not free.again and length_s(pieces) <= free.length_s",
        "not free.again and length_s(pieces) < free.length_s",
    ),
}


def mutated(folder: Path, file: str, old: str, new: str):
    """A copy of what reckons with one place changed."""
    package = f"mutant_{abs(hash((file, old, new, str(folder))))}"
    (folder / package).mkdir()
    (folder / package / "__init__.py").touch()
    for name in MODULES:
        text = (SOURCES / f"{name}.py").read_text(encoding="utf-8")
        if f"{name}.py" == file:
            assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
            text = text.replace(old, new)
        for module in MODULES:
            text = text.replace(f"gateway.rules.tariff.{module} ", f"{package}.{module} ")
        (folder / package / f"{name}.py").write_text(text, encoding="utf-8")
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(f"{package}.quoting")
    finally:
        sys.path.remove(str(folder))


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_killed_by_its_law(name, tmp_path):
    law, file, old, new = MUTANTS[name]
    with pytest.raises((AssertionError, Flaky)):
        judge(law, mutated(tmp_path, file, old, new), examples=3000)


def test_every_law_kills_a_mutant():
    assert {law for law, *_ in MUTANTS.values()} == set(laws.LAWS)


def test_an_unchanged_copy_survives(tmp_path):
    engine = mutated(tmp_path, "quoting.py", "def quote(", "def quote(")
    for law in laws.LAWS:
        judge(law, engine, examples=20)
