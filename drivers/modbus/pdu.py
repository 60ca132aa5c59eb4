"""Questions to a Modbus slave and the checks on its answers, on any kind of line.

pymodbus's requests and decoder, and what they leave out: a coil may be written with any 16-bit
value, and an answer must fit its question in slave, function, length, address and value.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadDiscreteInputsRequest,
    WriteMultipleCoilsRequest,
)
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

from drivers.modbus import refusals

READ_COILS, READ_INPUTS, READ_REGISTERS, READ_INPUT_REGISTERS = 1, 2, 3, 4
WRITE_COIL, WRITE_REGISTER, WRITE_COILS, WRITE_REGISTERS = 5, 6, 15, 16
WRITES_ONE, WRITES_SEVERAL = (WRITE_COIL, WRITE_REGISTER), (WRITE_COILS, WRITE_REGISTERS)
MOST_COILS_WRITTEN, MOST_REGISTERS_WRITTEN = 1968, 123
ECHO_BYTES = 5
BROADCAST, LAST_SLAVE = 0, 247


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
        return self.function in WRITES_ONE + WRITES_SEVERAL

    @property
    def is_broadcast(self) -> bool:
        return self.slave == BROADCAST

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
        cause = refusals.meaning(answer.exception_code)
        return f"slave {self.slave} refused to {self.words}: {cause}"

    def _wrong_length(self, answer: ModbusPDU) -> str:
        count = self.request.count
        if self.function in (READ_REGISTERS, READ_INPUT_REGISTERS):
            asked, got, unit = count, len(answer.registers), "registers"
        else:
            asked, got, unit = -(-count // 8), len(answer.bits) // 8, "bytes of bits"
        return "" if asked == got else f"sent {got} {unit} instead of {asked}"

    def _wrong_echo(self, answer: ModbusPDU) -> str:
        asked, got = _order(self.request), _order(answer)
        return "" if asked == got else f"confirmed {got} instead of {asked}"


def read_bits(function: int, slave: int, first: int, count: int) -> Question:
    """FC01 or FC02."""
    kind = ReadCoilsRequest if function == READ_COILS else ReadDiscreteInputsRequest
    name = "coils" if function == READ_COILS else "inputs"
    return Question(
        _checked(kind(address=first, count=count, dev_id=slave)),
        answer_bytes=2 + -(-count // 8),
        words=f"read {count} {name} from 0x{first:04X}",
    )


def read_registers(function: int, slave: int, first: int, count: int) -> Question:
    """FC03 or FC04."""
    is_holding = function == READ_REGISTERS
    kind = ReadHoldingRegistersRequest if is_holding else ReadInputRegistersRequest
    name = "registers" if is_holding else "input registers"
    return Question(
        _checked(kind(address=first, count=count, dev_id=slave)),
        answer_bytes=2 + 2 * count,
        words=f"read {count} {name} from 0x{first:04X}",
    )


def write_coil(slave: int, address: int, value: int) -> Question:
    """FC05 with any 16-bit value."""
    return _write(WriteCoil(address=address, registers=[value], dev_id=slave))


def write_register(slave: int, address: int, value: int) -> Question:
    """FC06."""
    return _write(WriteSingleRegisterRequest(address=address, registers=[value], dev_id=slave))


def write_coils(slave: int, first: int, values: Sequence[bool]) -> Question:
    """FC0F."""
    _require_few(len(values), MOST_COILS_WRITTEN)
    return _write(WriteMultipleCoilsRequest(address=first, bits=list(values), dev_id=slave))


def write_registers(slave: int, first: int, values: Sequence[int]) -> Question:
    """FC10."""
    _require_few(len(values), MOST_REGISTERS_WRITTEN)
    request = WriteMultipleRegistersRequest(address=first, registers=list(values), dev_id=slave)
    return _write(request)


def decoder() -> DecodePDU:
    """The library's decoder of answers, with our FC05."""
    answers = DecodePDU(is_server=False)
    answers.register(WriteCoil)
    return answers


def _write(request: ModbusPDU) -> Question:
    return Question(_checked(request, lowest=BROADCAST), ECHO_BYTES, f"write {_order(request)}")


def _checked(request: ModbusPDU, *, lowest: int = 1) -> ModbusPDU:
    """Refuse what no slave could answer: it is our mistake, not the device's."""
    if not lowest <= request.dev_id <= LAST_SLAVE:
        raise ValueError(f"slave {request.dev_id} is not between {lowest} and {LAST_SLAVE}")
    request.verifyAddress()
    try:
        request.encode()
    except struct.error as error:
        raise ValueError(f"a value does not fit into 16 bits: {error}") from error
    return request


def _require_few(count: int, most: int) -> None:
    if not 1 <= count <= most:
        raise ValueError(f"one frame writes 1 to {most} values, not {count}")


def _order(pdu: ModbusPDU) -> str:
    """What a write, or its confirmation, says; that of several values tells only how many."""
    kind = "coil" if pdu.function_code in (WRITE_COIL, WRITE_COILS) else "register"
    if pdu.function_code in WRITES_SEVERAL:
        return f"{pdu.count} {kind}s from 0x{pdu.address:04X}"
    return f"0x{pdu.registers[0]:04X} to {kind} 0x{pdu.address:04X}"
