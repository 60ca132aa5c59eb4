"""What can happen at a lane: each function does to the box what a line of a story says."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from gateway.lane.events import (
    AgentOpens,
    CodeSeen,
    FireSeen,
    ModeOrdered,
    Noticed,
    PlateSeen,
)
from gateway.lane.plates import kind_of
from gateway.lane.reports import AlarmCode, ModeKind
from gateway.lane.types import Level, PlateColour, PlateReading
from gateway.rules.access import spelled
from tests.storyteller.box import Box
from tests.storyteller.story import Said

PRESS_S = 0.3
FRAMES = 3
FRAME_S = 0.1
NEAR_PX, FAR_PX = 160.0, 90.0
MODES = {
    "hold-open": ModeKind.HOLD_OPEN,
    "lock-down": ModeKind.LOCK_DOWN,
    "automatic": ModeKind.AUTOMATIC,
}
SENSORS = {
    "beam": "beam",
    "key switch": "manual",
    "fire contact": "fire",
    "fire reset": "fire_reset",
    "button": "open_button",
    "arm": "arm_off",
}
PLACES = {"down": 0.0, "between": 0.5, "up": 1.0}


async def nothing(box: Box, said: Said) -> None:
    """Time goes by."""


async def loop(box: Box, said: Said) -> None:
    name = {"A": "arming_loop", "B": "closing_loop"}[said["loop"]]
    box.desk.levels[name] = Level(said["level"])


async def sensor(box: Box, said: Said) -> None:
    box.desk.levels[SENSORS[said["sensor"]]] = Level(said["level"])


async def arm(box: Box, said: Said) -> None:
    box.desk.levels["arm_off"] = Level.ON if said["how"] == "swung away" else Level.OFF


async def press(box: Box, said: Said) -> None:
    name = SENSORS[said["sensor"]]
    box.desk.levels[name] = Level.ON
    asyncio.get_running_loop().call_later(PRESS_S, box.desk.levels.__setitem__, name, Level.OFF)


async def boom_is(box: Box, said: Said) -> None:
    box.boom.put(PLACES[said["place"]])


async def boom_moves(box: Box, said: Said) -> None:
    box.boom.move({"rises": 1.0, "falls": 0.0}[said["way"]])


async def boom_obeys(box: Box, said: Said) -> None:
    box.boom.obeys = said["how"] == "works"


async def limit(box: Box, said: Said) -> None:
    name = f"{said['limit']}_limit"
    if said["level"] == "works":
        box.boom.limits.pop(name, None)
    else:
        box.boom.limits[name] = Level(said["level"])


async def inputs(box: Box, said: Said) -> None:
    box.desk.lost = said["how"] == "lost"


async def board(box: Box, said: Said) -> None:
    box.boom.hears = said["how"] != "is silent"
    box.boom.confirms = said["how"] == "answers"


async def camera_reads(box: Box, said: Said) -> None:
    for _ in range(1 if said["once"] else FRAMES):
        box.send(PlateSeen(reading(said)))


async def camera_keeps_reading(box: Box, said: Said) -> None:
    async def watch() -> None:
        while True:
            box.send(PlateSeen(reading(said)))
            await asyncio.sleep(FRAME_S)

    await camera_sees_nothing(box, said)
    box.watching = asyncio.create_task(watch())


async def camera_sees_nothing(box: Box, said: Said) -> None:
    if box.watching is not None:
        box.watching.cancel()
    box.watching = None


async def camera(box: Box, said: Said) -> None:
    works = box.witness.camera_works = said["how"] == "back"
    code = AlarmCode.VISION_BACK if works else AlarmCode.VISION_LOST
    box.send(Noticed(code, f"the camera is {said['how']}"))


def reading(said: Said) -> PlateReading:
    """As the eyes tell it: a plate behind another is narrower and followed under its own number."""
    text = spelled(said["plate"])
    kind = kind_of(text)
    assert kind is not None, f"the parser let {text} through"
    width, track = (FAR_PX, 2) if said["behind"] else (NEAR_PX, 1)
    corners = ((0.0, 0.0), (width, 0.0), (width, width / 3), (0.0, width / 3))
    sure, least = (False, 0.4) if said["doubt"] else (True, 0.95)
    colour = PlateColour(said["colour"]) if said["colour"] else _usual(kind.colours)
    return PlateReading(text, kind.type, colour, least, least, corners, track=track, sure=sure)


def _usual(colours: frozenset[PlateColour]) -> PlateColour:
    """The commonest of those that a kind of plate may have."""
    return next(colour for colour in PlateColour if colour in colours)


async def scanner(box: Box, said: Said) -> None:
    box.send(CodeSeen(said["code"]))


async def agent_opens(box: Box, said: Said) -> None:
    """Each time a new order, unless the line says `again`: then the last one, sent twice."""
    if not said["again"]:
        visit = box.lane.visit
        for_whom = "somebody else" if said["other"] or visit is None else visit.pass_id
        box.last_order = AgentOpens(box.clock().fresh_id, for_whom, "agent Li")
    assert box.last_order is not None, "no agent has opened before"
    box.send(box.last_order)


async def agent_orders(box: Box, said: Said) -> None:
    box.send(
        ModeOrdered(
            box.clock().fresh_id,
            MODES[said["mode"]],
            "agent Li",
            "as the story says",
            float(said["hold_s"] or 0),
        )
    )


async def fire_elsewhere(box: Box, said: Said) -> None:
    box.send(FireSeen(reset=said["what"] == "resets"))


async def storage(box: Box, said: Said) -> None:
    box.disk_is_full(full=said["how"] == "fails")


async def gateway(box: Box, said: Said) -> None:
    match said["what"]:
        case "crashes":
            await box.crash()
        case "stops":
            await box.stop()
        case _:
            box.start()


async def clock_steps(box: Box, said: Said) -> None:
    seconds = float(said["by_s"])
    box.clock.stepped_s += seconds
    words = f"the wall clock was set by {timedelta(seconds=seconds)}"
    box.send(Noticed(AlarmCode.CLOCK_STEPPED, words))


async def reload(box: Box, said: Said) -> None:
    allow = frozenset(spelled(plate) for plate in said["plates"].split(", ") if plate)
    box.access = replace(box.access, allow=allow)
    if box.runner is not None:
        box.runner.admit(box.access, None)
