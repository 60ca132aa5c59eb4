"""The mutants' table in docs/testing.md."""

from collections.abc import Sequence
from pathlib import Path

from tests.simulator.gate import Verdict
from tests.simulator.mutants import Mutant

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"
BEGIN, END = "<!-- mutants: written by a command -->", "<!-- end of mutants -->"


def write_table(verdicts: Sequence[Verdict]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table(verdicts)}\n{END}{after}", encoding="utf-8")


def table(verdicts: Sequence[Verdict]) -> str:
    ordered = sorted(verdicts, key=lambda one: one.mutant.property)
    rows = [f"{row(one.mutant)} {one.seeds or '**lives**'} |" for one in ordered]
    head = "| property | mutant | changed in | seeds to kill |"
    return "\n".join([head, "|---|---|---|---|", *rows])


def row(mutant: Mutant) -> str:
    """All but the last column, which follows the code."""
    return f"| `{mutant.property}` | {mutant.name} | {mutant.file} |"
