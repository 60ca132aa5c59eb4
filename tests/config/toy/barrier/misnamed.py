"""A driver whose settings were copied from another one."""

from typing import Literal

from gateway.ports import DriverSettings


class Settings(DriverSettings):
    driver: Literal["relay"]


def connect(settings: Settings, buses: object) -> None: ...
