"""What a pass costs on the wire, beside what of it is random and cannot be shortened."""

import pytest

from bench.sync_bytes import figures

OVERHEAD = 30


@pytest.mark.parametrize("pictures", [0, 1, 2])
def test_beside_its_random_ids_a_pass_of_a_backlog_costs_few_bytes(pictures):
    found = figures(pictures, raises=False, passes=300)
    assert found["bytes_per_pass"] < found["random"] + OVERHEAD
    assert found["bytes_per_pass"] < found["zlib_bytes_per_pass"] < found["json_bytes_per_pass"]
