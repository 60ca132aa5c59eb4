"""What `lanegate camera` found: for people, for programs, and on its picture."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from gateway.survey.facts import Grade, Judgement
from gateway.survey.placing import judged

if TYPE_CHECKING:
    from gateway.survey.watching import Watched

_WIDE = 160
_STYLES = {Grade.OK: "green", Grade.USABLE: "yellow", Grade.NOT_GOOD: "red"}
_SUMS = {
    Grade.OK: "this place is good",
    Grade.USABLE: "this place is usable, and could be better",
    Grade.NOT_GOOD: "this place is not good enough",
}


@dataclass(frozen=True, slots=True)
class Report:
    lane: str
    watched: "Watched"
    judgement: Judgement

    @property
    def summary(self) -> str:
        return f"{self.lane}: {_SUMS[self.judgement.grade]}"

    def as_json(self, picture: str) -> dict[str, Any]:
        watched, judgement = self.watched, self.judgement
        return {
            "lane": self.lane,
            "answers": True,
            "grade": judgement.grade.value,
            "stream": _rounded(asdict(watched.stream)),
            "light": _rounded(asdict(watched.light)),
            "plate": _rounded(asdict(watched.plate)) if watched.plate else None,
            "plates": [plate.as_json() for plate in watched.plates],
            "advice": [asdict(advice) for advice in judgement.advice],
            "picture": picture,
        }

    def show(self, picture: str) -> None:
        from rich.console import Console
        from rich.table import Table

        table = Table("", "", "", box=None, show_header=False)
        for advice in self.judgement.advice:
            grade = f"[{_STYLES[advice.grade]}]{advice.grade}[/]"
            table.add_row(advice.topic, grade, advice.says)
        console = Console()
        console = console if console.is_terminal else Console(width=_WIDE)
        console.print(table)
        for line in self.lines():
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        if picture:
            console.print(f"picture: {picture}", markup=False, highlight=False, soft_wrap=True)

    def lines(self) -> list[str]:
        """The plates, then the sum."""
        plates = [
            f"{plate.text}: read in {plate.frames} pictures, least sure character at best "
            f"{plate.best.reading.min_char:.2f}"
            for plate in self.watched.plates
        ]
        return [*plates, self.summary]

    def picture(self) -> bytes:
        """The best picture as JPEG, with what was seen in it and what to change."""
        from gateway.survey.drawing import drawn, jpeg

        changes = [advice.says for advice in self.judgement.to_change]
        caption = [self.summary, *changes]
        return jpeg(drawn(self.watched.picture, self.watched.seen, caption))


def report(lane: str, watched: "Watched") -> Report:
    return Report(lane, watched, judged(watched.stream, watched.light, watched.plate))


def _rounded(facts: dict[str, Any]) -> dict[str, Any]:
    return {
        name: round(value, 3) if isinstance(value, float) else value
        for name, value in facts.items()
    }
