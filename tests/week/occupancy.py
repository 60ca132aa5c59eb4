"""Who is inside by the box's books, and who really is."""

from collections import Counter
from collections.abc import Iterator

from tests.week.evidence import Evidence
from tests.week.world import World


def occupancy(world: World, found: Evidence, counted: Counter[tuple[str, str]]) -> Iterator[str]:
    """Who is inside by the box's books is inside, but for those that nobody could see leave."""
    truth = world.truth
    seen = [stay for stay in truth.inside() if stay.shown is not None]
    expected = {one.session_id: one.shown for one in seen}
    expected |= {ghost.session_id: ghost.plate for ghost in truth.ghosts.values()}
    there = {name: row["plate"] for name, row in found.sessions.items() if row["closing"] is None}
    for name in sorted(expected.keys() - there.keys()):
        yield f"session {name} of {expected[name]!r} should be open: {found.sessions.get(name)}"
    for name in sorted(there.keys() - expected.keys()):
        yield f"session {name} of {there[name]!r} is open, and nobody is inside for it"
    for name in sorted(there.keys() & expected.keys()):
        if there[name] != expected[name]:
            yield f"session {name} is of {there[name]!r}, not of {expected[name]!r}"
    classes = Counter(("main", _class_of(world, name)) for name in expected)
    if counted != classes:
        yield f"the box counts {dict(counted)} inside, there are {dict(classes)}"


def _class_of(world: World, session_id: str) -> str:
    ghost = world.truth.ghosts.get(session_id)
    if ghost is not None:
        return ghost.vehicle
    inside = world.truth.inside()
    return next(stay.shown_class for stay in inside if stay.session_id == session_id)
