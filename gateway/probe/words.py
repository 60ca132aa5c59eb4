"""The probe's words: how a line may be set, what came back on it, what was found."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

ANY_SLAVE = 254


class Framing(StrEnum):
    RTU = "rtu"
    ASCII = "ascii"
    RTU_TCP = "rtu_tcp"
    TCP = "tcp"

    @property
    def on_network(self) -> bool:
        return self in (Framing.RTU_TCP, Framing.TCP)


BUS_DRIVERS = {
    Framing.RTU: "modbus_rtu",
    Framing.ASCII: "modbus_ascii",
    Framing.RTU_TCP: "modbus_rtu_tcp",
    Framing.TCP: "modbus_tcp",
}
FRAMING_WORDS = {
    Framing.RTU: "Modbus RTU",
    Framing.ASCII: "Modbus ASCII",
    Framing.RTU_TCP: "RTU over TCP",
    Framing.TCP: "Modbus TCP",
}
Mapping = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """How both ends of a line must be set. `seven_bits`: ASCII characters of 7 bits, even parity.

    On a network `tcp_port` counts, and nothing of the serial side.
    """

    framing: Framing = Framing.RTU
    baud: int = 9600
    parity: str = "none"
    stop_bits: int = 1
    seven_bits: bool = False
    tcp_port: int = 0

    @property
    def words(self) -> str:
        if self.framing.on_network:
            return f"{FRAMING_WORDS[self.framing]}, port {self.tcp_port}"
        bits = "7E1" if self.seven_bits else f"8{self.parity[0].upper()}{self.stop_bits}"
        return f"{FRAMING_WORDS[self.framing]}, {self.baud} {bits}"

    def line(self, where: str) -> Mapping:
        """Settings of the `probe` driver that looks at `where`, a serial port or a host."""
        if self.framing.on_network:
            framing = self.framing.value
            return {"driver": "tcp_line", "host": where, "port": self.tcp_port, "framing": framing}
        seven = {"seven_bits": True} if self.seven_bits else {}
        serial = {"port": where, "baud": self.baud, "parity": self.parity}
        ending = {"stop_bits": self.stop_bits, "framing": self.framing.value}
        return {"driver": "serial_line"} | serial | ending | seven

    def bus(self, where: str) -> Mapping:
        """The same line as an entry of the configuration's `buses:`."""
        driver = BUS_DRIVERS[self.framing]
        if self.framing.on_network:
            return {"driver": driver, "host": where, "port": self.tcp_port}
        bits = {"data_bits": 7 if self.seven_bits else 8} if self.framing is Framing.ASCII else {}
        parity = "even" if self.seven_bits else self.parity
        ending = {} if self.stop_bits == 1 else {"stop_bits": self.stop_bits}
        return (
            {"driver": driver, "port": where, "baud": self.baud, "parity": parity} | bits | ending
        )


class Heard(NamedTuple):
    """What came after a question: bodies (slave and PDU) of whole frames; bytes of none.

    `echo`: the question itself came back first.
    """

    bodies: tuple[bytes, ...] = ()
    rest: bytes = b""
    echo: bool = False


class Line(Protocol):
    """A line opened with one setting; see `drivers.probe`. Only functions 1 to 4 are asked."""

    name: str

    async def listen(self, seconds: float) -> Heard: ...

    async def ask(
        self, slave: int, function: int, first: int, count: int, *, wait_s: float, tail_s: float
    ) -> Heard: ...


class Reply(NamedTuple):
    """A device's answer to one reading: values (bits as 0 and 1), or the exception it gave.

    With neither it was silent, or nothing whole came.
    """

    values: tuple[int, ...] = ()
    refused: int = 0

    @property
    def came(self) -> bool:
        return bool(self.values) or self.refused > 0


@dataclass(frozen=True, slots=True)
class Look:
    """What a device looks like, never for certain: `why` is what its answers showed.

    `profiles` are names of this product's profiles for it, `kind/name`.
    """

    like: str
    why: str
    profiles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Device:
    """Something that answers at an address. `notes` are sentences about this address.

    `every_unit`: it answers at all addresses, being alone behind its own network socket.
    """

    setting: Setting
    slave: int
    looks: tuple[Look, ...] = ()
    notes: tuple[str, ...] = ()
    every_unit: bool = False
