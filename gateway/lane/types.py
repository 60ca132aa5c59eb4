"""The lane's words: sensors, plates, decisions, records. The project's dictionary."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import dist
from typing import NamedTuple


class Now(NamedTuple):
    """One instant, and what a pure function cannot make up by itself.

    `mono` is in seconds and drives timers; `wall` is an aware UTC time for records;
    `fresh_id` is 32 random hex digits, new at each instant.
    """

    mono: float
    wall: datetime
    fresh_id: str


class Direction(StrEnum):
    ENTRY = "entry"
    EXIT = "exit"


class Level(StrEnum):
    """What a sensor says. Unknown: never read, not answering, or too old."""

    ON = "on"
    OFF = "off"
    UNKNOWN = "unknown"
    NOT_FITTED = "not_fitted"


class Boom(StrEnum):
    UP = "up"
    DOWN = "down"
    BETWEEN = "between"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Inputs:
    """One reading of the lane's sensors. ON = vehicle present, limit reached, button pressed.

    `beam` is interrupted, `manual` the key switch that takes the boom from us, `fire` the copy
    of the fire contact, `fire_reset` the local reset, `arm_off` an arm swung away or broken.
    """

    arming_loop: Level = Level.UNKNOWN
    closing_loop: Level = Level.UNKNOWN
    up_limit: Level = Level.UNKNOWN
    down_limit: Level = Level.UNKNOWN
    open_button: Level = Level.UNKNOWN
    beam: Level = Level.NOT_FITTED
    manual: Level = Level.NOT_FITTED
    fire: Level = Level.NOT_FITTED
    fire_reset: Level = Level.NOT_FITTED
    arm_off: Level = Level.NOT_FITTED

    def lost(self) -> "Inputs":
        """Nothing is known any more; what the lane has not is still not there."""
        levels = {name: getattr(self, name) for name in self.__slots__}
        fitted = [name for name, level in levels.items() if level is not Level.NOT_FITTED]
        return Inputs(**levels | dict.fromkeys(fitted, Level.UNKNOWN))

    @property
    def boom(self) -> Boom:
        match self.up_limit is Level.ON, self.down_limit is Level.ON:
            case (True, False):
                return Boom.UP
            case (False, True):
                return Boom.DOWN
            case (False, False) if self.up_limit is self.down_limit is Level.OFF:
                return Boom.BETWEEN
            case _:
                return Boom.UNKNOWN


class PlateColour(StrEnum):
    BLUE = "blue"
    GREEN = "green"
    YELLOW_GREEN = "yellow_green"
    YELLOW = "yellow"
    WHITE = "white"
    BLACK = "black"
    UNKNOWN = "unknown"


class PlateType(StrEnum):
    """Kinds of plate of GA 36-2018, and farm ones of NY 345.1, as text and colour tell them."""

    CIVIL = "civil"
    NEW_ENERGY = "new_energy"
    TRAILER = "trailer"
    TRAINER = "trainer"
    POLICE = "police"
    MILITARY = "military"
    ARMED_POLICE = "armed_police"
    EMBASSY = "embassy"
    CONSULATE = "consulate"
    HK_MACAU = "hk_macau"
    AIRPORT = "airport"
    EMERGENCY = "emergency"
    TEMPORARY = "temporary"
    FARM = "farm"


Corners = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]


def _width_px(corners: Corners) -> float:
    """The mean length of the upper and the lower side."""
    top_left, top_right, bottom_right, bottom_left = corners
    return (dist(top_left, top_right) + dist(bottom_left, bottom_right)) / 2


@dataclass(frozen=True, slots=True)
class PlateCandidate:
    """What a reader makes of one place in a picture, before grammar and gate.

    `characters` holds a probability for each character of `text`; `corners` are (x, y) in
    pixels of the picture, clockwise from the plate's own top left; `box_score` is 0..1.
    `plate` is the probability that this is a plate at all, `sharpness` 0 (flat) to about 0.6;
    `others` are the next likely texts, the likeliest first.
    """

    text: str
    colour: PlateColour
    characters: tuple[float, ...]
    box_score: float
    corners: Corners
    rows: int = 1
    plate: float = 1.0
    sharpness: float = 1.0
    others: tuple[str, ...] = ()

    @property
    def width_px(self) -> float:
        return _width_px(self.corners)


@dataclass(frozen=True, slots=True)
class PlateReading:
    """A candidate that is a possible plate and passed the gate; `sure` is false if it did not.

    `confidence` is the product of the character probabilities, `min_char` the least of them.
    `track` numbers plates that a camera follows from picture to picture, 0 for none; `evidence`
    names the pictures behind it by the SHA-256 of their JPEG bytes.
    """

    text: str
    type: PlateType
    colour: PlateColour
    confidence: float
    min_char: float
    corners: Corners
    evidence: tuple[str, ...] = ()
    track: int = 0
    sure: bool = True

    @property
    def width_px(self) -> float:
        return _width_px(self.corners)


class Candidate(NamedTuple):
    """What a plate may say: a text that `frames` pictures showed, at best as sure as `min_char`."""

    text: str
    frames: int
    min_char: float


class Verdict(StrEnum):
    ALLOW = "allow"
    DENY = "deny"


class Reason(StrEnum):
    ALLOW_LIST = "allow_list"
    BLOCK_LIST = "block_list"
    UNKNOWN_PLATE = "unknown_plate"
    NO_PLATE = "no_plate"
    UNDECIDED = "undecided"
    VISITOR_CODE = "visitor_code"
    LOCK_DOWN = "lock_down"
    OPEN_BUTTON = "open_button"
    AGENT = "agent"
    HOLD_OPEN = "hold_open"
    MANUAL = "manual"
    FIRE = "fire"
    INPUTS_LOST = "inputs_lost"
    UNPAID_FOLLOW = "unpaid_follow"
    PRESENCE = "presence_while_closing"
    FREE_VEHICLE = "free_vehicle"
    ALREADY_INSIDE = "already_inside"
    NOT_ATTESTED = "not_attested"
    RIGHT = "right"
    FULL = "full"
    OWES = "owes"
    TEMPORARY = "temporary"
    NO_ENTRY = "no_entry"
    NO_TARIFF = "no_tariff"
    PAID = "paid"
    CREDIT = "credit"
    FREE = "free"
    DEDUCTED = "deducted"
    OWING = "owing"
    PAY = "pay"


class DecidedBy(StrEnum):
    """EDGE_OFFLINE: by this box while it had no cloud to ask, which may judge it again."""

    EDGE = "edge"
    EDGE_OFFLINE = "edge_offline"
    CLOUD = "cloud"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Decision:
    verdict: Verdict
    reason: Reason
    decided_by: DecidedBy = DecidedBy.EDGE


@dataclass(frozen=True, slots=True)
class Terms:
    """What the rules found about a vehicle beside the decision; the lane only hands it on.

    `session_id` begins or ends with this pass, `linked` is still open under the same plate;
    `days_left` of the right are told where they are few. `bill` is the fee as JSON, `due_fen`
    what of it is not paid, `ticket` what a driver pays by; `likely` are sessions that may be its.
    """

    session_id: str = ""
    linked: str = ""
    vehicle: str = ""
    right_id: str = ""
    days_left: int | None = None
    due_fen: int = 0
    bill: str = ""
    order_id: str = ""
    ticket: str = ""
    likely: tuple[str, ...] = ()
    why: str = ""


class Ending(StrEnum):
    """How a visit ended. Only PASSED proves that a vehicle went through.

    TURNED_BACK was let in and never reached the closing loop; LEFT drove off before the boom
    was opened; INTERRUPTED was under way while the gateway was down; FAILED met a boom that
    did not obey.
    """

    PASSED = "passed"
    TURNED_BACK = "turned_back"
    LEFT = "left"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Visit:
    """One vehicle at the lane, from the arming loop to its one record.

    `candidates`: what its plate may say by all pictures of it, the likeliest first;
    `pictures`: the evidence where no reading is sure. `terms` stay where a person decides.
    """

    pass_id: str
    arrived_at: datetime
    decision: Decision
    reading: PlateReading | None = None
    candidates: tuple[Candidate, ...] = ()
    pictures: tuple[str, ...] = ()
    terms: Terms | None = None

    @property
    def evidence(self) -> tuple[str, ...]:
        """SHA-256 of the pictures that show it."""
        return self.reading.evidence if self.reading else self.pictures


@dataclass(frozen=True, slots=True)
class Pass:
    """The visit's final record."""

    visit: Visit
    ending: Ending
    ended_at: datetime
