"""What the drivers of both voice chips have in common: settings and the choice of a voice."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from pydantic import Field

from drivers.signs import Wired
from gateway.ports import Voice


class ChipSettings(Wired):
    answers: bool = Field(
        default=True,
        title="Answers",
        description="Whether the chip's sending line is connected; if not, how long it speaks is"
        " guessed, and a chip that is away is not noticed.",
    )
    patience_s: float = Field(
        20.0, ge=1, le=60, title="Patience (s)", description="A chip that speaks is waited for."
    )
    sign_ms: int = Field(
        250,
        ge=0,
        le=2000,
        title="Time of a sign (ms)",
        description="How long a sign takes to speak; only used where `answers` is false.",
    )


@asynccontextmanager
async def connected(
    settings: ChipSettings, frame: Callable[[int, bytes], bytes], most_bytes: int
) -> AsyncIterator[Voice]:
    from drivers.signs.link import Link
    from drivers.signs.speech import BlindChip, SpeechChip

    link = Link(settings.port, settings.baud)
    patience_s = settings.patience_s
    try:
        if settings.answers:
            yield SpeechChip(link, frame, most_bytes=most_bytes, patience_s=patience_s)
        else:
            yield BlindChip(link, frame, most_bytes=most_bytes, sign_ms=settings.sign_ms)
    finally:
        link.close()
