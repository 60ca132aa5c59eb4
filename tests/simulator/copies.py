"""A copy of the lane, or of any module, with one place changed: what a mutant is made of."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

from gateway import lane
from tests.simulator.paper_runner import Machine

SOURCES = Path(lane.__file__).parent
# The words stay the real ones, so that the simulator and a copy speak of the same things.
WORDS = {"types", "reports", "events", "voting", "plates", "__init__"}


class StaleMutantError(Exception):
    """The code has moved on: the mutant's text is not there, or not only once."""


def changed(text: str, old: str, new: str, place: str) -> str:
    if text.count(old) != 1:
        raise StaleMutantError(f"{old!r} stands {text.count(old)} times in {place}: write it anew")
    return text.replace(old, new)


def mutated_lane(folder: Path, name: str, file: str, old: str, new: str) -> Machine:
    """The lane machine of a copy below `folder`."""
    package = f"mutant_{name}"
    copied = [source for source in SOURCES.glob("*.py") if source.stem not in WORDS]
    target = folder / package
    target.mkdir(parents=True)
    (target / "__init__.py").write_text("", encoding="utf-8")
    for source in copied:
        text = source.read_text(encoding="utf-8")
        if source.name == file:
            text = changed(text, old, new, file)
        (target / source.name).write_text(_moved(text, package, copied), encoding="utf-8")
    machine = _imported(folder, f"{package}.machine")
    states = importlib.import_module(f"{package}.states")
    return Machine(machine.step, machine.next_deadline, states.Lane)


def mutated_module(folder: Path, name: str, source: Path, old: str, new: str) -> ModuleType:
    """One module's copy, under a name of its own."""
    text = changed(source.read_text(encoding="utf-8"), old, new, source.name)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"mutant_{name}.py").write_text(text, encoding="utf-8")
    return _imported(folder, f"mutant_{name}")


def _moved(text: str, package: str, copied: list[Path]) -> str:
    """The copy's modules import each other, not the real ones."""
    for source in copied:
        text = text.replace(f"gateway.lane.{source.stem} ", f"{package}.{source.stem} ")
    return text.replace("from gateway.lane import", f"from {package} import")


def _imported(folder: Path, name: str) -> ModuleType:
    sys.path.insert(0, str(folder))
    try:
        importlib.invalidate_caches()
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))
