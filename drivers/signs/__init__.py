"""What signs, voices and scanners share. This file holds their settings and needs no library."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gateway.ports import Claim, DriverSettings

BaudRate = Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400]
PLACE = re.compile(r"/.+|tcp://(?P<host>[A-Za-z0-9_.-]+):(?P<port>[0-9]{1,5})")
LAST_TCP_PORT = 65535


def _place(text: str) -> str:
    found = PLACE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} leads nowhere; write /dev/serial/by-id/... or tcp://host:port")
    if found["port"] and not 0 < int(found["port"]) <= LAST_TCP_PORT:
        raise ValueError(f"{text!r} names no TCP port; they go from 1 to {LAST_TCP_PORT}")
    return text


Place = Annotated[str, AfterValidator(_place)]
"""Path of a serial port, or `tcp://host:port` of what passes bytes on to one."""


class Wired(DriverSettings):
    """A device alone at the end of its line: 8 data bits, no parity, 1 stop bit."""

    port: Place = Field(
        title="Port",
        description="Path of its serial port, best below /dev/serial/by-id; or tcp://host:port"
        " of the device itself, or of a serial server that passes bytes on unchanged.",
        examples=["/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0", "tcp://192.168.1.80:5005"],
    )
    baud: BaudRate = Field(
        9600, title="Baud rate", description="As set on the device; over TCP it times the sending."
    )

    def claims(self) -> dict[str, Claim]:
        return {"port": Claim(self.port, "the line")}
