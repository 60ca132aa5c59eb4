"""The twin at work: worlds and boards joined, and a Unix socket to look at them.

One JSON object a line each way; an answer has either what was asked or `error`, a sentence.

    {"get": "scene", "lane": L}              -> lane, boom_deg, light, cars: what a camera sees
    {"get": "truth", "lane": L or null}      -> counts: what really happened
    {"get": "wire", "since": seconds}        -> bytes: [monotonic time, speaker, hex] after `since`
    {"do": "press", "lane": L}                  somebody presses the open button for 300 ms
    {"do": "car", "lane": L, "plate": P, "manner": M}  -> number: a car sets off now
    {"do": "hold_traffic", "held": true, "lane": L or null}   no new cars come
    {"do": "jam", "lane": L, "jammed": true}    the boom stays where it is
    {"do": "raise", "lane": L}                  somebody raises the boom by its own remote
    {"do": "faults", "drop": 0.1, ...}          what goes wrong on the line from now on
    {"do": "unplug"}, {"do": "plug"}            the adapter is pulled out, and put in again
    {"do": "quit"}
"""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, NamedTuple, Self

from drivers.twins.boards.models import board as board_model
from drivers.twins.boards.slave import ModbusBoard
from drivers.twins.boom import Boom
from drivers.twins.carpark import CarPark
from drivers.twins.cars import Manner
from drivers.twins.journal import Journal
from drivers.twins.line import Faults, PtyLine
from drivers.twins.spec import LaneSpec, LineFaults, TwinSpec
from drivers.twins.traffic import Traffic
from drivers.twins.world import LaneWorld, Wiring

STEP_S = 0.01
_MOST_AT_ONCE_S = 0.25
_OUTCOMES = ("passed", "turned_back", "gave_up")

Answer = dict[str, Any]
Act = Callable[[Answer], Answer | None]


class _Place(NamedTuple):
    world: LaneWorld
    board: ModbusBoard


