"""How the box is: what every part last said, what is still possible, and whether it goes on."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gateway import __version__
from gateway.lane.states import Lane
from gateway.store import StoreError
from gateway.watcher import Sight


class Mode(StrEnum):
    """The degradation ladder: what is missing. The lane does everything else as usual."""

    CLOUD_LOST = "CLOUD_LOST"
    VISION_LOST = "VISION_LOST"
    BUS_LOST = "BUS_LOST"
    STORAGE_FAILED = "STORAGE_FAILED"


@dataclass(slots=True)
class LaneHealth:
    """One lane's last word. `inputs_lost` and `camera_lost` are sentences; empty means well.

    `camera`: a word of `gateway.sight.Condition`, and a sentence where it is not ok.
    """

    direction: str
    state: str = "starting"
    boom: str = "unknown"
    inputs_lost: str = "not read yet"
    camera_lost: str = ""
    camera: str = "ok"
    progress: int = 0
    polled: bool = False

    def as_state(self) -> dict[str, str]:
        return {
            "direction": self.direction,
            "state": self.state,
            "boom": self.boom,
            "inputs": f"lost: {self.inputs_lost}" if self.inputs_lost else "ok",
            "camera": self.camera,
        }


@dataclass(slots=True)
class Health:
    """Parts write into it; the state that is published and the watchdog are made from it."""

    lanes: dict[str, LaneHealth] = field(default_factory=dict)
    cloud: str = "none"
    storage_failed: str = ""
    configuration: str = "ok"
    news: asyncio.Event = field(default_factory=asyncio.Event)
    all_polled: asyncio.Event = field(default_factory=asyncio.Event)

    def lane_changed(self, name: str, lane: Lane) -> None:
        health = self.lanes[name]
        health.state = type(lane.state).__name__.lower()
        health.boom = lane.sensors.boom.value
        self.news.set()

    def beat(self, name: str) -> None:
        self.lanes[name].progress += 1

    def inputs_are(self, name: str, lost: str) -> None:
        health = self.lanes[name]
        health.polled = True
        if all(lane.polled for lane in self.lanes.values()):
            self.all_polled.set()
        if health.inputs_lost != lost:
            health.inputs_lost = lost
            self.news.set()

    def camera_is(self, name: str, sight: Sight) -> None:
        health = self.lanes[name]
        health.camera_lost = "" if sight.seeing else sight.why
        health.camera = f"{sight.condition}: {sight.why}" if sight.why else "ok"
        self.news.set()

    def configuration_is(self, word: str) -> None:
        self.configuration = word
        self.news.set()

    def forget(self, name: str) -> None:
        """A lane that is no more; one that starts again under its name writes itself anew."""
        self.lanes.pop(name, None)
        self.news.set()

    def storage_is(self, failed: str) -> None:
        if self.storage_failed != failed:
            self.storage_failed = failed
            self.news.set()

    @property
    def modes(self) -> list[Mode]:
        lanes = self.lanes.values()
        missing = {
            Mode.CLOUD_LOST: self.cloud == "lost",
            Mode.VISION_LOST: any(lane.camera_lost for lane in lanes),
            Mode.BUS_LOST: any(lane.inputs_lost for lane in lanes),
            Mode.STORAGE_FAILED: bool(self.storage_failed),
        }
        return [mode for mode, is_missing in missing.items() if is_missing]

    def as_state(self) -> dict[str, Any]:
        return {
            "version": __version__,
            "modes": self.modes or ["FULL"],
            "configuration": self.configuration,
            "lanes": {name: lane.as_state() for name, lane in self.lanes.items()},
        }


def notify(message: str) -> None:
    """Tell systemd, where it listens: `READY=1`, `WATCHDOG=1`, `STATUS=...`. Never raises."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door,
    ):
        door.connect("\0" + address[1:] if address.startswith("@") else address)
        door.sendall(message.encode())


async def tell_systemd(health: Health, store_answers: Callable[[], Awaitable[object]]) -> None:
    """READY once every lane's inputs were asked; then a sign of life while all lanes go on.

    `store_answers` proves that the store's thread still answers; `StoreError` is an answer too. A
    lane, or a store, that does not move on for the unit's `WatchdogSec` has the whole process
    started again.
    """
    await health.all_polled.wait()
    notify("READY=1")
    period_s = int(os.environ.get("WATCHDOG_USEC", "0")) / 1e6 / 3
    if period_s <= 0:
        return
    seen: dict[str, int] = {}
    while True:
        await asyncio.sleep(period_s)
        with contextlib.suppress(StoreError):
            await store_answers()
        now = {name: lane.progress for name, lane in health.lanes.items()}
        if all(now[name] != seen.get(name) for name in now):
            notify("WATCHDOG=1")
        seen = now
