"""Looks for devices on a line, with readings alone, and keeps what it found from the start."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from gateway.catalog import Catalog, device_settings
from gateway.ports import DeviceError
from gateway.probe.hearing import Trace, speakers, trace_of
from gateway.probe.looks import looks_of
from gateway.probe.plan import Effort, Step, rest_of
from gateway.probe.questioning import evidence_of
from gateway.probe.words import ANY_SLAVE, Device, Framing, Heard, Line, Mapping, Setting

KIND = "probe"
Tell = Callable[[str, float, float | None], object]

LISTEN_S = 0.25
TAIL_S = 0.03
LONG_TAIL_S = 0.08
LATE_S = 0.3
AGAIN = 3
UNUSUAL_UNITS = (243, 249)
MANY_DAMAGED = 5
NOISE_BYTES = 3


def opened(settings: Mapping) -> AbstractAsyncContextManager[Line]:
    """The line behind `Setting.line(...)`. Raises `DeviceError` when entered."""
    catalog = Catalog()
    asked = device_settings(KIND, settings, catalog)
    line: AbstractAsyncContextManager[Line] = catalog.connector(KIND, asked.driver)(asked)
    return line


class OtherMasterError(DeviceError):
    """Somebody else asks on this line; our questions would disturb theirs."""


class Scanner:
    """`devices` and `notes` grow while `run` goes on, and stay right when it is cut off."""

    def __init__(self, where: str, profiles: tuple[str, ...], tell: Tell) -> None:
        self.devices: list[Device] = []
        self.notes: list[str] = []
        self.asked = 0
        self._where = where
        self._profiles = profiles
        self._tell = tell
        self._done_s = 0.0
        self._total_s = 0.0

    async def run(self, steps: Iterable[Step], effort: Effort) -> None:
        """Unless the effort is full, stops at the first setting at which a device answers.

        Raises `DeviceError` where the line cannot be opened, is lost, or has another master; a
        host's closed TCP port is a note.
        """
        todo = list(steps)
        self._total_s = sum(step.seconds for step in todo)
        for step in todo:
            found = await self._tried(step)
            if found and effort is Effort.NORMAL:
                await self._finish(step)
            if found and effort is not Effort.FULL:
                break
        for setting in {device.setting: None for device in self.devices}:
            self._judge_any_slave(setting, whole=effort is not Effort.FAST)

    async def _finish(self, step: Step) -> None:
        """The other addresses of the setting at which the line works."""
        if not any(device.every_unit for device in self.devices):
            self._total_s = self._done_s + rest_of(step).seconds
            await self._tried(rest_of(step))

    async def _tried(self, step: Step) -> bool:
        """Whether a device answered at this setting."""
        before = len(self.devices)
        try:
            async with opened(step.setting.line(self._where)) as line:
                await self._sweep(line, step)
        except DeviceError as error:
            if not step.setting.framing.on_network:
                raise
            self._note(str(error))
        return len(self.devices) > before

    async def _sweep(self, line: Line, step: Step) -> None:
        if not self.devices:
            self._note_unasked(await line.listen(LISTEN_S), step.setting)
        first = len(self.devices)
        sweep = Sweep(line, step, self._told)
        try:
            await sweep.run()
        finally:
            self.devices += sweep.present.values()
        for note in sweep.notes:
            self._note(note)
        any_slave = (step.setting, ANY_SLAVE) in {(one.setting, one.slave) for one in self.devices}
        for place, device in enumerate(self.devices[first:], start=first):
            self._tell(f"who is at address {device.slave}?", self._done_s, self._total_s)
            wait_s = LATE_S if device.slave in sweep.slow else step.wait_s
            evidence = await evidence_of(line, device.slave, wait_s, any_slave=any_slave)
            looks = looks_of(evidence, self._profiles)
            self.devices[place] = replace(device, looks=looks)

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)

    def _told(self, words: str, seconds: float) -> None:
        self.asked += 1
        self._done_s += seconds
        self._tell(words, self._done_s, max(self._total_s, self._done_s))

    def _note_unasked(self, heard: Heard, setting: Setting) -> None:
        if heard.bodies:
            slaves = ", ".join(map(str, sorted(set(speakers(heard)))))
            raise OtherMasterError(
                f"{self._where}: somebody else asks on this line already (slave {slaves} answers "
                f"at {setting.words}): one master is allowed; stop the other one, then scan again"
            )
        if len(heard.rest) >= NOISE_BYTES:
            self._note(
                f"{self._where}: bytes come though nobody asked: noise (check termination, ground "
                "and bias), or another master at another baud rate"
            )

    def _judge_any_slave(self, setting: Setting, *, whole: bool) -> None:
        """Names a board that only answers at 254; `whole`: all other addresses were asked."""
        here = [device for device in self.devices if device.setting == setting]
        spare = next((device for device in here if device.slave == ANY_SLAVE), None)
        if spare is None:
            return
        if len(here) > 1:
            self.devices.remove(spare)
            return
        known = "answers only" if whole else "answers (and no other of the first addresses did)"
        note = (
            f"{known} at address 254 (0xFE), which every board of its kind takes for its own: "
            "give it an address of 1 to 247 before it shares a line"
        )
        self.devices[self.devices.index(spare)] = replace(spare, notes=(*spare.notes, note))


class Sweep:
    """One setting: every address asked; whoever answers, asked again to know how surely."""

    def __init__(self, line: Line, step: Step, told: Callable[[str, float], None]) -> None:
        self.present: dict[int, Device] = {}
        self.notes: list[str] = []
        self.slow: set[int] = set()
        self._line = line
        self._step = step
        self._told = told
        self._damaged: list[int] = []
        self._echoed = False

    async def run(self) -> None:
        if await self._answers_all():
            return
        for slave in self._step.slaves:
            await self._look_at(slave)
        if self._echoed:
            self.notes.append(
                f"{self._line.name}: the adapter sends back what we send: switch its echo off"
            )
        for slave in () if len(self._damaged) >= MANY_DAMAGED else self._damaged:
            await self._doubt(slave)
        if len(self._damaged) >= MANY_DAMAGED:
            self.notes.append(
                f"{self._line.name}: damaged bytes after most questions at "
                f"{self._step.setting.words}: noise, missing termination, or another baud rate"
            )

    async def _answers_all(self) -> bool:
        """A device with a network socket of its own mostly takes every unit for itself."""
        step = self._step
        if step.setting.framing is not Framing.TCP:
            return False
        for unit in UNUSUAL_UNITS:
            traces = [
                trace_of(unit, question[0], await self._ask(unit, question, step.wait_s, TAIL_S))
                for question in step.questions
            ]
            if Trace.ANSWERED not in traces:
                return False
        note = "answers whatever unit is asked: a device with its own socket, no gateway to a line"
        self.present[1] = Device(step.setting, 1, notes=(note,), every_unit=True)
        return True

    async def _look_at(self, slave: int) -> None:
        for question in self._step.questions:
            if slave in self.present:
                return
            heard = await self._ask(slave, question, self._step.wait_s, TAIL_S)
            trace = trace_of(slave, question[0], heard)
            if trace in (Trace.ANSWERED, Trace.TWO):
                await self._known(slave, question)
            elif trace is Trace.OTHER:
                await self._late(speakers(heard)[0], question)
            elif trace is Trace.DAMAGED and slave not in self._damaged:
                self._damaged.append(slave)

    async def _known(self, slave: int, question: tuple[int, int, int], *more: str) -> None:
        """Two boards on one address answer one after the other, or at the same time."""
        traces = [
            trace_of(slave, question[0], await self._ask(slave, question, LATE_S, LONG_TAIL_S))
            for _ in range(AGAIN)
        ]
        if not {Trace.ANSWERED, Trace.TWO, Trace.DAMAGED} & set(traces):
            return
        notes = list(more)
        if Trace.TWO in traces:
            notes.append(
                f"two answers to one question: two devices are set to address {slave}: unplug "
                "one and give the other its own address"
            )
        elif (bad := sum(trace is not Trace.ANSWERED for trace in traces)) > 0:
            notes.append(
                f"{bad} of {AGAIN} answers came damaged or not at all: two devices at address "
                f"{slave}, noise, or missing termination"
            )
        self.present[slave] = Device(self._step.setting, slave, notes=tuple(notes))
        if slave in self._damaged:
            self._damaged.remove(slave)

    async def _late(self, slave: int, question: tuple[int, int, int]) -> None:
        """Slave `slave` spoke when another was asked: it may be slow, or it was never asked."""
        if slave in self.present or not 1 <= slave <= ANY_SLAVE:
            return
        heard = await self._ask(slave, question, LATE_S, LONG_TAIL_S)
        if trace_of(slave, question[0], heard) is Trace.ANSWERED:
            self.slow.add(slave)
            slow = f"answers slowly, later than {self._step.wait_s * 1000:.0f} ms"
            await self._known(slave, question, slow)

    async def _doubt(self, slave: int) -> None:
        """Only damage came from this address: always so means two that talk at once."""
        question = self._step.questions[0]
        traces = [
            trace_of(slave, question[0], await self._ask(slave, question, LATE_S, LONG_TAIL_S))
            for _ in range(AGAIN)
        ]
        if Trace.ANSWERED in traces or Trace.TWO in traces:
            await self._known(slave, question)
        elif traces.count(Trace.DAMAGED) > AGAIN // 2:
            note = (
                "only damaged answers come: two devices are set to this address and talk at the "
                "same time, or parity or baud rate differ"
            )
            self.present[slave] = Device(self._step.setting, slave, notes=(note,))

    async def _ask(
        self, slave: int, question: tuple[int, int, int], wait_s: float, tail_s: float
    ) -> Heard:
        started = asyncio.get_running_loop().time()
        heard = await self._line.ask(slave, *question, wait_s=wait_s, tail_s=tail_s)
        self._echoed = self._echoed or heard.echo
        spent_s = asyncio.get_running_loop().time() - started
        self._told(f"{self._step.setting.words}, address {slave}", spent_s)
        return Heard(*heard)
