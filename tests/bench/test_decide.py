"""`bench.decide` measures what it says, in a small car park."""

import asyncio

from bench.decide import Size, run


def test_a_small_car_park_is_measured(tmp_path):
    size = Size(rights=60, open=20, ended=50, decisions=40, warm_up=2)
    told = asyncio.run(run(tmp_path, size)).figures()
    assert told["decisions"] == 40
    assert 0 < told["allowed"] < 40
    assert 0 < told["rules_p50_ms"] <= told["p50_ms"] <= told["p99_ms"]
    assert told["ratio"] > 0
    assert told["rss_mb"] > 0
