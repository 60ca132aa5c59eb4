"""Each property must kill the mutants that it is there for; one that kills none is no property."""

import importlib
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from gateway import lane
from tests.lane import properties
from tests.lane.properties import stories

SOURCES = Path(lane.__file__).parent
MODULES = (
    "authority", "sensors", "states", "follow", "passage", "arrival", "modes", "watch", "machine",
)  # fmt: skip
MUTANTS = {
    "unknown counts as absent": (
        properties.never_closes_on_presence,
        "sensors.py",
        "self.presence is Level.OFF\n",
        "self.presence is not Level.ON\n",
    ),
    "old inputs count": (
        properties.never_closes_on_presence,
        "sensors.py",
        "and now.mono - self.read_at <= timing.fresh_s",
        "",
    ),
    "no clear time": (
        properties.never_closes_on_presence,
        "sensors.py",
        "self.presence_since >= clear_s",
        "self.presence_since >= 0",
    ),
    "a gap in the polls proves absence": (
        properties.never_closes_on_presence,
        "sensors.py",
        "presence_same = not broken and",
        "presence_same =",
    ),
    "a vehicle that drives off leaves no record": (
        properties.one_record_a_visit,
        "arrival.py",
        "return at_rest(lane, now, timing), (left,)",
        "return at_rest(lane, now, timing), ()",
    ),
    "a proved pass is not recorded": (
        properties.one_record_a_visit,
        "passage.py",
        "return lane.to(Cleared(state.next)), (passed,)",
        "return lane.to(Cleared(state.next)), ()",
    ),
    "a fault forgets the visit": (
        properties.one_record_a_visit,
        "passage.py",
        'motion_s:g} s", now, failed)',
        'motion_s:g} s", now)',
    ),
    "a late resumed visit is dropped": (
        properties.one_record_a_visit,
        "machine.py",
        "return lane, (interrupted,)",
        "return lane, ()",
    ),
    "whoever waits after a restart is let in": (
        properties.no_open_without_a_reason,
        "passage.py",
        "state.unproved is not Ending.TURNED_BACK or lane.sensors.gone(timing)",
        "lane.sensors.gone(timing)",
    ),
    "open first, store later": (
        properties.no_open_without_a_reason,
        "passage.py",
        "return lane.to(opening), (StoreDecision(visit, now.wall), *orders)",
        "return lane.to(opening), (*orders, StoreDecision(visit, now.wall))",
    ),
    "presence while closing is only told": (
        properties.presence_reopens,
        "passage.py",
        "return lane, (ReopenBarrier(), *records)\n        case",
        "return lane, records\n        case",
    ),
    "whoever is under a boom that moves is not answered": (
        properties.presence_reopens,
        "watch.py",
        "return lane, (ReopenBarrier(), *commands)",
        "return lane, commands",
    ),
    "a hold is forgotten at the closing": (
        properties.held_up,
        "states.py",
        "and not self.authority.withholds_close",
        "",
    ),
    "a fire ends with its contact": (
        properties.fire_is_latched,
        "modes.py",
        "inputs.fire is not Level.ON and _reset(before.inputs, inputs)",
        "inputs.fire is not Level.ON",
    ),
    "a beam that is unknown is no presence": (
        properties.never_closes_on_presence,
        "sensors.py",
        "Level.OFF and inputs.beam in (Level.OFF, Level.NOT_FITTED)",
        "Level.OFF",
    ),
    "a lost loop while closing is ignored": (
        properties.presence_reopens,
        "passage.py",
        "(ReopenBarrier(), blind)",
        "(blind,)",
    ),
}


def mutated_step(folder: Path, file: str, old: str, new: str):
    """`step` of a copy of the lane with one place changed; the words stay the real ones."""
    package = f"mutant_{abs(hash((file, old, new, str(folder))))}"
    for source in SOURCES.glob("*.py"):
        text = source.read_text(encoding="utf-8")
        if source.name == file:
            assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
            text = text.replace(old, new)
        for module in MODULES:
            text = text.replace(f"gateway.lane.{module}", f"{package}.{module}")
        text = text.replace("from gateway.lane import", f"from {package} import")
        target = folder / package / source.name
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, encoding="utf-8")
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(f"{package}.machine").step, package
    finally:
        sys.path.remove(str(folder))


def judge(holds, step, package, *, examples):
    start = importlib.import_module(f"{package}.states").Lane()

    @given(stories)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def survives(story):
        holds(properties.play(story, step, start))

    survives()


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_killed_by_its_property(name, tmp_path):
    holds, file, old, new = MUTANTS[name]
    step, package = mutated_step(tmp_path, file, old, new)
    with pytest.raises(AssertionError):
        judge(holds, step, package, examples=3000)


@pytest.mark.parametrize("holds", list(dict.fromkeys(one[0] for one in MUTANTS.values())))
def test_an_unchanged_copy_survives(holds, tmp_path):
    step, package = mutated_step(tmp_path, "machine.py", "def step(", "def step(")
    judge(holds, step, package, examples=200)
