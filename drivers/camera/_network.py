"""What cameras on the network have in common: an address, a user and the secret behind it."""

from collections.abc import Mapping
from typing import Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from drivers.login import Login
from gateway.ports import DriverSettings, SecretRef, reveal


def address(kind: str, *, expected: str, ports: Mapping[str, int]) -> AfterValidator:
    """The check of an address; `ports`: the schemes that it may have, and where each listens."""

    def without_secret(url: str) -> str:
        parts = urlsplit(url)
        if parts.username is not None or parts.password is not None:
            raise ValueError(
                "no user name or password in the address: use `username`, and `password` with a "
                "reference such as file:/etc/lanegate/camera-1.secret"
            )
        if parts.scheme not in ports or not parts.hostname or not url.isprintable():
            raise ValueError(f"not an {kind} address: expected {expected}")
        if parts.port == 0:  # Asking alone refuses what is above 65535.
            raise ValueError(f"there is no port 0: cameras listen at {ports[parts.scheme]}")
        return url

    return AfterValidator(without_secret)


class NetworkSettings(DriverSettings):
    """`url` is declared anew by each driver, with its own check."""

    url: str
    username: str | None = Field(default=None, title="User name")
    password: SecretRef | None = Field(default=None, title="Reference to the password")

    @model_validator(mode="after")
    def _password_needs_a_name(self) -> Self:
        if self.password is not None and self.username is None:
            raise ValueError("a password without a user name: add `username`")
        return self

    def login(self) -> Login | None:
        """Raises `DeviceError` where the secret cannot be read."""
        if self.username is None:
            return None
        return Login(self.username, "" if self.password is None else reveal(self.password))


def advice(url: str, reason: str) -> str:
    """The sentence for a technician. `url`: as it may be shown."""
    return f"camera {url}: {reason}: check its power, cable and address"


def refusal(url: str, reason: str) -> str:
    return f"camera {url}: {reason}: check `username` and `password`"
