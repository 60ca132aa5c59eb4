"""F1: kill -9 between any two steps of a commit, a batch, a receipt and the tidying up."""

from random import Random

from tests.crash.killing import live_once, not_once, some_kills
from tests.sync.brokers import Mosquitto
from tests.sync.mqtt_story import receiving


def test_what_a_killed_box_had_committed_reaches_the_cloud_once(tmp_path):
    broker = Mosquitto(tmp_path)
    broker.start()
    try:
        with receiving(broker.port, tmp_path / "received.db"):
            kills = some_kills(Random(1))
            lives = [
                live_once(kill, tmp_path, broker.port, f"life{n}") for n, kill in enumerate(kills)
            ]
            assert any(lives)
            assert not live_once(None, tmp_path, broker.port, "last")
        assert not_once(tmp_path, tmp_path / "received.db") == ""
    finally:
        broker.kill()
