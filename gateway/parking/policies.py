"""From what an operator wrote to what the rules go by."""

from gateway.config import Config, LaneConfig
from gateway.config.parking import AreaConfig, ParkingConfig, PolicyConfig
from gateway.lane.types import PlateReading, Verdict
from gateway.rules.clock import Calendar
from gateway.rules.decision import Policy
from gateway.rules.sessions import Vehicle
from gateway.store import Place

OTHER_CLASS = "car"


def policy_config(config: Config, lane: LaneConfig) -> PolicyConfig:
    assert config.parking is not None  # noqa: S101 -- callers have asked
    return config.parking.policy.with_(lane.policy)


def policy_of(config: Config, lane: LaneConfig, calendar: Calendar) -> Policy:
    wanted, access = policy_config(config, lane), config.access_list(lane)
    area = config.area_of(lane)
    return Policy(
        direction=lane.direction,
        area=area,
        within=area_config(config, area).within or "",
        temporary=access.unknown,
        passback=wanted.passback,
        no_entry=wanted.no_entry,
        no_entry_fen=wanted.no_entry_fen,
        owe_fen=wanted.owe_fen,
        owe_all_fen=wanted.owe_all_fen,
        debtors=wanted.debtors,
        attest=wanted.attest.kind if wanted.attest else "",
        attest_fails=wanted.attest.fails if wanted.attest else Verdict.DENY,
        free_kinds=frozenset(wanted.free_vehicles),
        calendar=calendar,
        allow=access.allow,
        block=access.block,
    )


def area_config(config: Config, area: str) -> AreaConfig:
    assert config.parking is not None  # noqa: S101 -- callers have asked
    return config.parking.areas[area]


def place_of(config: Config, lane: LaneConfig) -> Place | None:
    """Where a lane leads to, for the store; None where the box has no car park to keep."""
    if config.parking is None:
        return None
    area = config.area_of(lane)
    free = policy_config(config, lane).let_out_free
    return Place(area, area_config(config, area).within or "", let_out_free=free)


def vehicle_of(reading: PlateReading | None, parking: ParkingConfig) -> Vehicle:
    if reading is None:
        return Vehicle("", "", "", OTHER_CLASS)
    known = parking.classes.get(reading.colour, OTHER_CLASS)
    return Vehicle(reading.text, str(reading.type), str(reading.colour), known)
