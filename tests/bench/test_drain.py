"""The bench of the backlog, in small: real processes, a real broker, certificates on both sides."""

import shutil

import pytest

from bench.drain import __main__ as drain
from bench.drain import broker

PASSES = 300


@pytest.fixture
def tools():
    missing = [name for name in ("mosquitto_pub", "openssl") if shutil.which(name) is None]
    if broker.MOSQUITTO is None or missing:
        pytest.skip("apt install mosquitto mosquitto-clients openssl")


@pytest.mark.usefixtures("tools")
def test_a_backlog_reaches_the_receiver_over_tls_and_is_measured(tmp_path):
    found = drain.measure(tmp_path, PASSES, quiet_s=0.0)
    assert found["passes"] == PASSES
    assert found["seconds"] > 0
    assert found["bytes_per_pass"] > 2 * 16
    assert set(found["cpu_s"]) == {"gateway", "broker", "receiver"}
    assert set(found["peers"]) == {"paho", "mosquitto_pub"}


def test_the_bench_fails_where_the_receiver_does_not_hold_every_pass(tmp_path):
    from gateway.sync.cloud.sqlite import open_sqlite

    open_sqlite(tmp_path / "cloud.db").close()
    with pytest.raises(SystemExit, match="does not hold 1 passes"):
        drain._look_for_all(tmp_path / "cloud.db", 1)
