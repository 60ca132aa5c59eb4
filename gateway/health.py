"""How the box is: what every part last said, what is still possible, and whether it goes on."""

import asyncio
import contextlib
import logging
import os
import shutil
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway import __version__
from gateway.ladder import STILL, Rung
from gateway.lane.reports import Mode, ModeKind
from gateway.lane.states import Lane
from gateway.store import Figures, Store, StoreError, StoreFullError
from gateway.watcher import Sight

log = logging.getLogger(__name__)

LEAST_FREE_MB = 200
LOOK_AT_DISK_S = 30.0
LOOK_AT_FIGURES_S = 60.0


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
    mode: Mode | None = None
    devices: dict[str, str] = field(default_factory=dict)
    progress: int = 0
    polled: bool = False

    def as_state(self) -> dict[str, Any]:
        """Signs and scanner are named where something is wrong with them."""
        return {
            "direction": self.direction,
            "state": self.state,
            "boom": self.boom,
            "inputs": f"lost: {self.inputs_lost}" if self.inputs_lost else "ok",
            "camera": self.camera,
            "mode": _mode_fields(self.mode),
            **{name: trouble for name, trouble in self.devices.items() if trouble},
        }


def _mode_fields(mode: Mode | None) -> dict[str, str | None]:
    """A lane that works by the rules says only that."""
    if mode is None or mode.kind is ModeKind.AUTOMATIC:
        return {"kind": str(ModeKind.AUTOMATIC)}
    return {
        "kind": str(mode.kind),
        "by": mode.by,
        "reason": mode.reason,
        "since": _time(mode.since),
        "ends_at": None if mode.ends_at is None else _time(mode.ends_at),
    }


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


@dataclass(slots=True)
class Health:
    """Parts write into it; the state that is published and the watchdog are made from it."""

    lanes: dict[str, LaneHealth] = field(default_factory=dict)
    cloud: str = "none"
    storage_failed: str = ""
    storage_full: bool = False
    space_short: str = ""
    pictures_failed: str = ""
    clock_untrusted: str = ""
    configuration: str = "ok"
    figures: Figures | None = None
    parking: dict[str, Any] | None = None
    certificate: dict[str, object] | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)
    all_polled: asyncio.Event = field(default_factory=asyncio.Event)

    def lane_changed(self, name: str, lane: Lane) -> None:
        health = self.lanes[name]
        health.state = type(lane.state).__name__.lower()
        health.boom = lane.sensors.boom.value
        health.mode = lane.mode
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

    def device_is(self, name: str, device: str, trouble: str) -> None:
        """`device`: signs or scanner; `trouble`: a sentence, empty where all is well."""
        if name in self.lanes and self.lanes[name].devices.get(device, "") != trouble:
            self.lanes[name].devices[device] = trouble
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

    def storage_is(self, failed: StoreError | None) -> None:
        """What the store said at the last try; None where it wrote."""
        words = str(failed or "")
        if self.storage_failed != words:
            self.storage_failed, self.storage_full = words, isinstance(failed, StoreFullError)
            self.news.set()

    def space_is(self, short: str) -> None:
        """`short`: a sentence where the disk is nearly full, else empty."""
        if self.space_short != short:
            self.space_short = short
            self.news.set()

    def pictures_are(self, trouble: str) -> None:
        """`trouble`: a sentence where pictures are not kept, else empty."""
        if self.pictures_failed != trouble:
            self.pictures_failed = trouble
            self.news.set()

    def certificate_is(self, certificate: dict[str, object] | None) -> None:
        """`days_left` and `until`; None where there is none, or the day is not known."""
        if self.certificate != certificate:
            self.certificate = certificate
            self.news.set()

    def figures_are(self, figures: Figures) -> None:
        if self.figures != figures:
            self.figures = figures
            self.news.set()

    def parking_is(self, parking: dict[str, Any]) -> None:
        """Counts by area and class, always absolute, and by which rights and tariffs it goes."""
        if self.parking != parking:
            self.parking = parking
            self.news.set()

    def clock_is(self, untrusted: str) -> None:
        """`untrusted`: a sentence where the time of day may be wrong, else empty."""
        if self.clock_untrusted != untrusted:
            self.clock_untrusted = untrusted
            self.news.set()

    @property
    def rungs(self) -> list[Rung]:
        """What is missing; FULL alone where nothing is."""
        lanes = self.lanes.values()
        missing = {
            Rung.CLOUD_LOST: self.cloud == "lost",
            Rung.VISION_LOST: any(lane.camera_lost for lane in lanes),
            Rung.BUS_LOST: any(lane.inputs_lost for lane in lanes),
            Rung.CLOCK_UNTRUSTED: bool(self.clock_untrusted),
            Rung.STORAGE_FULL: self.storage_full or bool(self.space_short),
            Rung.STORAGE_FAILED: bool(self.storage_failed) and not self.storage_full,
            Rung.FIRE: any(lane.mode and lane.mode.kind is ModeKind.FIRE for lane in lanes),
        }
        return [rung for rung, is_missing in missing.items() if is_missing] or [Rung.FULL]

    def as_state(self) -> dict[str, Any]:
        rungs = self.rungs
        return {
            "version": __version__,
            "modes": rungs,
            "still": {rung: STILL[rung] for rung in rungs},
            "configuration": self.configuration,
            "clock": self.clock_untrusted or "ok",
            "storage": self.storage_failed or self.space_short or "ok",
            "pictures": self.pictures_failed or "ok",
            "certificate": self.certificate,
            **({} if self.figures is None else fields_of(self.figures)),
            **({} if self.parking is None else {"parking": self.parking}),
            "lanes": {name: lane.as_state() for name, lane in self.lanes.items()},
        }


def fields_of(figures: Figures) -> dict[str, Any]:
    """What the store says of itself: what waits for the cloud, and how long the disk lasts."""
    told = figures._asdict()
    disk = {name: told.pop(name) for name in ("used_mb", "room_mb", "hours_left")}
    return {"outbox": told, "disk": disk}


async def watch_figures(health: Health, store: Store, look_s: float = LOOK_AT_FIGURES_S) -> None:
    """Until cancelled. Old figures stay while the store does not answer: its error is told."""
    while True:
        with contextlib.suppress(StoreError):
            health.figures_are(await store.figures())
        await asyncio.sleep(look_s)


async def watch_space(health: Health, folder: Path, *, least_mb: int = LEAST_FREE_MB) -> None:
    """Tell `health` while less than `least_mb` MB are free on the disk of `folder`."""
    while True:
        usage = await asyncio.to_thread(shutil.disk_usage, folder)
        free_mb = usage.free // (1024 * 1024)
        short = f"{folder}: less than {least_mb} MB free on its disk; make room"
        if free_mb < least_mb and not health.space_short:
            log.warning("%s", short)
        health.space_is(short if free_mb < least_mb else "")
        await asyncio.sleep(LOOK_AT_DISK_S)


def notify(message: str) -> None:
    """Tell systemd, where it listens: `READY=1`, `WATCHDOG=1`, `STATUS=...`. Never raises."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door,
    ):
        # A systemd that does not read for a while must not stop the lanes.
        door.settimeout(0)
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
