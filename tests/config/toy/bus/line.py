"""A serial line that is never opened."""

from typing import Literal

from pydantic import Field

from gateway.ports import DriverSettings


class Settings(DriverSettings):
    driver: Literal["line"]
    port: str = Field(description="Path of the port.")
    stop_bits: Literal[1, 2] = 1
    timeout_ms: int = Field(100, ge=10, le=2000)


def connect(settings: Settings) -> None: ...
