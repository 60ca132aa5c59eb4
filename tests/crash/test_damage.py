"""F5: whatever happened to the files, the lane starts; a loss is counted or seen by the cloud."""

import asyncio
import logging
from random import Random

import pytest

from tests.crash.damaged import DAMAGES, filled, uncounted
from tests.crash.played import scratch

ROUNDS = 10


@pytest.fixture(scope="module")
def held():
    with scratch() as place:
        yield filled(place / "box", Random(1))


@pytest.mark.parametrize("damage", DAMAGES)
def test_no_damage_keeps_the_lane_from_starting_or_goes_uncounted(damage, held, tmp_path):
    logging.disable(logging.CRITICAL)
    try:
        for seed in range(ROUNDS):
            image = DAMAGES[damage](held.image, Random(seed))
            said = asyncio.run(uncounted(image, held, tmp_path / "box"))
            assert not said, f"seed {seed}"
    finally:
        logging.disable(logging.NOTSET)
