"""Every profile of a sign, voice or scanner on a wire works with its kind's simulated device."""

import asyncio
from pathlib import Path

import pytest

from drivers.twins import signs
from drivers.twins.signhost import PtyHost
from gateway.catalog import Catalog, device_settings
from gateway.config import yamlfile

PROFILES = Path(__file__).parents[2] / "config" / "profiles"
TWINS = {
    "fk_board": signs.FkBoard,
    "aa55_board": signs.Aa55Board,
    "onbon_bx5k": signs.OnbonPanel,
    "xfs5152ce": signs.SpeechChip,
    "syn6288": lambda: signs.SpeechChip(checked=True),
    "serial_scanner": signs.Silent,
}


def profiles(kind):
    """Of the devices at the end of a wire."""
    paths = sorted((PROFILES / kind).glob("*.yaml"))
    found = [path for path in paths if yamlfile.read(path).data["driver"] in TWINS]
    assert found
    return pytest.mark.parametrize("path", found, ids=lambda path: path.stem)


def play(path, story, tmp_path):
    """Run `story(device, twin, host)` with the profile's settings; returns what it returns."""
    kind, written = path.parent.name, yamlfile.read(path).data
    twin = TWINS[written["driver"]]()

    async def run():
        with PtyHost(twin, tmp_path / "port") as host:
            settings = device_settings(kind, written | {"port": host.port}, Catalog())
            async with Catalog().connector(kind, written["driver"])(settings) as device:
                found = await asyncio.wait_for(story(device, twin, host), 20)
                await asyncio.sleep(0.05)
                return found

    return asyncio.run(run()), twin


@profiles("display")
def test_a_display_shows_a_plate_and_takes_speech(path, tmp_path):
    async def story(display, _twin, _host):
        await display.show(["京A12345", "欢迎光临"])
        await display.say("京 A 1 2 3 4 5，欢迎光临")

    _, twin = play(path, story, tmp_path)
    assert [twin.shown[line] for line in sorted(twin.shown)][:2] == ["京A12345", "欢迎光临"]
    assert getattr(twin, "said", []) in ([], ["京A12345，欢迎光临"])
    assert twin.broken == 0


@profiles("voice")
def test_a_voice_says_all_it_is_told(path, tmp_path):
    async def story(voice, _twin, _host):
        await voice.say("京 A 1 2 3 4 5，欢迎光临")
        await voice.say("请稍候")

    _, twin = play(path, story, tmp_path)
    assert twin.said == ["京 A 1 2 3 4 5，欢迎光临", "请稍候"]
    assert twin.dropped == []


@profiles("scanner")
def test_a_scanner_reads_a_code(path, tmp_path):
    async def story(scanner, _twin, host):
        asyncio.get_running_loop().call_later(0.1, host.send, b"VISIT-42\r\n")
        return await anext(scanner.codes())

    assert play(path, story, tmp_path)[0] == "VISIT-42"
