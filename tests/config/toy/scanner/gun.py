"""A scanner that sees nothing."""

from typing import Literal

from gateway.ports import DriverSettings


class Settings(DriverSettings):
    driver: Literal["gun"]


def connect(settings: Settings) -> None: ...
