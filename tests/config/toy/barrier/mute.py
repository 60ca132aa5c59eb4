"""A driver without `connect`."""

from typing import Literal

from gateway.ports import DriverSettings


class Settings(DriverSettings):
    driver: Literal["mute"]
