"""Who comes to the car park in a week, and what becomes of it: drawn from a seed beforehand."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.lane.types import PlateColour, PlateType
from gateway.rules.sessions.likely import ALIKE

HOUR_S, DAY_S = 3600.0, 86_400.0
PROVINCES = "京沪粤苏浙"
SERIAL = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"


class Kind(StrEnum):
    TEMPORARY = "temporary"
    MONTH_CARD = "month_card"
    GROUP = "group"
    SHARED = "shared"
    RESERVED = "reserved"
    STAFF = "staff"
    ENERGY = "energy"
    DEDUCTED = "deducted"
    CREDITED = "credited"


SHARES = {
    Kind.TEMPORARY: 0.39,
    Kind.MONTH_CARD: 0.16,
    Kind.GROUP: 0.05,
    Kind.SHARED: 0.05,
    Kind.RESERVED: 0.05,
    Kind.STAFF: 0.03,
    Kind.ENERGY: 0.10,
    Kind.DEDUCTED: 0.08,
    Kind.CREDITED: 0.09,
}


class Mishap(StrEnum):
    NONE = ""
    MISREAD_IN = "misread_in"
    MISREAD_OUT = "misread_out"
    NO_PLATE = "no_plate"
    NO_PLATE_IN = "no_plate_in"
    UNSEEN_EXIT = "unseen_exit"
    BACK_IN = "back_in"
    BACK_OUT = "back_out"


MISHAPS = {
    Mishap.MISREAD_IN: 0.03,
    Mishap.MISREAD_OUT: 0.015,
    Mishap.NO_PLATE: 0.01,
    Mishap.NO_PLATE_IN: 0.01,
    Mishap.UNSEEN_EXIT: 0.02,
    Mishap.BACK_IN: 0.015,
    Mishap.BACK_OUT: 0.015,
}


class Pays(StrEnum):
    """How a driver pays. EARLY leaves within the grace, LATE does not."""

    AT_EXIT = "at_exit"
    EARLY = "early"
    LATE = "late"
    TWICE = "twice"
    NEVER = "never"


HOLDERS_MISREAD = 0.03
"""Of who leaves by a right: the driver shows his ticket then."""
PAYS = {Pays.AT_EXIT: 0.5, Pays.EARLY: 0.2, Pays.LATE: 0.12, Pays.TWICE: 0.06, Pays.NEVER: 0.06}
ACCOUNTS = ("paid", "paid", "accepted", "refused", "silent", "late", "locked", "poor")


@dataclass(frozen=True, slots=True)
class Trip:
    """One stay as it is meant: seconds since the week began, and how long."""

    come_s: float
    stay_s: float
    mishap: Mishap = Mishap.NONE
    pays: Pays = Pays.AT_EXIT


@dataclass(slots=True)
class Car:
    number: int
    kind: Kind
    plate: str
    type: PlateType
    colour: PlateColour
    vehicle: str
    dice: random.Random
    trips: list[Trip] = field(default_factory=list)
    account: str = ""
    renews: bool = False
    group: int = -1


def people(seed: int, cars: int, days: int) -> list[Car]:
    dice, taken = random.Random(f"{seed}/people"), set[str]()
    found = [_car(number, seed, dice, taken) for number in range(cars)]
    groups = [car for car in found if car.kind is Kind.GROUP]
    for place, car in enumerate(groups):
        car.group = place // 3
    for car in found:
        car.trips = [trip for trip in _trips(car, days) if trip.come_s < days * DAY_S - HOUR_S]
    return found


def misread(plate: str, dice: random.Random) -> str:
    """One character taken for another of its group; the plate itself where none can be."""
    places = [
        (place, group) for place, sign in enumerate(plate) for group in ALIKE if sign in group
    ]
    places = [(place, group) for place, group in places if place > 1]
    if not places:
        return plate
    place, group = dice.choice(places)
    other = dice.choice(
        [sign for sign in group if sign != plate[place] and sign not in "DQ"] or [""]
    )
    return plate[:place] + other + plate[place + 1 :] if other else plate


def _car(number: int, seed: int, dice: random.Random, taken: set[str]) -> Car:
    kind = dice.choices(list(SHARES), list(SHARES.values()))[0]
    plate = _plate(dice, green=kind is Kind.ENERGY)
    while plate in taken:
        plate = _plate(dice, green=kind is Kind.ENERGY)
    taken.add(plate)
    own = random.Random(f"{seed}/car {number}")
    if kind is Kind.ENERGY:
        words = (PlateType.NEW_ENERGY, PlateColour.GREEN, "new_energy")
    else:
        words = (PlateType.CIVIL, PlateColour.BLUE, "car")
    account = own.choice(ACCOUNTS) if kind is Kind.DEDUCTED else ""
    return Car(number, kind, plate, *words, own, account=account, renews=own.random() < 0.5)


def _plate(dice: random.Random, *, green: bool) -> str:
    """At most two letters in the serial, so that every one is a possible plate."""
    head = dice.choice(PROVINCES) + dice.choice("ABCEFGH")
    if green:
        return head + "D" + "".join(dice.choices("0123456789", k=5))
    return (
        head + dice.choice(SERIAL) + "".join(dice.choices("0123456789", k=3)) + dice.choice(SERIAL)
    )


# --- when they come ----------------------------------------------------------------------


def _trips(car: Car, days: int) -> Iterator[Trip]:
    match car.kind:
        case Kind.MONTH_CARD | Kind.STAFF | Kind.GROUP:
            yield from _commutes(car, days)
        case Kind.SHARED:
            yield from _nights(car, days)
        case Kind.RESERVED:
            yield from _reserved(car, days)
        case _:
            yield from _visits(car, days)


def _commutes(car: Car, days: int) -> Iterator[Trip]:
    dice = car.dice
    for day in range(days):
        if day % 7 >= 5 or dice.random() < 0.15:
            continue
        come = dice.gauss(8.3, 0.7) * HOUR_S
        mishap = Mishap.MISREAD_OUT if dice.random() < HOLDERS_MISREAD else Mishap.NONE
        yield Trip(day * DAY_S + come, max(1200.0, dice.gauss(9.2, 1.2) * HOUR_S), mishap)


def _nights(car: Car, days: int) -> Iterator[Trip]:
    """From the evening to the morning; sometimes early, sometimes late."""
    dice = car.dice
    for day in range(days):
        if dice.random() < 0.4:
            continue
        come = dice.uniform(17.6, 22.0) * HOUR_S
        leave = DAY_S + dice.uniform(6.5, 9.1 if dice.random() < 0.75 else 11.0) * HOUR_S
        yield Trip(day * DAY_S + come, leave - come)


def reserved_from_s(car: Car, days: int) -> float:
    """When the reservation of this car begins; by its number, so that both sides know it."""
    return (car.number % days) * DAY_S + (9 + car.number % 7) * HOUR_S


def _reserved(car: Car, days: int) -> Iterator[Trip]:
    """In time, a little early, much too early, or after it was given to somebody else."""
    start, dice = reserved_from_s(car, days), car.dice
    offset_s = dice.choice([300.0, 900.0, -600.0, -3000.0, 3600.0])
    first = Trip(start + offset_s, dice.uniform(1.0, 3.0) * HOUR_S)
    yield first
    if dice.random() < 0.4:
        yield Trip(first.come_s + first.stay_s + 1200.0, dice.uniform(0.7, 2.0) * HOUR_S)


def _visits(car: Car, days: int) -> Iterator[Trip]:
    dice, mishap, at = car.dice, Mishap.NONE, car.dice.uniform(0, 3.5) * DAY_S
    while at < days * DAY_S:
        at += (dice.triangular(6.0, 23.0, 14.0) * HOUR_S - at % DAY_S) % DAY_S
        stay = dice.choice([600.0, 1500.0, 1700.0, 3600.0, 2 * HOUR_S, 5 * HOUR_S]) * dice.uniform(
            0.7, 1.6
        )
        if dice.random() < 0.06:
            stay = dice.uniform(20.0, 75.0) * HOUR_S
        mishap = _mishap(car, mishap)
        yield Trip(at, stay, mishap, dice.choices(list(PAYS), list(PAYS.values()))[0])
        if car.kind is Kind.ENERGY and dice.random() < 0.5:
            at += stay + dice.uniform(0.5, 1.5) * HOUR_S
            stay = dice.uniform(0.7, 2.0) * HOUR_S
            yield Trip(at, stay)
        at += stay + dice.uniform(3.0, 70.0) * HOUR_S


def _mishap(car: Car, before: Mishap) -> Mishap:
    """Only who pays by itself has any: the others' stays are looked at to the fen.

    `before`: at the last stay. Who left unseen may be misread when it comes again.
    """
    draw = car.dice.random()
    if before is Mishap.UNSEEN_EXIT and draw > 0.4:
        return Mishap.MISREAD_IN
    if car.kind is not Kind.TEMPORARY:
        return Mishap.NONE
    for mishap, share in MISHAPS.items():
        draw -= share
        if draw < 0:
            return mishap
    return Mishap.NONE
