"""What a person sees of the demo: the lanes as they are, and what the cloud has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from drivers.twins.scene import Scene
from gateway.demo.money import Money
from gateway.demo.screens import Face

ROAD_M = (-14, 6)
STATE_COLOURS = {
    "idle": "dim",
    "waiting": "yellow",
    "fault": "bold red",
    "opening": "green",
    "open": "green",
    "passing": "cyan",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at everything: `scenes` and `faces` by the lane's name, `counts` of the cars."""

    state: Mapping[str, Any]
    scenes: Mapping[str, Scene]
    faces: Mapping[str, Face]
    passes: list[dict[str, Any]]
    money: Money
    counts: Mapping[str, int]


def screen(seen: Seen) -> Group:
    """The whole picture, top to bottom: lanes, the last passes, money, the sum so far."""
    modes = ", ".join(seen.state.get("modes", ["starting"]))
    head = Text.assemble(
        ("lanegate demo  ", "bold"),
        modes,
        "    Ctrl-C lets the last cars go and ends it; twice: at once",
    )
    told = "   ".join(f"{name} {count}" for name, count in seen.counts.items())
    foot = (_car_park(seen), Text(told, "bold"))
    return Group(head, "", _lanes(seen), "", _passes(seen.passes), "", *foot)


def _car_park(seen: Seen) -> Text:
    areas = seen.state.get("parking", {}).get("areas", {})
    inside = ", ".join(f"{name} {one['taken']} of {one['places']}" for name, one in areas.items())
    money = seen.money
    sums = {"charged": money.charged_fen, "paid": money.paid_fen, "owed": money.owed_fen}
    yuan = "   ".join(f"{word} {fen / 100:.2f}" for word, fen in sums.items())
    balance = "balances" if money.balanced else "DOES NOT BALANCE"
    return Text(f"inside {inside}   {yuan} yuan   {balance}", "bold")


def _lanes(seen: Seen) -> Table:
    names = ("lane", "state", "boom", "road", "in front", "sign")
    table = Table(*names, box=None, padding=(0, 2))
    for name, lane in seen.state.get("lanes", {}).items():
        scene = seen.scenes.get(name)
        colour = STATE_COLOURS.get(lane["state"], "")
        table.add_row(
            name,
            Text(lane["state"], colour),
            _boom(scene) if scene else lane["boom"],
            _road(scene) if scene else "",
            _in_front(scene) if scene else "",
            _sign(seen.faces.get(name, Face())),
        )
    return table


def _sign(face: Face) -> Text:
    """Its first two lines, which matter most, and whether a code stands beside them."""
    words = " ".join(face.lines[:2])
    return Text(f"{words} ▦", "yellow") if face.link else Text(words)


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
