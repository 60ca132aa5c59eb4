"""A violation told as a story of tests/stories, to be read, shortened and committed."""

from collections.abc import Iterator
from typing import NamedTuple

from gateway.lane.events import CloseCase, OpenCase, StorePass
from gateway.lane.types import Inputs, Level
from tests.simulator.judge import Found
from tests.simulator.truth import Entry, History, Kind

LEAD_S = 1.0
PAUSE_S, SHORT_RUN = 1.0, 3
SENSORS = {
    "arming_loop": "loop A",
    "closing_loop": "loop B",
    "beam": "beam",
    "manual": "key switch",
    "fire": "fire contact",
    "open_button": "button",
}
SITE = {
    "crash": "gateway crashes",
    "start": "gateway starts",
    "reload": "gateway stops",
    "store": "storage fails",
    "store_works": "storage works",
    "jams": "boom is stuck",
    "freed": "boom works",
    "arm_off": "arm is swung away",
    "arm_on": "arm is back",
    "reset": "fire reset pressed",
    "order done and not confirmed": "barrier board obeys without a word",
    "order lost": "barrier board is silent",
    "order confirmed and not done": "boom is stuck",
    "board answers": "barrier board answers",
}
WANTED = {
    "b02": "expect open within 0.5 s",
    "b04": "expect open within 1 s",
    "b15": "expect open within 0.5 s",
    "b19": "expect open within 0.5 s",
    "b21": "expect alarm boom fault within 1 s",
    "r03": "expect close",
}


class Line(NamedTuple):
    at: float
    text: str
    expects: bool = False


def told(found: Found) -> str:
    """YAML. It plays up to the violation as it was, and expects what should have been then."""
    history, at = found.history, found.violation.at
    start = _quiet_before(history, at)
    lines = sorted(_lines(history, start, at), key=lambda line: (line.at, line.expects))
    steps = [_step(line, start) for line in lines]
    wanted = WANTED.get(found.property[:3], "expect no order for 1 s")
    allow = sorted({plate for plate, *_ in _allowed(history, start, at)})
    lane = f"limits: {'yes' if history.has_limits else 'no'}, travel_s: {history.travel_s:g}"
    return "\n".join((
        f"story: Seed {history.seed}, {found.property}, {found.violation.words}",
        f"lane: {{{lane}, timing: {_timing(history, at)}}}",
        f"allow: [{', '.join(allow)}]",
        "steps:",
        *(f"  - {step}" for step in [*steps, wanted]),
    ))  # fmt: skip


def _timing(history: History, at: float) -> str:
    timing = history.timing_at(at)
    usual = type(timing)()
    names = timing.__slots__
    pairs = [(name, getattr(timing, name)) for name in names]
    unusual = [(name, value) for name, value in pairs if value != getattr(usual, name)]
    return f"{{{', '.join(f'{name}: {_in_yaml(value)}' for name, value in unusual)}}}"


def _in_yaml(value: float | bool) -> str:  # noqa: FBT001 a figure of the configuration
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}"


def _quiet_before(history: History, at: float) -> float:
    """The last instant at which nothing was going on: the story needs nothing from before it."""
    for number in range(history.newest(at - LEAD_S), -1, -1):
        look = history.looks[number]
        if look.inputs is None or look.ill or look.arm > 0.0 or look.metal_a or look.body:
            continue
        if history.mode_at(look.at) == "automatic" and not _visits_at(history, look.at):
            return look.at
    return history.looks[0].at


def _visits_at(history: History, at: float) -> set[str]:
    begun = {one.what.visit.pass_id for one in history.decisions() if one.at <= at}
    return begun - {e.what.record.visit.pass_id for e in history.durable(StorePass) if e.at <= at}


def _step(line: Line, start: float) -> str:
    return line.text if line.expects else f"at {line.at - start + LEAD_S:.2f} s {line.text}"


