"""Find drivers by file name.

`driver: modbus_relay` under `barrier:` is `drivers/barrier/modbus_relay.py`. A file whose name
starts with `_` is no driver. Only drivers that are asked for are imported, so that a broken one
troubles nobody else.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from types import ModuleType
from typing import Any, get_args

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import PydanticCustomError, core_schema

from gateway.ports import DriverSettings

BUS = "bus"
LANE_KINDS = ("barrier", "inputs", "camera", "reader", "display", "voice", "scanner")
KINDS = (BUS, *LANE_KINDS)
KIND_MARK = "x-driver-kind"


class DriverUnusableError(Exception):
    """There is a file of this name, and it is no driver; says what it lacks."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """The drivers in a package that has one sub-package for each kind."""

    package: str = "drivers"

    def names(self, kind: str) -> tuple[str, ...]:
        return _names(f"{self.package}.{kind}")

    def settings(self, kind: str, name: str) -> type[DriverSettings]:
        """The driver's `Settings`. Raises `DriverUnusableError`, `KeyError` for no such name."""
        settings: type[DriverSettings] = self._driver(kind, name).Settings
        return settings

    def connector(self, kind: str, name: str) -> Callable[..., Any]:
        """The driver's `connect`; its arguments depend on the kind, see `gateway.ports`."""
        connect: Callable[..., Any] = self._driver(kind, name).connect
        return connect

    def _driver(self, kind: str, name: str) -> ModuleType:
        if name not in self.names(kind):
            raise KeyError(name)
        return _load(f"{self.package}.{kind}", name)


@cache
def _names(package: str) -> tuple[str, ...]:
    modules = pkgutil.iter_modules(importlib.import_module(package).__path__)
    return tuple(sorted(module.name for module in modules if not module.name.startswith("_")))


@cache
def _load(package: str, name: str) -> ModuleType:
    try:
        module = importlib.import_module(f"{package}.{name}")
    except Exception as error:
        # A driver is anybody's file: whatever it raises while loading, the others still work.
        raise DriverUnusableError(f"it cannot be imported: {error!r}") from error
    settings = getattr(module, "Settings", None)
    if not (isinstance(settings, type) and issubclass(settings, DriverSettings)):
        raise DriverUnusableError("it has no class Settings(DriverSettings)")
    if get_args(settings.model_fields["driver"].annotation) != (name,):
        raise DriverUnusableError(f'its Settings need `driver: Literal["{name}"]`')
    if not callable(getattr(module, "connect", None)):
        raise DriverUnusableError("it has no function connect")
    return module


@dataclass(frozen=True, slots=True)
class SettingsOf:
    """Annotation: the settings of any driver of this kind, told apart by `driver`.

    The catalog to look in is the validation's context; without one, the product's drivers.
    """

    kind: str

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.with_info_plain_validator_function(self._choose)

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {KIND_MARK: self.kind}

    def _choose(self, value: object, info: ValidationInfo) -> DriverSettings:
        return device_settings(self.kind, value, info.context or Catalog())


def device_settings(kind: str, value: object, catalog: Catalog) -> DriverSettings:
    """What a device's mapping means. Raises pydantic's `ValidationError` or its custom error."""
    if isinstance(value, DriverSettings):
        return value
    if not isinstance(value, Mapping):
        raise PydanticCustomError("device_shape", "expected a mapping with a driver")
    settings = _settings_named(kind, value.get("driver"), catalog)
    return settings.model_validate(dict(value) | _literal_numbers(settings, value))


def _settings_named(kind: str, name: object, catalog: Catalog) -> type[DriverSettings]:
    known = ", ".join(catalog.names(kind)) or "none"
    if not isinstance(name, str):
        raise PydanticCustomError("driver_missing", "known: {known}", {"known": known})
    try:
        return catalog.settings(kind, name)
    except KeyError:
        near = get_close_matches(name, catalog.names(kind), n=1)
        told = {"kind": kind, "name": name, "known": known, "near": "".join(near)}
        raise PydanticCustomError("driver_unknown", "known: {known}", told) from None
    except DriverUnusableError as error:
        told = {
            "file": f"{catalog.package.replace('.', '/')}/{kind}/{name}.py",
            "reason": str(error),
        }
        raise PydanticCustomError("driver_unusable", "{file}: {reason}", told) from error


def _literal_numbers(
    settings: type[DriverSettings], value: Mapping[str, object]
) -> dict[str, object]:
    """The file's "2" as a number, where the setting is a `Literal[1, 2]`.

    Pydantic compares a literal without turning text into numbers first.
    """
    meant: dict[str, object] = {}
    for name, field in settings.model_fields.items():
        choices = {str(choice): choice for choice in get_args(field.annotation)}
        text = value.get(name)
        if isinstance(text, str) and type(choices.get(text)) is int:
            meant[name] = choices[text]
    return meant
