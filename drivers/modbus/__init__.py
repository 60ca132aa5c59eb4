"""What Modbus drivers share. This file holds their settings' types and needs no library."""

from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

SlaveId = Annotated[int, Field(ge=1, le=247)]


BAUD_RATES = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400)


def usual_baud(baud: int) -> int:
    """The rate itself. Raises `ValueError` for one that hardly any device has."""
    if baud not in BAUD_RATES:
        rates = ", ".join(map(str, BAUD_RATES))
        raise ValueError(f"{baud} is not a usual baud rate; write one of {rates}")
    return baud


def _from_text(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return int(value, 0)
    except ValueError:
        raise ValueError(f"{value!r} is not an address; write it as 512 or as 0x0200") from None


RegisterAddress = Annotated[
    int,
    BeforeValidator(_from_text),
    Field(ge=0, le=0xFFFF),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": 0xFFFF},
                {"type": "string", "pattern": "^0x[0-9A-Fa-f]{1,4}$"},
            ]
        }
    ),
]
"""A coil's or register's number as it stands in the frame; `512` and `0x0200` are the same."""
