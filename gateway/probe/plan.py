"""In which order a scan tries the ways a line may be set: what is usual first. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from gateway.probe.words import ANY_SLAVE, Framing, Setting

COMMON_BAUDS = (9600, 19200, 38400, 115200, 57600, 4800, 2400)
ALL_BAUDS = (*COMMON_BAUDS, 1200, 230400)
ASCII_BAUDS = (9600, 19200)
TCP_PORTS = (502, 4196)
FIRST_SLAVES = (*range(1, 17), ANY_SLAVE)
REST_SLAVES = tuple(range(17, 248))
REGISTERS, COILS = (3, 0, 1), (1, 0, 1)
QUESTION_CHARS = 16


class Effort(StrEnum):
    FAST = "fast"
    NORMAL = "normal"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Step:
    """One line setting and the addresses that are asked at it.

    `questions` are (function, first, count): a device that knows none of them is not found.
    """

    setting: Setting
    slaves: tuple[int, ...] = FIRST_SLAVES
    questions: tuple[tuple[int, int, int], ...] = (REGISTERS, COILS)
    wait_s: float = 0.1

    @property
    def seconds(self) -> float:
        """What it takes where nobody answers."""
        network = self.setting.framing.on_network
        chars = QUESTION_CHARS * (2 if self.setting.framing is Framing.ASCII else 1)
        wire_s = 0.0 if network else chars * 11 / self.setting.baud
        return len(self.slaves) * len(self.questions) * (wire_s + self.wait_s)


def serial_steps(effort: Effort) -> Iterator[Step]:
    """9600 8N1 first, then its neighbours; every address of the usual setting; then ASCII."""
    match effort:
        case Effort.FAST:
            for step in _rtu(COMMON_BAUDS[:5], ("none", "even")):
                yield replace(step, questions=(REGISTERS,), wait_s=0.06)
        case Effort.NORMAL:
            yield from _rtu(COMMON_BAUDS, ("none",))
            yield Step(Setting(), REST_SLAVES, (REGISTERS,))
            yield from _rtu(COMMON_BAUDS[:4], ("even", "odd"))
            yield from _ascii(ASCII_BAUDS)
        case Effort.FULL:
            for step in (*_rtu(ALL_BAUDS, ("none", "even", "odd")), *_ascii(ALL_BAUDS)):
                yield step
                yield rest_of(step)


def network_steps(effort: Effort, port: int | None = None) -> Iterator[Step]:
    """Modbus TCP, then RTU frames on the same socket; `port` None tries the usual ones."""
    for one in (port,) if port else TCP_PORTS:
        for framing in (Framing.TCP, Framing.RTU_TCP):
            step = Step(Setting(framing, tcp_port=one), wait_s=0.3)
            yield replace(step, questions=(REGISTERS,)) if effort is Effort.FAST else step
            if effort is Effort.FULL:
                yield rest_of(step)


def rest_of(step: Step) -> Step:
    """The addresses that `step` left out."""
    return replace(step, slaves=REST_SLAVES)


def _rtu(bauds: tuple[int, ...], parities: tuple[str, ...]) -> Iterator[Step]:
    for parity in parities:
        for baud in bauds:
            yield Step(Setting(baud=baud, parity=parity))


def _ascii(bauds: tuple[int, ...]) -> Iterator[Step]:
    for baud in bauds:
        yield Step(Setting(Framing.ASCII, baud, "even", seven_bits=True))
        yield Step(Setting(Framing.ASCII, baud))
