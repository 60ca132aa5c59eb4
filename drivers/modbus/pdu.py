"""Questions to a Modbus slave and the checks on its answers, on any kind of line.

pymodbus's requests and decoder, and what they leave out: a coil may be written with any 16-bit
value, and an answer must fit its question in slave, function, length, address and value.
"""

import struct
from dataclasses import dataclass
from typing import NamedTuple

from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadDiscreteInputsRequest
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, WriteSingleRegisterRequest

READ_COILS, READ_INPUTS, READ_REGISTERS, WRITE_COIL, WRITE_REGISTER = 1, 2, 3, 5, 6
ECHO_BYTES = 5


class WriteCoil(ModbusPDU):
    """FC05, question and answer: pymodbus's own knows only on and off, and drops the value."""

    function_code = WRITE_COIL
    rtu_frame_size = 8

    def encode(self) -> bytes:
        self.verifyAddress()
        return struct.pack(">HH", self.address, self.registers[0])

    def decode(self, data: bytes) -> None:
        self.address, value = struct.unpack(">HH", data[:4])
        self.registers = [value]


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
    11: Cause(
        "gateway target did not answer", "check power, wiring and address behind the gateway"
    ),
}
UNKNOWN_CAUSE = Cause("not in the Modbus standard", "look it up in the device's manual")


@dataclass(frozen=True, slots=True)
class Question:
    """One request. `answer_bytes` is the right answer's length from its function code on."""

    request: ModbusPDU
    answer_bytes: int
    words: str

    @property
    def slave(self) -> int:
        return self.request.dev_id

    @property
    def function(self) -> int:
        return self.request.function_code

    @property
    def is_write(self) -> bool:
        return self.function in (WRITE_COIL, WRITE_REGISTER)

    def complaint(self, answer: ModbusPDU) -> str:
        """What is wrong with an answer; empty if it fits, and for a proper exception answer."""
        function = answer.function_code & 0x7F
        if answer.dev_id != self.slave:
            return f"did not answer, but slave {answer.dev_id} did"
        if function != self.function:
            return f"answered function {function} instead of {self.function}"
        if answer.isError():
            return ""
        return self._wrong_echo(answer) if self.is_write else self._wrong_length(answer)

    def refusal(self, answer: ModbusPDU) -> str:
        """What an exception answer means."""
        cause = EXCEPTIONS.get(answer.exception_code, UNKNOWN_CAUSE)
        return (
            f"slave {self.slave} refused to {self.words}: "
            f"Modbus exception {answer.exception_code}, {cause.name}: {cause.hint}"
        )

    def _wrong_length(self, answer: ModbusPDU) -> str:
        count = self.request.count
        if self.function == READ_REGISTERS:
            asked, got, unit = count, len(answer.registers), "registers"
        else:
            asked, got, unit = -(-count // 8), len(answer.bits) // 8, "bytes of bits"
        return "" if asked == got else f"sent {got} {unit} instead of {asked}"

    def _wrong_echo(self, answer: ModbusPDU) -> str:
        asked, got = self.request, answer
        if (asked.address, list(asked.registers)) == (got.address, list(got.registers)):
            return ""
        return f"confirmed {_order(got)} instead of {_order(asked)}"


def read_bits(function: int, slave: int, first: int, count: int) -> Question:
    """FC01 or FC02."""
    kind = ReadCoilsRequest if function == READ_COILS else ReadDiscreteInputsRequest
    name = "coils" if function == READ_COILS else "inputs"
    return Question(
        _checked(kind(address=first, count=count, dev_id=slave)),
        answer_bytes=2 + -(-count // 8),
        words=f"read {count} {name} from 0x{first:04X}",
    )


def read_registers(slave: int, first: int, count: int) -> Question:
    """FC03."""
    return Question(
        _checked(ReadHoldingRegistersRequest(address=first, count=count, dev_id=slave)),
        answer_bytes=2 + 2 * count,
        words=f"read {count} registers from 0x{first:04X}",
    )


def write_coil(slave: int, address: int, value: int) -> Question:
    """FC05 with any 16-bit value."""
    request = WriteCoil(address=address, registers=[value], dev_id=slave)
    return Question(_checked(request), ECHO_BYTES, f"write {_order(request)}")


def write_register(slave: int, address: int, value: int) -> Question:
    """FC06."""
    request = WriteSingleRegisterRequest(address=address, registers=[value], dev_id=slave)
    return Question(_checked(request), ECHO_BYTES, f"write {_order(request)}")


def decoder() -> DecodePDU:
    """The library's decoder of answers, with our FC05."""
    answers = DecodePDU(is_server=False)
    answers.register(WriteCoil)
    return answers


def _checked(request: ModbusPDU) -> ModbusPDU:
    """Refuse what no slave could answer: it is our mistake, not the device's."""
    if not 1 <= request.dev_id <= 247:  # noqa: PLR2004
        raise ValueError(f"slave {request.dev_id} is not between 1 and 247")
    request.encode()
    return request


def _order(pdu: ModbusPDU) -> str:
    place = "coil" if pdu.function_code == WRITE_COIL else "register"
    return f"0x{pdu.registers[0]:04X} to {place} 0x{pdu.address:04X}"
