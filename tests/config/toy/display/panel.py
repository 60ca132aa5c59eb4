"""A sign that shows nothing."""

from typing import Literal

from gateway.ports import DriverSettings


class Settings(DriverSettings):
    driver: Literal["panel"]


def connect(settings: Settings) -> None: ...
