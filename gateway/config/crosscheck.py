"""What only shows when settings are looked at side by side: buses, shared outputs, names, lists.

Works on what was written, not on a finished configuration, so that one bad setting elsewhere
hides nothing here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import PurePath
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError

from gateway.catalog import BUS, Catalog, DriverUnusableError, device_settings
from gateway.config.document import Data, Document, items, mapping
from gateway.config.files import devices
from gateway.config.problems import Problem, Where, path_text, shown
from gateway.lane.plates import KINDS
from gateway.ports import BusMarker, Claim, DriverSettings
from gateway.rules.access import spelled


@dataclass(frozen=True, slots=True)
class Device:
    """A device whose own settings are right; `owner` is its lane's or its bus's name."""

    where: Where
    kind: str
    owner: str
    settings: DriverSettings


def clashes(document: Document, catalog: Catalog) -> Iterator[Problem]:
    """Every clash between parts of the configuration, each at the later of the two places."""
    found = tuple(_devices(document, catalog))
    yield from _unknown_buses(document, catalog)
    yield from _shared_claims(document, found)
    yield from _shared_ports(document, found)
    yield from _twin_lanes(document)
    yield from _plates(document)


def _devices(document: Document, catalog: Catalog) -> Iterator[Device]:
    for where, kind, data in devices(document.data):
        try:
            settings = device_settings(kind, data, catalog)
        except (ValidationError, PydanticCustomError):
            continue
        yield Device(where, kind, _owner(document, where), settings)


def _owner(document: Document, where: Where) -> str:
    match where:
        case ("lanes", int(index), *_):
            name = mapping(items(mapping(document.data).get("lanes"))[index]).get("name")
            return name if isinstance(name, str) else f"lanes.{index}"
        case _:
            return str(where[-1])


def _at(document: Document, where: Where, what: str, fix: str) -> Problem:
    spot = document.value_spot(where)
    return Problem(spot.place, path_text(spot.path), what, fix)


def _unknown_buses(document: Document, catalog: Catalog) -> Iterator[Problem]:
    buses = list(mapping(mapping(document.data).get("buses")))
    known = f"known: {', '.join(buses)}" if buses else "describe it under buses:"
    for where, kind, data in devices(document.data):
        for inner, name in _bus_names(_settings_class(kind, data, catalog), data):
            if name in buses:
                continue
            near = get_close_matches(name, buses, n=1)
            fix = f"did you mean {near[0]}?" if near else known
            yield _at(document, (*where, *inner), f"there is no bus {shown(name)}", fix)


def _settings_class(kind: str, data: dict[str, Data], catalog: Catalog) -> type[BaseModel]:
    try:
        return catalog.settings(kind, str(data.get("driver")))
    except (KeyError, DriverUnusableError):
        return DriverSettings


def _bus_names(model: type[BaseModel], data: Data) -> Iterator[tuple[Where, str]]:
    """Every bus that a device names, right or wrong, with the path of the setting."""
    for name, field in model.model_fields.items():
        kinds = _kinds((field.annotation, *field.metadata))
        for where, value in _single(name, mapping(data).get(name)):
            if isinstance(value, str) and BusMarker in kinds:
                yield where, value
            for inner in kinds if isinstance(value, dict) else ():
                if issubclass(inner, BaseModel):
                    yield from (((*where, *path), bus) for path, bus in _bus_names(inner, value))


def _single(name: str, value: Data) -> list[tuple[Where, Data]]:
    """A setting, or each item of one that is a list, with its path."""
    if isinstance(value, list):
        return [((name, index), item) for index, item in enumerate(value)]
    return [((name,), value)]


def _kinds(annotations: Iterable[Any]) -> set[type]:
    """Every class in annotations, however deep, and the class of every mark on them."""
    found: set[type] = set()
    for one in annotations:
        found.add(one if isinstance(one, type) else type(one))
        found |= _kinds(get_args(one))
    return found


def _shared_claims(document: Document, found: tuple[Device, ...]) -> Iterator[Problem]:
    claimed: dict[Claim, tuple[Device, str]] = {}
    for device in found:
        for setting, claim in device.settings.claims().items():
            first, its_setting = claimed.setdefault(claim, (device, setting))
            if first is device:
                continue
            where = (*device.where, *setting.split("."))
            what = (
                f"lane {device.owner} uses {claim.place} on {claim.bus}, which {its_setting} of"
                f" {first.owner}'s {first.kind} already uses"
            )
            yield _at(document, where, what, "give each its own, as the wires go")


def _shared_ports(document: Document, found: tuple[Device, ...]) -> Iterator[Problem]:
    users: dict[PurePath, str] = {}
    for bus in found:
        port = getattr(bus.settings, "port", None)
        if bus.kind != BUS or not isinstance(port, str | PurePath):
            continue
        first = users.setdefault(PurePath(port), bus.owner)
        if first != bus.owner:
            what = f"bus {bus.owner} opens {shown(str(port))}, which bus {first} already opens"
            fix = f"let its devices use bus {first}, or give it its own port"
            yield _at(document, (*bus.where, "port"), what, fix)


def _twin_lanes(document: Document) -> Iterator[Problem]:
    firsts: dict[str, Where] = {}
    for index, lane in enumerate(items(mapping(document.data).get("lanes"))):
        name, where = mapping(lane).get("name"), ("lanes", index, "name")
        if not isinstance(name, str):
            continue
        first = firsts.setdefault(name, where)
        if first != where:
            what = f"lane {shown(name)} is there already: {document.value_spot(first).place}"
            yield _at(document, where, what, "give each lane its own name")


def _plates(document: Document) -> Iterator[Problem]:
    access = mapping(mapping(document.data).get("access"))
    allowed = {spelled(plate) for plate in items(access.get("allow")) if isinstance(plate, str)}
    for name in ("allow", "block"):
        for index, plate in enumerate(items(access.get(name))):
            if not isinstance(plate, str):
                continue
            where = ("access", name, index)
            if not _possible(plate):
                fix = "write all of its characters, such as 京A12345 or 京AD12345"
                yield _at(document, where, f"{shown(plate)} can be no plate", fix)
            elif name == "block" and spelled(plate) in allowed:
                what = f"{shown(plate)} is on the allow list too, and the block list wins"
                yield _at(document, where, what, "take it off one of the lists")


def _possible(plate: str) -> bool:
    return any(kind.shape.fullmatch(spelled(plate)) for kind in KINDS)
