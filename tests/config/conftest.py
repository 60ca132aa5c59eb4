from pathlib import Path

import pytest

from tests.config.box import Box


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)
