"""What a picture is worth: who goes last when there is no room for all."""

from enum import IntEnum
from typing import Protocol


class Worth(IntEnum):
    """The least first. A picture that is named again is worth the most of what it was named for.

    PASS shows a plate that was read. FRAME was taken on demand, and no record names it yet. FOUND
    was on the disk, and nobody knows any more what for. DOUBT shows a plate that could not be read
    for sure. CASE belongs to a case, to a rise of the boom that nothing explains, or to somebody
    who went through without leave.
    """

    PASS = 1
    FRAME = 2
    FOUND = 3
    DOUBT = 4
    CASE = 5


class Keep(Protocol):
    """Takes the names of pictures that a record names."""

    def __call__(self, names: tuple[str, ...], worth: Worth = Worth.PASS) -> None: ...
