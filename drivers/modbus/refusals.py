"""What a slave's exception answer means, and what to look at then."""

from typing import NamedTuple

BEHIND_GATEWAY_SILENT = 11


class Cause(NamedTuple):
    name: str
    hint: str


EXCEPTIONS = {
    1: Cause("illegal function", "the device is not the model that its profile is for"),
    2: Cause("illegal data address", "it has no such input, output or register: check the profile"),
    3: Cause("illegal data value", "it does not take this value: check pulse time and profile"),
    4: Cause("device failure", "restart the device; replace it if this comes back"),
    5: Cause("acknowledge", "it needs more time than we give it: use another model"),
    6: Cause("device busy", "another master may be on the line: only one is allowed"),
    10: Cause("gateway path unavailable", "check the line's settings in the Modbus gateway"),
    BEHIND_GATEWAY_SILENT: Cause(
        "gateway target did not answer", "check power, wiring and address behind the gateway"
    ),
}
UNKNOWN_CAUSE = Cause("not in the Modbus standard", "look it up in the device's manual")


def meaning(code: int) -> str:
    """The exception in words, with the next step."""
    cause = EXCEPTIONS.get(code, UNKNOWN_CAUSE)
    return f"Modbus exception {code}, {cause.name}: {cause.hint}"
