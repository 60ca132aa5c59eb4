"""A voice that says nothing."""

from typing import Literal

from gateway.ports import DriverSettings


class Settings(DriverSettings):
    driver: Literal["horn"]


def connect(settings: Settings) -> None: ...
