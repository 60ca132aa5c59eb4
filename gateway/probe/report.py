"""What a probe found, as a page for a technician and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gateway.probe.adapters import Adapter
from gateway.probe.live import View
from gateway.probe.words import Device

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def adapter_json(found: Sequence[Adapter]) -> dict[str, Any]:
    return {"adapters": [asdict(one) | {"usable": one.usable} for one in found]}


def show_adapters(found: Sequence[Adapter], console: "Console") -> None:
    for one in found:
        console.print(f"[bold]{one.port}[/bold]", soft_wrap=True, highlight=False)
        words = one.product if one.port == one.tty else f"{one.product}, now {one.tty}"
        state = f"open in {', '.join(one.held_by)}" if one.held_by else "free"
        console.print(f"  {words}: {state}", soft_wrap=True, highlight=False, markup=False)
        for note in one.notes:
            console.print(f"  {note}", soft_wrap=True, highlight=False, markup=False)
    if not found:
        console.print("no serial port: is the adapter plugged in?")


def scan_json(
    where: str, devices: Sequence[Device], notes: Sequence[str], asked: int, ended: str
) -> dict[str, Any]:
    told = [_device_json(where, one) for one in devices]
    return {"where": where, "devices": told, "notes": list(notes), "asked": asked, "ended": ended}


def _device_json(where: str, device: Device) -> dict[str, Any]:
    looks = [asdict(look) for look in device.looks]
    return {
        "slave": device.slave,
        "setting": device.setting.words,
        "bus": device.setting.bus(where),
        "looks_like": looks,
        "notes": list(device.notes),
    }


def show_devices(devices: Sequence[Device], console: "Console") -> None:
    for one in devices:
        head = f"[bold]address {one.slave}[/bold] at {one.setting.words}"
        console.print(head, soft_wrap=True, highlight=False)
        for line in _lines(one):
            console.print(f"  {line}", soft_wrap=True, highlight=False, markup=False)


def _lines(device: Device) -> list[str]:
    lines = list(device.notes)
    for look in device.looks:
        lines.append(f"looks like {look.like}, because {look.why}")
        if look.profiles:
            lines.append(f"  profile: {', '.join(look.profiles)}")
    return lines or ["answers, but like no board that is known here"]


def inputs_table(view: View) -> "Table":
    from rich.table import Table

    title = view.trouble or _last(view)
    table = Table("input", "contact", "changes", "last change", title=title, title_justify="left")
    for one in view.channels:
        at = one.changed_at.strftime("%H:%M:%S.%f")[:-4] if one.changed_at else ""
        style = "bold" if one is view.last else ""
        table.add_row(str(one.number), one.words, str(one.changes), at, style=style)
    return table


def _last(view: View) -> str:
    if view.last is None:
        return "nothing changed yet"
    return f"last: input {view.last.number} {view.last.words}"
