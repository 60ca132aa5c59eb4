"""Plays a story on a box, line by line, in virtual time."""

import asyncio
from itertools import takewhile
from pathlib import Path

from tests.storyteller import virtual_time
from tests.storyteller.box import Box
from tests.storyteller.chronicle import story_s
from tests.storyteller.story import Expects, Happens, Line, Story
from tests.storyteller.virtual_time import START_S

LOOK_S = 0.05
LAST_LOOK_S = 1.0


class StoryError(AssertionError):
    """The lane did something else: a sentence with the story's line, and all that happened."""


def play(story: Story, folder: Path) -> Box:
    """Raises `StoryError` where the lane does not do what the story expects, or more than that."""
    return virtual_time.run(_play(story, folder))


async def _play(story: Story, folder: Path) -> Box:
    box = Box(folder, story)
    try:
        before = list(takewhile(_is_before_the_start, story.lines))
        for line in before:
            await _step(box, line)
        box.start()
        for line in story.lines[len(before) :]:
            await _step(box, line)
        await _until(box, story_s() + LAST_LOOK_S)
        _nothing_else(box, "", "the story's end")
    finally:
        await box.end()
    return box


def _is_before_the_start(line: Line) -> bool:
    return isinstance(line, Happens) and line.at_s == 0.0


async def _step(box: Box, line: Line) -> None:
    match line:
        case Happens():
            await _happen(box, line)
        case Expects():
            await _expect(box, line)


async def _happen(box: Box, line: Happens) -> None:
    at_s = line.at_s if line.at_s is not None else story_s() + line.after_s
    if at_s < story_s() - LOOK_S:
        what = f"`{line.text}` comes too late: the line above took until {story_s():.2f} s"
        raise StoryError(_sentence(box, line, what))
    await _until(box, at_s)
    _nothing_else(box, "order", f"{line.place}: `{line.text}`")
    await line.do(box, line.said)


async def _expect(box: Box, line: Expects) -> None:
    since_s = story_s()
    while (met := line.met(box, line.said, since_s)) is None:
        if story_s() >= since_s + line.within_s:
            break
        await _until(box, story_s() + LOOK_S)
    if not met:
        what = (
            f"`{line.text}`: not so; looked for up to {line.within_s:g} s from {since_s:.2f} s on"
        )
        raise StoryError(_sentence(box, line, what))


async def _until(box: Box, at_s: float) -> None:
    await asyncio.sleep(max(0.0, at_s + START_S - asyncio.get_running_loop().time()))
    box.check()


def _nothing_else(box: Box, kind: str, before: str) -> None:
    if owed := box.chronicle.owed(kind):
        more = "; ".join(str(seen).strip() for seen in owed)
        raise StoryError(f"before {before}: no line expects {more}\n{box.chronicle}")


def _sentence(box: Box, line: Line, what: str) -> str:
    state = "off" if box.runner is None else type(box.lane.state).__name__
    return f"{line.place}: {what}; the lane is {state}. All that happened:\n{box.chronicle}"
