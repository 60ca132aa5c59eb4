"""What is measured of a camera's place, and the words of the judgement over it. Plain numbers."""

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """From good to bad."""

    OK = "ok"
    USABLE = "usable"
    NOT_GOOD = "not good"


@dataclass(frozen=True, slots=True)
class Limit:
    """What is ok up to `ok`, usable up to `usable`, and not good beyond."""

    ok: float
    usable: float

    def grade(self, value: float) -> Grade:
        """Where less is better; a value that is no number is not good."""
        if value <= self.ok:
            return Grade.OK
        return Grade.USABLE if value <= self.usable else Grade.NOT_GOOD

    def grade_of_much(self, value: float) -> Grade:
        """Where more is better."""
        if value >= self.ok:
            return Grade.OK
        return Grade.USABLE if value >= self.usable else Grade.NOT_GOOD


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """`age_s`: how old a picture was when it was looked at.

    `stopped`: why the pictures broke off, or stand still; `share`: how much of their width the
    reader is shown; `expected`: their configured size.
    """

    width: int
    height: int
    seconds: float
    frames: int
    fps: float
    longest_gap_s: float
    age_s: float
    stopped: str = ""
    share: float = 1.0
    expected: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class LightFacts:
    """Of whole pictures, see `measuring.PictureLight`."""

    middle: float
    burnt: float
    black: float
    blur_px: float


@dataclass(frozen=True, slots=True)
class PlateFacts:
    """Medians over the pictures of a plate in one place; see `plateshape` and `measuring`."""

    text: str
    pictures: int
    read_share: float
    min_char: float
    width_px: float
    tilt_deg: float
    edge_ratio: float
    across_deg: float
    down_deg: float
    margin: float
    white: float
    contrast: float
    burnt: float
    blur_across_px: float
    blur_down_px: float


@dataclass(frozen=True, slots=True)
class Advice:
    """`says`: a sentence with the figure, and for what is not ok with what to change."""

    topic: str
    grade: Grade
    says: str


@dataclass(frozen=True, slots=True)
class Judgement:
    grade: Grade
    advice: tuple[Advice, ...]

    @property
    def to_change(self) -> tuple[Advice, ...]:
        """What is not ok, the worst first."""
        worst = [one for one in self.advice if one.grade is Grade.NOT_GOOD]
        return (*worst, *(one for one in self.advice if one.grade is Grade.USABLE))
