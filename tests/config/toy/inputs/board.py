"""Inputs that are never read."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from gateway.ports import BusName, Claim, DriverSettings


class Source(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    bus: BusName | None = None
    input: int = 0


class Settings(DriverSettings):
    driver: Literal["board"]
    closing_loop: Source = Source()
    spare: tuple[BusName, ...] = ()

    def claims(self) -> dict[str, Claim]:
        loop = self.closing_loop
        return {"closing_loop.input": Claim(loop.bus, f"input {loop.input}")} if loop.bus else {}


def connect(settings: Settings, buses: object) -> None: ...
