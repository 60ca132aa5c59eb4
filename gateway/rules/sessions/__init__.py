"""Who is in the car park. Pure: a session follows from proved passes and from people's words."""

from gateway.rules.sessions.course import Proved, corrected, entered, left, merged
from gateway.rules.sessions.likely import alike, likely, neighbours
from gateway.rules.sessions.session import Closing, Inner, Session, Vehicle

__all__ = [
    "Closing",
    "Inner",
    "Proved",
    "Session",
    "Vehicle",
    "alike",
    "corrected",
    "entered",
    "left",
    "likely",
    "merged",
    "neighbours",
]
