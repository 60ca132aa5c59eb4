"""A camera that never looks."""

from typing import Literal

from pydantic import field_validator

from gateway.ports import DriverSettings, SecretRef


class Settings(DriverSettings):
    driver: Literal["eye"]
    url: str
    password: SecretRef | None = None
    api_key: int = 0
    port: str = "554"

    @field_validator("url")
    @classmethod
    def _no_secret(cls, url: str) -> str:
        if "[" in url:
            raise ValueError(f"{url} is no address")
        if "@" in url:
            raise ValueError("the address holds a password; use `password: file:/path`")
        return url


def connect(settings: Settings) -> None: ...
