"""What a person sees of the demo: the lanes as they are, and what the cloud has."""

import json
import threading
from collections.abc import Mapping
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from rich.console import Group
from rich.table import Table
from rich.text import Text

from drivers.twins.scene import Scene

ROAD_M = (-14, 6)
STATE_COLOURS = {
    "idle": "dim",
    "waiting": "yellow",
    "fault": "bold red",
    "opening": "green",
    "open": "green",
    "passing": "cyan",
}


class StateListener:
    """The gateway's retained state, as any operator's program gets it from the broker."""

    def __init__(self, port: int, gateway: str) -> None:
        self._topic = f"lanegate/1/{gateway}/up/state"
        self._lock = threading.Lock()
        self._state: dict[str, Any] = {}
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe(self._topic, qos=1)
        self._client.on_message = self._on_message
        self._client.connect_async("127.0.0.1", port)
        self._client.loop_start()

    def _on_message(self, _client: Any, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        with self._lock:
            self._state = json.loads(message.payload)

    @property
    def state(self) -> Mapping[str, Any]:
        with self._lock:
            return dict(self._state)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def screen(
    state: Mapping[str, Any],
    scenes: Mapping[str, Scene],
    passes: list[dict[str, Any]],
    counts: Mapping[str, int],
) -> Group:
    """The whole picture, top to bottom: lanes, the last passes, the sum so far."""
    modes = ", ".join(state.get("modes", ["starting"]))
    head = Text.assemble(
        ("lanegate demo  ", "bold"),
        modes,
        "    Ctrl-C lets the last cars go and ends it; twice: at once",
    )
    told = "   ".join(f"{name} {count}" for name, count in counts.items())
    return Group(head, "", _lanes(state, scenes), "", _passes(passes), "", Text(told, "bold"))


def _lanes(state: Mapping[str, Any], scenes: Mapping[str, Scene]) -> Table:
    table = Table("lane", "state", "boom", "road", "in front", "camera", box=None, padding=(0, 2))
    for name, lane in state.get("lanes", {}).items():
        scene = scenes.get(name)
        colour = STATE_COLOURS.get(lane["state"], "")
        table.add_row(
            name,
            Text(lane["state"], colour),
            _boom(scene) if scene else lane["boom"],
            _road(scene) if scene else "",
            _in_front(scene) if scene else "",
            lane["camera"],
        )
    return table


def _boom(scene: Scene) -> str:
    if scene.boom_deg > 88:  # noqa: PLR2004 -- the limit switches' angles
        return "│ up"
    return "─ down" if scene.boom_deg < 2 else f"╱ {scene.boom_deg:.0f}°"  # noqa: PLR2004


def _road(scene: Scene) -> str:
    """One character a metre; the boom stands at 0."""
    road = ["·"] * (ROAD_M[1] - ROAD_M[0])
    road[-ROAD_M[0]] = "│" if scene.boom_deg > 60 else "▌"  # noqa: PLR2004
    for car in scene.cars:
        for metre in range(round(car.front_m - car.length_m), round(car.front_m)):
            if ROAD_M[0] <= metre < ROAD_M[1]:
                road[metre - ROAD_M[0]] = "█"
    return "".join(road)


def _in_front(scene: Scene) -> str:
    waiting = [car for car in scene.cars if car.front_m <= 1]
    return max(waiting, key=lambda car: car.front_m).plate if waiting else ""


def _passes(passes: list[dict[str, Any]]) -> Table:
    table = Table("time", "lane", "plate", "decision", "ending", box=None, padding=(0, 2))
    for row in passes:
        table.add_row(
            row["arrived_at"][11:19],
            row["lane"],
            row["plate"] or "-",
            f"{row['verdict']}: {row['reason']}",
            row["ending"] or "under way",
        )
    return table
