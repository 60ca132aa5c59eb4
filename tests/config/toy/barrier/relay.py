"""A barrier on two outputs that are never switched."""

from typing import Literal

from pydantic import Field

from gateway.ports import BusName, Claim, DriverSettings


class Settings(DriverSettings):
    driver: Literal["relay"]
    bus: BusName
    slave: int = Field(ge=1, le=247, description="Address of the board.")
    open_output: int = Field(ge=0, le=7)
    pulse_s: float = Field(0.5, gt=0, le=5)
    swap: bool = False

    def claims(self) -> dict[str, Claim]:
        return {"open_output": Claim(self.bus, f"output {self.open_output} of slave {self.slave}")}


def connect(settings: Settings, buses: object) -> None: ...
