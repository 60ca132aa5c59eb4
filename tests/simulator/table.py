"""The mutants' table in docs/testing.md."""

from collections.abc import Sequence
from pathlib import Path

from tests.simulator.gate import Verdict

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"
BEGIN, END = "<!-- mutants: written by a command -->", "<!-- end of mutants -->"


def write_table(verdicts: Sequence[Verdict]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table(verdicts)}\n{END}{after}", encoding="utf-8")


def table(verdicts: Sequence[Verdict]) -> str:
    rows = [
        f"| `{one.mutant.property}` | {one.mutant.name} | {one.mutant.file} | {_seeds(one)} |"
        for one in sorted(verdicts, key=lambda one: one.mutant.property)
    ]
    return "\n".join(["| property | mutant | in | seeds to kill |", "|---|---|---|---|", *rows])


def _seeds(verdict: Verdict) -> str:
    return str(verdict.seeds) if verdict.seeds else "**lives**"
