"""F3: a disk that refuses one call costs one error, and nothing else."""

import pytest

from tests.crash.refusing import REFUSALS, refuse


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda one: f"{one.call} {one.error}")
def test_what_is_refused_leaves_no_trace_and_is_done_when_it_is_asked_again(refusal, tmp_path):
    assert refuse(refusal, 1, tmp_path) > 0
