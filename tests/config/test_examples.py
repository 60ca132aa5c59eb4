"""Every configuration that ships is one that works."""

from pathlib import Path

import pytest

from gateway.config import load

SHIPPED = sorted((Path(__file__).parents[2] / "config").glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_a_shipped_configuration_has_no_problem(path):
    assert load(path).lanes
