"""In which order the tests begin."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
LONG = ("system/test_faults.py", "faults", "crash", "test_simulator.py", "system", "sync", "lane")
"""These wait or compute for minutes: what begins first does not make the others wait at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    places = (n for n, name in enumerate(LONG) if item.path.is_relative_to(HERE / name))
    return next(places, len(LONG))
