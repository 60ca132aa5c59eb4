"""Pictures over a real broker, on a good line and on a slow one."""

import asyncio

import pytest

from gateway.evidence import Evidence
from gateway.store import Store
from gateway.sync import courier as courier_module
from gateway.sync.uplink import Uplink
from gateway.worth import Worth
from tests.sync.brokers import Mosquitto
from tests.sync.mqtt_story import GW, all_done, came_to, commit, receiving, settings_for
from tests.sync.picturing import PictureCloud, SlowLine, a_picture, kept


@pytest.fixture
def broker(tmp_path):
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def cloud(broker, tmp_path):
    """Takes records and pictures."""
    with receiving(broker.port, tmp_path / "received.db"):
        cloud = PictureCloud(broker.port)
        yield cloud
        cloud.close()


@pytest.fixture
def played(tmp_path, monkeypatch):
    monkeypatch.setattr(courier_module, "LOOK_S", 0.05)

    def play(port, story, **more):
        async def run():
            store = Store.open(tmp_path / "lanegate.db", GW)
            evidence = Evidence(tmp_path / "evidence", 100)
            uplink = Uplink(settings_for(port, **more), store, GW, pictures=evidence)
            running = asyncio.create_task(uplink.run())
            try:
                async with asyncio.timeout(90):
                    await story(store, uplink, evidence)
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
                await evidence.close()
                await store.close()

        asyncio.run(run())

    return play


def test_what_the_cloud_asks_for_comes_whole_and_only_that(broker, cloud, played):
    async def story(store, uplink, evidence):
        names = await kept(evidence, 5, size=200_000)
        await came_to(lambda: uplink.connected, "connected")
        cloud.want(names[3], "ab" * 32, names[1])
        await came_to(lambda: len(cloud.came) >= 3, "three answers")
        found = dict(cloud.came)
        assert found["ab" * 32] == b""
        assert [found[names[place]] for place in (3, 1)] == [
            a_picture(place, 200_000)[1] for place in (3, 1)
        ]

        async def settled():
            on_disk = (await evidence.figures()).on_disk
            return (on_disk.wanted, on_disk.unsent) == (0, 3)

        await came_to(settled, "the box knows that it has them")
        assert len(cloud.came) == 3

    played(broker.port, story)


def test_after_a_restart_nothing_is_sent_twice(broker, cloud, played):
    async def first(store, uplink, evidence):
        await kept(evidence, 6)

        async def all_there():
            return (await evidence.figures()).on_disk.unsent == 0

        await came_to(all_there, "the cloud has all")

    async def second(store, uplink, evidence):
        await kept(evidence, 6, worth=Worth.CASE)
        name, jpeg = a_picture(99)
        evidence.hold(name, jpeg)
        evidence.keep([name])
        await came_to(lambda: name in cloud.names, "the new one")

    played(broker.port, first, pictures="all")
    played(broker.port, second, pictures="all")
    assert len(cloud.names) == len(set(cloud.names)) == 7


def test_on_a_slow_line_passes_are_acknowledged_while_a_pile_of_pictures_waits(
    broker, cloud, played
):
    """Each picture takes the line for 0.3 s, and has it for a quarter of the time at most."""
    line = SlowLine(broker.port, 200_000)

    async def story(store, uplink, evidence):
        await kept(evidence, 100, size=60_000)
        for turn in range(3):
            await came_to(lambda turn=turn: len(cloud.came) > turn, "pictures go")
            await commit(store, uplink, 3)
            await all_done(store)
        assert uplink.status().connected
        assert (await evidence.figures()).on_disk.unsent > 0

    try:
        played(line.port, story, pictures="all")
    finally:
        line.close()


def test_a_cloud_that_takes_no_pictures_gets_every_record(broker, cloud, played):
    cloud.kind = False

    async def story(store, uplink, evidence):
        names = await kept(evidence, 3)
        await came_to(lambda: cloud.names == names[:1], "one picture")
        await commit(store, uplink, 20)
        await all_done(store)
        assert cloud.names == names[:1]
        assert (await evidence.figures()).on_disk.unsent == 3

    played(broker.port, story, pictures="all")
