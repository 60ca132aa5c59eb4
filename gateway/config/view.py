"""What counts in a camera's picture."""

from functools import partial
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator


def _of(count: int, words: str, values: tuple[float, ...]) -> tuple[float, ...]:
    if len(values) != count:
        raise ValueError(f"{len(values)} numbers stand here, and {words}; give {count}")
    return values


Share = Annotated[float, Field(ge=0, le=1)]
Pixels = Annotated[int, Field(ge=64, le=16384)]
Point = Annotated[tuple[Share, ...], AfterValidator(partial(_of, 2, "a corner is [x, y]"))]
Box = Annotated[
    tuple[Share, ...], AfterValidator(partial(_of, 4, "a mask is [left, top, right, bottom]"))
]
Size = Annotated[tuple[Pixels, ...], AfterValidator(partial(_of, 2, "a size is [width, height]"))]
FEWEST_CORNERS = 3
MOST_CORNERS, MOST_MASKS = 32, 32


class ViewConfig(BaseModel):
    """Which part of the picture counts, and how it should be.

    Places are shares of the picture, from 0 at its left and top to 1 at its right and bottom.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    region: tuple[Point, ...] = Field(
        default=(),
        max_length=MOST_CORNERS,
        title="Region",
        description="Corners [x, y] of the polygon in which plates are read, in order around it;"
        " without them, the whole picture. A smaller region is read sooner, and its plates are"
        " larger to the reader. Leave room for the whole plate: one whose middle is outside does"
        " not count.",
        examples=[[[0.1, 0.4], [0.9, 0.4], [1.0, 1.0], [0.0, 1.0]]],
    )
    masks: tuple[Box, ...] = Field(
        default=(),
        max_length=MOST_MASKS,
        title="Masks",
        description="Boxes [left, top, right, bottom] that are painted over before reading: the"
        " camera's clock, the site's own signs.",
        examples=[[[0.0, 0.0, 0.45, 0.07]]],
    )
    size: Size | None = Field(
        default=None,
        title="Size (pixels)",
        description="Width and height that the camera is set to; another one is told. Without it,"
        " a change is told.",
        examples=[[1280, 720]],
    )
    frozen_s: float = Field(
        default=1.5,
        ge=0,
        le=60,
        title="Frozen (s)",
        description="A picture in which not one pixel changes for so long is frozen, and is not"
        " read. 0 for a camera that repeats still pictures to save data (H.264+, H.265+).",
    )

    @field_validator("region")
    @classmethod
    def _encloses_something(cls, region: tuple[Point, ...]) -> tuple[Point, ...]:
        if region and len(set(region)) < FEWEST_CORNERS:
            raise ValueError("a region has 3 different corners or more; add what is missing")
        following = (*region[1:], *region[:1])
        doubled = sum(
            x * below - right * y for (x, y), (right, below) in zip(region, following, strict=True)
        )
        if region and abs(doubled) < 1e-4:  # noqa: PLR2004 -- a hundredth by a hundredth
            raise ValueError("the region's corners enclose nothing; list them around it in order")
        return region

    @model_validator(mode="after")
    def _masks_have_an_inside(self) -> Self:
        for number, (left, top, right, bottom) in enumerate(self.masks, start=1):
            if left >= right or top >= bottom:
                raise ValueError(
                    f"mask {number} is empty: a box is [left, top, right, bottom], with left"
                    " under right and top under bottom"
                )
        return self
