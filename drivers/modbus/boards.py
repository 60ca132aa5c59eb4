"""Settings' types of IO boards and barriers on a bus; needs no library."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from drivers.modbus import SlaveId

LAST_ADDRESS = 247
ANY_BOARD = (254, 255)


def _one_board(value: object) -> object:
    """Tell why the addresses that many boards hear are none, before the range does."""
    try:
        number = int(value, 0) if isinstance(value, str) else value
    except ValueError:
        return value
    if number in ANY_BOARD:
        raise ValueError(
            f"{value} is no board's own address: every board of its kind on the line answers to "
            f"it; set one of 1 to {LAST_ADDRESS} on the board, and write that"
        )
    if number == 0:
        raise ValueError(
            "0 speaks to all boards at once, and none answers; write the board's own address, "
            f"1 to {LAST_ADDRESS}"
        )
    return value


BoardAddress = Annotated[SlaveId, BeforeValidator(_one_board), Field(title="Modbus address")]
