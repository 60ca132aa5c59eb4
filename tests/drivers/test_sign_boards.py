"""Drivers of signs against simulated signs on ptys and sockets."""

import asyncio

import pytest

from drivers.display import aa55_board, fk_board, onbon_bx5k
from drivers.twins import signs
from drivers.twins.signhost import PtyHost, TcpHost
from gateway.ports import DeviceError

DRIVERS = {"fk_board": fk_board, "aa55_board": aa55_board, "onbon_bx5k": onbon_bx5k}
TWINS = {"fk_board": signs.FkBoard, "aa55_board": signs.Aa55Board, "onbon_bx5k": signs.OnbonPanel}
FIRST_LINE = {"fk_board": 0, "aa55_board": 1, "onbon_bx5k": 0}


def settings_of(name, port, **more):
    return DRIVERS[name].Settings(driver=name, port=port, baud=115200, **more)


def play(name, story, tmp_path, *, twin=None, **settings):
    """Run `story(display, host)` beside a twin on a pty."""
    twin = twin or TWINS[name]()

    async def run():
        with PtyHost(twin, tmp_path / "sign") as host:
            async with DRIVERS[name].connect(settings_of(name, host.port, **settings)) as display:
                await asyncio.wait_for(story(display, host), 20)
                await asyncio.sleep(0.05)

    asyncio.run(run())
    assert twin.broken == 0
    return twin


@pytest.mark.parametrize("name", DRIVERS)
def test_every_line_is_shown_and_old_ones_go(name, tmp_path):
    async def story(display, _host):
        await display.show(["一路平安", "京A12345", "rest", "of it"])
        await display.show(["欢迎光临", "𠮷"])

    twin = play(name, story, tmp_path, lines=3 if name != "onbon_bx5k" else 2)
    first = FIRST_LINE[name]
    assert twin.shown[first] == "欢迎光临"
    assert twin.shown[first + 1] == "?"
    assert set(twin.shown.values()) - {"欢迎光临", "?"} <= {" "}


@pytest.mark.parametrize("name", DRIVERS)
def test_signs_whose_bytes_look_like_the_frame_arrive_whole(name, tmp_path):
    """GBK's second bytes go from 0x40 on, so that they may be 0x5A, 0x5B or 0xA5."""
    odd = "誟臶ィイZ["

    async def story(display, _host):
        await display.show([odd])

    twin = play(name, story, tmp_path, width_px=256) if name == "onbon_bx5k" else None
    twin = twin or play(name, story, tmp_path)
    assert twin.shown[FIRST_LINE[name]] == odd


@pytest.mark.parametrize("name", DRIVERS)
def test_what_is_too_long_is_cut_at_a_sign(name, tmp_path):
    async def story(display, _host):
        await display.show(["1停车停车停车停车停车"])

    wide = {"width_px": 64} if name == "onbon_bx5k" else {"line_bytes": 8}
    twin = play(name, story, tmp_path, **wide)
    assert twin.shown[FIRST_LINE[name]] == "1停车停"


@pytest.mark.parametrize("name", ["fk_board", "aa55_board"])
def test_a_board_with_a_voice_speaks(name, tmp_path):
    async def story(display, _host):
        await display.say("京 A 1 2 3 4 5 欢迎光临")

    assert play(name, story, tmp_path).said == ["京A12345 欢迎光临"]


def test_a_board_that_still_speaks_by_our_guess_is_waited_for_and_shows_meanwhile(tmp_path):
    done = []

    async def story(display, _host):
        await display.say("欢迎光临")
        second = asyncio.create_task(display.say("请入场"))
        await asyncio.sleep(0.05)
        await display.show(["停"])
        done.append(second.done())
        await second

    twin = play("fk_board", story, tmp_path, sign_ms=150, lines=1)
    assert done == [False]
    assert twin.shown == {0: "停"}
    assert twin.said == ["欢迎光临", "请入场"]


def test_a_board_that_shows_and_speaks_at_once_gets_one_frame_after_the_other(tmp_path):
    async def story(display, _host):
        await asyncio.gather(display.show(["一", "二"]), display.say("三"))

    twin = play("fk_board", story, tmp_path, twin=signs.FkBoard(answers=True), answers=True)
    assert twin.said == ["三"]


