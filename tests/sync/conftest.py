"""What several tests of the sync share for the length of a test process."""

import pytest

from tests.sync.postgres import a_cluster


@pytest.fixture(scope="session")
def postgres():
    with a_cluster() as cluster:
        yield cluster
