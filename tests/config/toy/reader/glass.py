"""A reader that never reads."""

from typing import Literal

from gateway.ports import DriverSettings


class Settings(DriverSettings):
    driver: Literal["glass"]


def connect(settings: Settings) -> None: ...
