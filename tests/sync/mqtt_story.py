"""A gateway, a receiver and a broker at work, for tests."""

import asyncio
import contextlib
import json
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from gateway.lane.reports import AlarmCode
from gateway.store import Store
from gateway.sync.receive import Receiver
from gateway.sync.settings import UplinkSettings
from gateway.sync.uplink import Uplink

GW = "north"
SOON_S = 20.0


def settings_for(port: int, **more) -> UplinkSettings:
    fields = {"host": "127.0.0.1", "port": port, "reconnect_max_s": 0.2} | more
    return UplinkSettings.model_validate(fields)


@contextlib.contextmanager
def receiving(port: int, path, **more):
    """A receiver in a thread of this process."""
    receiver = Receiver(settings_for(port, **more), path)
    thread = threading.Thread(target=receiver.run)
    thread.start()
    try:
        assert receiver.listening.wait(SOON_S)
        yield receiver
    finally:
        receiver.stop()
        thread.join(20)
        assert not thread.is_alive()


RECEIVE = """
import logging, sys
from pathlib import Path
from gateway.sync.receive import receive
from gateway.sync.settings import UplinkSettings
logging.basicConfig(level=logging.INFO, stream=sys.stdout)
settings = UplinkSettings(host="127.0.0.1", port=int(sys.argv[1]), reconnect_max_s=0.2)
receive(settings, Path(sys.argv[2]))
"""


@contextlib.contextmanager
def receiver_process(port: int, path):
    """A receiver in a process of its own, once it listens; killed at the end."""
    command = [sys.executable, "-c", RECEIVE, str(port), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert any("receiver: ready" in line for line in child.stdout)
            yield child
        finally:
            child.kill()


def gateway_story(tmp_path, settings: UplinkSettings, story, parking=None) -> None:
    """Run `story(store, uplink)` beside a running uplink, as the daemon does."""

    async def play():
        store = Store.open(tmp_path / "lanegate.db", GW)
        uplink = Uplink(settings, store, GW, parking=parking)
        running = asyncio.create_task(uplink.run())
        try:
            async with asyncio.timeout(60):
                await story(store, uplink)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await store.close()
        if not running.cancelled():
            running.result()

    asyncio.run(play())


async def commit(store, uplink, count: int) -> None:
    for _ in range(count):
        await store.alarm("lane-1", AlarmCode.NO_PLATE, "", datetime.now(UTC))
        uplink.wake()


async def came_to(found, what: str) -> None:
    give_up = time.monotonic() + SOON_S
    while True:
        result = found()
        if await result if asyncio.iscoroutine(result) else result:
            return
        assert time.monotonic() < give_up, f"it never came to this: {what}"
        await asyncio.sleep(0.02)


async def all_done(store) -> None:
    async def done():
        return (await store.meta()).unacked == 0

    await came_to(done, "everything is acknowledged")


class Listener:
    """A plain MQTT client that keeps the retained and the live messages of a topic."""

    def __init__(self, port: int, topic: str, tls: dict[str, str] | None = None) -> None:
        self.heard: list[dict] = []
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        if tls:
            self._client.tls_set(tls["ca"], tls["cert"], tls["key"])
        self._client.on_connect = lambda client, *_: client.subscribe(topic, 1)
        self._client.on_message = lambda _c, _u, m: self.heard.append(json.loads(m.payload))
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