def test_a_panel_without_a_voice_takes_what_is_said_and_does_nothing(tmp_path):
    async def story(display, _host):
        await display.say("欢迎光临")

    assert play("onbon_bx5k", story, tmp_path).shown == {}


def test_a_panels_lines_lie_below_each_other(tmp_path):
    async def story(display, _host):
        await display.show(["上", "下"])

    twin = play("onbon_bx5k", story, tmp_path, width_px=128, line_px=32)
    assert twin.places == {0: (0, 0, 16, 32), 1: (0, 32, 16, 32)}


def test_a_backslash_is_no_order_to_a_panel(tmp_path):
    async def story(display, _host):
        await display.show([r"\C1停"])

    assert play("onbon_bx5k", story, tmp_path).shown[0] == " C1停"


def test_a_panel_that_refuses_is_told_with_its_code(tmp_path):
    async def story(display, _host):
        with pytest.raises(DeviceError, match=r"refused the text \(a0 01 07"):
            await display.show(["停"])

    play("onbon_bx5k", story, tmp_path, twin=signs.OnbonPanel(error=7))


def test_a_panel_with_another_number_gives_no_answer(tmp_path):
    async def story(display, _host):
        with pytest.raises(DeviceError, match=r"gave no answer: .*screen number 1"):
            await display.show(["停"])

    play("onbon_bx5k", story, tmp_path, twin=signs.OnbonPanel(screen=2), timeout_ms=100)


def test_a_board_that_confirms_is_believed_and_one_that_does_not_is_told(tmp_path):
    async def story(display, _host):
        await display.show(["停"])

    twin = play("fk_board", story, tmp_path, twin=signs.FkBoard(answers=True), answers=True)
    assert twin.shown[0] == "停"

    async def silent(display, _host):
        with pytest.raises(DeviceError, match="the sign gave no answer"):
            await display.show(["停"])

    play("fk_board", silent, tmp_path, answers=True)


@pytest.mark.parametrize("name", DRIVERS)
def test_a_sign_is_reached_through_a_socket_and_again_after_it_broke(name):
    twin = TWINS[name]()

    async def run():
        async with (
            TcpHost(twin) as host,
            DRIVERS[name].connect(settings_of(name, host.port)) as display,
        ):
            await display.show(["一"])
            host.drop()
            with pytest.raises(DeviceError, match="lost"):
                await asyncio.wait_for(until_it_fails(display), 10)
            await asyncio.wait_for(until_it_works(display, "二"), 10)
            await asyncio.sleep(0.05)

    asyncio.run(run())
    assert twin.shown[FIRST_LINE[name]] == "二"
    assert twin.broken == 0


@pytest.mark.parametrize("name", DRIVERS)
def test_a_sign_is_found_again_after_its_adapter_was_out(name, tmp_path):
    async def story(display, host):
        await display.show(["一"])
        host.unplug()
        with pytest.raises(DeviceError, match=r"is the adapter plugged in\?"):
            await until_it_fails(display)
        host.plug()
        await until_it_works(display, "二")

    assert play(name, story, tmp_path).shown[FIRST_LINE[name]] == "二"


@pytest.mark.parametrize("port", ["/dev/serial/by-id/nothing", "tcp://127.0.0.1:9"])
@pytest.mark.parametrize("name", DRIVERS)
def test_a_sign_that_is_away_fails_the_call_and_not_the_connection(name, port):
    async def run():
        async with DRIVERS[name].connect(settings_of(name, port)) as display:
            for _ in range(2):
                with pytest.raises(DeviceError, match=r"cannot (open|connect to)"):
                    await display.show(["停"])

    asyncio.run(run())


async def until_it_fails(display):
    while True:
        await display.show(["一"])
        await asyncio.sleep(0.01)


async def until_it_works(display, text):
    while True:
        try:
            await display.show([text])
        except DeviceError:
            await asyncio.sleep(0.05)
        else:
            return
