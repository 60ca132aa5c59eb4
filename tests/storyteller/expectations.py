"""What a story can expect: each function looks whether it is so. None: not yet."""

from types import MappingProxyType

from tests.storyteller.box import Box
from tests.storyteller.chronicle import Facts, Seen, story_s
from tests.storyteller.story import Said


def order(box: Box, said: Said, since_s: float) -> bool | None:
    """The next order, and no other before it."""
    found = next(box.chronicle.unclaimed("order"), None)
    return None if found is None else _claim(found, {"do": said["do"]})


def no_order(box: Box, said: Said, since_s: float) -> bool | None:
    if next(box.chronicle.unclaimed("order"), None) is not None:
        return False
    return True if story_s() >= since_s + float(said["quiet_s"]) else None


def passed(box: Box, said: Said, since_s: float) -> bool | None:
    facts = {"ending": _code(said["ending"]), "reason": _code(said["reason"])}
    plate = "" if said["plateless"] else said["plate"] or None
    return _any(box, "pass", facts, {} if plate is None else {"plate": plate})


def alarm(box: Box, said: Said, since_s: float) -> bool | None:
    return _any(box, "alarm", {"code": _code(said["code"])})


def case(box: Box, said: Said, since_s: float) -> bool | None:
    if said["what"] == "closed":
        return _any(box, "case closed", {})
    return _any(box, "case opened", {"candidates": said["candidates"]})


def raised(box: Box, said: Said, since_s: float) -> bool | None:
    return _any(box, "raise", {"cause": said["cause"]})


def look_again(box: Box, said: Said, since_s: float) -> bool | None:
    return _any(box, "look again", {})


def photo(box: Box, said: Said, since_s: float) -> bool | None:
    return _any(box, "photo", {})


def fire_told(box: Box, said: Said, since_s: float) -> bool | None:
    return _any(box, "fire told", {"what": said["what"]})


def agent(box: Box, said: Said, since_s: float) -> bool | None:
    return _any(box, "agent", {"how": said["how"]})


def mode(box: Box, said: Said, since_s: float) -> bool | None:
    return True if box.lane.mode.kind == _code(said["mode"]) else None


def boom(box: Box, said: Said, since_s: float) -> bool | None:
    return True if box.boom.stands == said["place"] else None


def _any(
    box: Box, kind: str, facts: dict[str, str], exact: Facts = MappingProxyType({})
) -> bool | None:
    """Any that nobody claimed; of `facts`, what the line leaves open may be anything."""
    wanted = {name: fact for name, fact in facts.items() if fact} | dict(exact)
    claimed = any(_claim(seen, wanted) for seen in box.chronicle.unclaimed(kind))
    return True if claimed else None


def _claim(seen: Seen, wanted: Facts) -> bool:
    seen.claimed = all(seen.facts[name] == fact for name, fact in wanted.items())
    return seen.claimed


def _code(words: str) -> str:
    return words.replace(" ", "_").replace("-", "_")