class Twin:
    """All lanes of one line. Use as a context manager: it owns the line and the journal."""

    def __init__(self, spec: TwinSpec) -> None:
        self.stopped = asyncio.Event()
        self._journal = Journal(spec.journal)
        self._line = PtyLine(spec.baud, link=spec.port_path, seed=spec.seed)
        self._line.faults = _line_faults(spec.faults)
        self._parks = {lane.traffic.after: CarPark() for lane in spec.lanes if lane.traffic.after}
        self._places = {lane.name: self._place(lane) for lane in spec.lanes}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._line.unplug()
        self._journal.close()

    async def run(self) -> None:
        """Move the worlds on in real time. Time in which this process stood still is lost."""
        done = time.monotonic()
        while not self.stopped.is_set():
            await asyncio.sleep(STEP_S)
            now = time.monotonic()
            done = max(done, now - _MOST_AT_ONCE_S)
            while now - done >= STEP_S:
                self._step()
                done += STEP_S

    def answer(self, question: Answer) -> Answer:
        """Never raises: what cannot be answered comes back as `error`."""
        try:
            return self._act(question)(question) or {}
        except (KeyError, TypeError, ValueError) as error:
            return {"error": f"cannot do {question}: {error}"}

    def _act(self, question: Answer) -> Act:
        acts: dict[tuple[str, str], Act] = {
            ("get", "scene"): self._scene,
            ("get", "truth"): self._truth,
            ("get", "wire"): self._wire,
            ("do", "press"): self._press,
            ("do", "car"): self._send_car,
            ("do", "hold_traffic"): self._hold_traffic,
            ("do", "jam"): self._jam,
            ("do", "raise"): self._raise,
            ("do", "faults"): self._set_faults,
            ("do", "unplug"): self._unplug,
            ("do", "plug"): self._plug,
            ("do", "quit"): self._quit,
        }
        verb = "get" if "get" in question else "do"
        act = acts.get((verb, str(question.get(verb))))
        if act is None:
            raise ValueError(f"it knows {', '.join(f'{verb} {what}' for verb, what in acts)}")
        return act

    def _place(self, lane: LaneSpec) -> _Place:
        board = board_model(lane.board, lane.slave)
        self._line.attach(board)
        world = LaneWorld(
            name=lane.name,
            boom=Boom(travel_s=lane.boom_travel_s),
            traffic=Traffic(lane.traffic, lane.name, self._parks),
            journal=self._journal,
            wiring=Wiring(**lane.wiring.model_dump()),
        )
        place = _Place(world, board)
        _show(place)
        return place

    def _step(self) -> None:
        for place in self._places.values():
            place.world.step(STEP_S, place.board.relays())
            _show(place)

    def _world(self, asked: Answer) -> LaneWorld:
        place = self._places.get(asked["lane"])
        if place is None:
            raise ValueError(f"the lanes are {', '.join(self._places)}")
        return place.world

    def _truth(self, asked: Answer) -> Answer:
        names = [self._world(asked).name] if asked.get("lane") else list(self._places)

        def counted(event: str) -> int:
            return sum(self._journal.count(name, event) for name in names)

        outcomes = {event: counted(event) for event in _OUTCOMES}
        counts = outcomes | {
            "arrived": counted("arrived"),
            "finished": sum(outcomes.values()),
            "in_lane": counted("arrived") - sum(outcomes.values()),
            "violations": counted("violation"),
            "boom_moves": counted("boom_opens") + counted("boom_closes"),
            "boom_opens": counted("boom_opens"),
            "button_presses": counted("button_pressed"),
        }
        return {"counts": counts}

    def _wire(self, asked: Answer) -> Answer:
        since = float(asked.get("since", 0))
        log = self._line.log
        return {"bytes": [(end, who, byte.hex()) for end, who, byte in log if end > since]}

    def _send_car(self, asked: Answer) -> Answer:
        world = self._world(asked)
        arrival = world.traffic.arrival(str(asked["plate"]))
        arrival = replace(arrival, manner=Manner(asked.get("manner", Manner.STEADY)))
        return {"number": world.add(arrival).number}

    def _hold_traffic(self, asked: Answer) -> None:
        names = [self._world(asked).name] if asked.get("lane") else list(self._places)
        for name in names:
            self._places[name].world.traffic.held = bool(asked.get("held", True))

    def _scene(self, asked: Answer) -> Answer:
        return self._world(asked).scene()

    def _press(self, asked: Answer) -> None:
        self._world(asked).press()

    def _jam(self, asked: Answer) -> None:
        self._world(asked).jam(jammed=bool(asked["jammed"]))

    def _raise(self, asked: Answer) -> None:
        self._world(asked).raise_by_hand()

    def _unplug(self, _asked: Answer) -> None:
        self._line.unplug()

    def _plug(self, _asked: Answer) -> None:
        self._line.plug()

    def _quit(self, _asked: Answer) -> None:
        self.stopped.set()

    def _set_faults(self, asked: Answer) -> Answer:
        wanted = {word: value for word, value in asked.items() if word != "do"}
        self._line.faults = _line_faults(LineFaults.model_validate(wanted))
        return asdict(self._line.faults)


async def serve(twin: Twin, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One caller's questions until it hangs up."""
    try:
        while line := await reader.readline():
            writer.write(json.dumps(_answered(twin, line), ensure_ascii=False).encode() + b"\n")
            await writer.drain()
    except (ConnectionError, ValueError):
        pass  # The caller went away, or sent a line without end.
    finally:
        writer.close()


def _answered(twin: Twin, line: bytes) -> Answer:
    try:
        question = json.loads(line)
    except ValueError as error:
        return {"error": f"this line is not JSON: {error}"}
    if not isinstance(question, dict):
        return {"error": "this line is not a JSON object"}
    return twin.answer(question)


def _show(place: _Place) -> None:
    for number, closed in place.world.contacts().items():
        place.board.inputs[number] = closed


def _line_faults(faults: LineFaults) -> Faults:
    return Faults(**faults.model_dump())
