"""Every story of tests/stories, played on the real runner, books and store."""

import tempfile
from pathlib import Path

import pytest

from tests.storyteller.parser import read
from tests.storyteller.player import play

STORIES = sorted((Path(__file__).parent / "stories").glob("*.yaml"))
MEMORY = Path("/dev/shm")


@pytest.fixture
def folder():
    """In memory where there is such a place: the disk's own time teaches a story nothing."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        yield Path(name)


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_the_lane_does_what_the_story_tells(path, folder):
    play(read(path), folder)