def _lines(history: History, start: float, end: float) -> Iterator[Line]:
    for line in (*_contacts(history), *_site(history), *_plates(history), *_answers(history)):
        if start <= line.at <= end:
            yield line


def _contacts(history: History) -> Iterator[Line]:
    """Changes of what was answered; the limits follow the story's own boom."""
    last: Inputs | None = None
    lost = False
    for look in history.looks:
        if look.inputs is None:
            if not lost:
                yield Line(look.at, "inputs are lost")
            lost = True
            continue
        if lost:
            yield Line(look.at, "inputs are back")
        lost = False
        yield from _changes(look.at, last, look.inputs)
        last = look.inputs


def _changes(at: float, last: Inputs | None, inputs: Inputs) -> Iterator[Line]:
    for name, words in SENSORS.items():
        level, before = getattr(inputs, name), last and getattr(last, name)
        if level is not before and level is not Level.NOT_FITTED and before is not None:
            yield Line(at, f"{words} {level}")


def _site(history: History) -> Iterator[Line]:
    for one in history.happened[1:]:
        if one.what in SITE:
            yield Line(one.at, SITE[one.what])
        elif one.what == "by_hand":
            yield Line(one.at, f"boom {one.who} by itself")
        elif one.what == "lies" and one.who.endswith("limit"):
            yield Line(one.at, f"{one.who.replace('_', ' ')} {one.level}")
        elif one.what == "heals" and one.who.endswith("limit"):
            yield Line(one.at, f"{one.who.replace('_', ' ')} works")
        elif one.what == "clock":
            yield Line(one.at, f"clock steps by {one.who} s")
        elif one.what == "order":
            yield Line(one.at, _order(one.who))


def _order(who: str) -> str:
    """`order-7 AgentOpens <visit>`, or `order-7 hold_open 20`."""
    _, what, *rest = who.split()
    if what == "AgentOpens":
        return "agent opens"
    hold = f" for {rest[0]} s" if what == "hold_open" and rest else ""
    return f"agent orders {what.replace('_', '-')}{hold}"


def _plates(history: History) -> Iterator[Line]:
    """Picture by picture; where one plate alone is read for long, as one line with its end."""
    seen = sorted(
        (at, f"{text}{'' if sure else ' in doubt'}")
        for text, sightings in history.readings.items()
        for at, sure in sightings
    )
    run: list[tuple[float, str]] = []
    for at, words in [*seen, (float("inf"), "")]:
        if run and (words != run[-1][1] or at - run[-1][0] > PAUSE_S):
            yield from _run(run)
            run = []
        run.append((at, words))


def _run(run: list[tuple[float, str]]) -> Iterator[Line]:
    if len(run) <= SHORT_RUN:
        for at, words in run:
            what, _, doubt = words.partition(" ")
            yield Line(at, f"camera reads {what} once {doubt}".rstrip())
    else:
        yield Line(run[0][0], f"camera keeps reading {run[0][1]}")
        yield Line(run[-1][0] + 0.05, "camera sees nothing")


def _allowed(history: History, start: float, end: float) -> Iterator[tuple[str, float]]:
    for text, sightings in history.readings.items():
        if text.startswith("京") and any(start <= at <= end for at, _ in sightings):
            yield text, start


def _answers(history: History) -> Iterator[Line]:
    """What the lane did, so that the story is not surprised by it."""
    for order in history.orders:
        what = "close" if order.kind is Kind.CLOSE else "open"
        yield Line(order.at, f"expect {what} within 0.5 s", expects=True)
    for alarm in history.alarms:
        yield Line(alarm.at, f"expect alarm {alarm.code.replace('_', ' ')}", expects=True)
    for entry in history.entries:
        text = _record(entry)
        if text:
            yield Line(entry.at, text, expects=True)


def _record(entry: Entry) -> str:
    match entry.what:
        case StorePass(record):
            return f"expect pass recorded as {record.ending.replace('_', ' ')}"
        case OpenCase():
            return "expect case opened"
        case CloseCase():
            return "expect case closed"
        case _:
            return ""
