"""How a camera's picture is, in one word each: what is published, and what the records say."""

from enum import StrEnum


class Condition(StrEnum):
    """`LOST`: there is no process that could see. Not one of the others' words."""

    OK = "ok"
    LOST = "lost"
    SILENT = "silent"
    FROZEN = "frozen"
    BLACK = "black"
    BLINDED = "blinded"
    MOVED = "moved"
    WRONG_SIZE = "wrong_size"


SEEING = frozenset({Condition.OK, Condition.MOVED, Condition.WRONG_SIZE})
"""In these, plates can be read, if perhaps not all of them."""
