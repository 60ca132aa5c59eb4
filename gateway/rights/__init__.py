"""Rights as versioned data: written as text, kept in a book, changed as a whole or by deltas."""

from gateway.rights.book import FILE, RightsBook
from gateway.rights.calendar import load_calendar
from gateway.rights.files import read_delta, read_rights
from gateway.rights.held import Delta, GapError, Held, RightsError
from gateway.rights.parsing import delta_of, read_right, rights_of
from gateway.rights.text import RightText

__all__ = [
    "FILE",
    "Delta",
    "GapError",
    "Held",
    "RightText",
    "RightsBook",
    "RightsError",
    "delta_of",
    "load_calendar",
    "read_delta",
    "read_right",
    "read_rights",
    "rights_of",
]
