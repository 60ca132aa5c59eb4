"""Drivers of voice chips against simulated chips that are busy while they speak."""

import asyncio

import pytest

from drivers.twins.signhost import PtyHost, TcpHost
from drivers.twins.signs import SpeechChip
from drivers.voice import syn6288, xfs5152ce
from gateway.ports import DeviceError

DRIVERS = {"xfs5152ce": xfs5152ce, "syn6288": syn6288}
every_chip = pytest.mark.parametrize("name", DRIVERS)


def chip_for(name, **habits):
    return SpeechChip(checked=name == "syn6288", **habits)


def play(name, story, tmp_path, *, chip, **settings):
    """Run `story(voice, host)` beside a chip on a pty."""
    driver = DRIVERS[name]

    async def run():
        with PtyHost(chip, tmp_path / "voice") as host:
            wanted = driver.Settings(driver=name, port=host.port, baud=115200, **settings)
            async with driver.connect(wanted) as voice:
                await asyncio.wait_for(story(voice, host), 20)
                await asyncio.sleep(0.05)

    asyncio.run(run())
    return chip


@every_chip
def test_a_sentence_is_never_dropped_by_the_next_one(name, tmp_path):
    async def story(voice, _host):
        for text in ("欢迎光临", "请入场停车", "一路平安"):
            await voice.say(text)

    chip = play(name, story, tmp_path, chip=chip_for(name, sign_s=0.03))
    assert chip.said == ["欢迎光临", "请入场停车", "一路平安"]
    assert chip.dropped == []
    assert chip.refused == 0


@pytest.mark.parametrize("name", ["xfs5152ce"])
def test_a_chip_that_forgets_to_say_that_it_ended_is_asked(name, tmp_path):
    async def story(voice, _host):
        await voice.say("欢迎光临")
        await voice.say("一路平安")

    chip = play(name, story, tmp_path, chip=chip_for(name, sign_s=0.03, mute_end=True))
    assert chip.said == ["欢迎光临", "一路平安"]
    assert chip.dropped == []


@every_chip
def test_a_chip_that_never_ends_is_told_after_our_patience(name, tmp_path):
    async def story(voice, _host):
        await voice.say("欢迎光临")
        with pytest.raises(DeviceError, match="still speaks after 1 s: switch it off and on"):
            await voice.say("一路平安")

    assert play(name, story, tmp_path, chip=chip_for(name, sign_s=60), patience_s=1).said == [
        "欢迎光临"
    ]


@every_chip
def test_a_chip_that_is_off_is_told(name, tmp_path):
    async def story(voice, _host):
        with pytest.raises(DeviceError, match=r"gave no answer: is it powered"):
            await voice.say("欢迎光临")

    play(name, story, tmp_path, chip=chip_for(name, deaf=True))


@every_chip
def test_a_sentence_that_the_chip_refuses_is_told(name, tmp_path):
    async def story(voice, _host):
        with pytest.raises(DeviceError, match="did not understand a frame: are its cable"):
            await voice.say("欢迎光临")

    assert play(name, story, tmp_path, chip=chip_for(name, refuses=True)).said == []


def test_the_other_chip_refuses_and_the_sentence_names_the_driver(tmp_path):
    async def story(voice, _host):
        with pytest.raises(
            DeviceError, match=r"(the chip that the driver is named after|no answer)"
        ):
            await voice.say("欢迎光临")

    assert play("xfs5152ce", story, tmp_path, chip=SpeechChip(checked=True)).said == []


@every_chip
def test_a_text_cannot_give_the_chip_orders(name, tmp_path):
    async def story(voice, _host):
        await voice.say("[v0]停\x1b")
        await voice.say(" \n")

    assert play(name, story, tmp_path, chip=chip_for(name)).said == [" v0 停 "]


def test_a_syn6288_gets_no_more_than_its_200_bytes(tmp_path):
    async def story(voice, _host):
        await voice.say("1" + "停" * 150)

    (said,) = play("syn6288", story, tmp_path, chip=chip_for("syn6288", sign_s=0)).said
    assert said == "1" + "停" * 99


@every_chip
def test_a_chip_that_cannot_answer_is_given_its_time(name, tmp_path):
    async def story(voice, _host):
        await voice.say("欢迎光临")
        await voice.say("一路平安")

    chip = chip_for(name, sign_s=0.02)
    play(name, story, tmp_path, chip=chip, answers=False, sign_ms=50)
    assert chip.said == ["欢迎光临", "一路平安"]
    assert chip.dropped == []


@every_chip
def test_a_chip_is_found_again_after_its_adapter_was_out(name, tmp_path):
    async def story(voice, host):
        await voice.say("一")
        host.unplug()
        with pytest.raises(DeviceError, match=r"is the adapter plugged in\?"):
            await until_it_fails(voice)
        host.plug()
        await until_it_works(voice, "三")

    async def until_it_fails(voice):
        while True:
            await voice.say("二")

    async def until_it_works(voice, text):
        while True:
            try:
                return await voice.say(text)
            except DeviceError:
                await asyncio.sleep(0.05)

    assert play(name, story, tmp_path, chip=chip_for(name)).said[-1] == "三"


@every_chip
def test_a_chip_is_reached_through_a_serial_server(name):
    chip = chip_for(name)
    driver = DRIVERS[name]

    async def run():
        async with (
            TcpHost(chip) as host,
            driver.connect(driver.Settings(driver=name, port=host.port)) as voice,
        ):
            await asyncio.wait_for(voice.say("欢迎光临"), 10)

    asyncio.run(run())
    assert chip.said == ["欢迎光临"]
