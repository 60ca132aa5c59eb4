"""Every story of tests/stories, played on the real runner, books and store."""

from pathlib import Path

import pytest

from tests.storyteller.parser import read
from tests.storyteller.player import play

STORIES = sorted((Path(__file__).parent / "stories").glob("*.yaml"))


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_the_lane_does_what_the_story_tells(path, tmp_path):
    play(read(path), tmp_path)
