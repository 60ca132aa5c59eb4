"""The words that the messages are made of: ids, times, shares, and lists of words that may grow."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

KNOWN = "x-known-values"
"""JSON Schema keyword of ours: the words of today. Any other is "something else" to a reader."""


class Model(BaseModel):
    """A JSON object. Fields that are not declared may come with a later program."""

    model_config = ConfigDict(extra="allow", frozen=True)


def one_of(words: Iterable[str], about: str) -> Any:
    """Metadata of a text that is one of `words` today; the list may grow."""
    known = [str(word) for word in words]
    return Field(description=about, examples=known[:1], json_schema_extra={KNOWN: list(known)})


def missing(about: str, **more: Any) -> Any:
    """A field that is not there where there is nothing to say."""
    return Field(default=None, description=about, **more)


Id = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", description="128 random bits, in hex.")]
Start = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{16}$",
        description="One start of the gateway's program: 64 random bits, in hex.",
    ),
]
Chain = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="A SHA-256, in hex.")]
Picture = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{64}$", description="Names a picture: the SHA-256 of its JPEG, in hex."
    ),
]
Utc = Annotated[
    str,
    Field(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
        description="A time in UTC with milliseconds, by the box's clock.",
        examples=["2026-11-22T02:10:07.412Z"],
    ),
]
Seq = Annotated[int, Field(ge=0, le=2**63 - 1)]
Number = Annotated[int, Field(ge=1, le=2**63 - 1)]
Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1, description="A probability, to four places.")]
Lane = Annotated[str, Field(description="The lane's name in the configuration.")]
Evidence = Annotated[
    list[Picture], Field(description="Pictures of it: first those of the plate, then of the lane.")
]
