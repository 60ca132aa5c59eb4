"""The screen at the lane: what its page shows, to whom, and that a phone reads its code."""

import asyncio
import json
import re
import socket
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from drivers.display import lcd_page
from drivers.pages.face import drawn, face, half_ems
from drivers.pages.server import MOST_CALLERS
from drivers.pages.streams import Streams
from gateway.catalog import Catalog, device_settings
from gateway.config import yamlfile
from gateway.lane.types import Reason
from gateway.ports import CodeDisplay, DeviceError
from gateway.signage import Signage
from gateway.texts import Notice, NoticeKind
from gateway.tickets import Ticket, TicketKey, pay_link, read_ticket
from tests.drivers import browser

PROFILE = Path(__file__).parents[2] / "config" / "profiles" / "display" / "kiosk-lcd.yaml"
KEY = TicketKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
TICKET = Ticket(
    "box-1",
    "ab" * 16,
    "京A12345",
    "main",
    None,
    datetime(2026, 11, 23, tzinfo=UTC),
    1250,
    "cd" * 16,
)
LINK = pay_link("https://pay.example.cn/p?t={ticket}", KEY.ticket(TICKET))
NEEDS_CHROMIUM = pytest.mark.skipif(
    browser.chromium() is None or find_spec("websockets") is None,
    reason="there is no Chromium on the PATH, or no websockets to drive it",
)


def settings(**changes):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return lcd_page.Settings(**{"driver": "lcd_page", "port": port} | changes)


def play(story, **changes):
    """Run `story(display, port)` within bounds."""

    async def run():
        chosen = settings(**changes)
        async with asyncio.timeout(90), lcd_page.connect(chosen) as display:
            return await story(display, chosen.port)

    return asyncio.run(run())


async def sent(port, request):
    """Status line, headers and body of the answer to these bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    head, _, body = answer.decode().partition("\r\n\r\n")
    status, *lines = head.split("\r\n")
    return status, dict(line.split(": ", 1) for line in lines), body


def request(path, port, *, method="GET", host=None):
    return f"{method} {path} HTTP/1.1\r\nHost: {host or f'127.0.0.1:{port}'}\r\n\r\n".encode()


async def got(port, path="/"):
    status, _, body = await sent(port, request(path, port))
    assert status == "HTTP/1.1 200 OK"
    return body


class Listener:
    """A browser that only listens for events."""

    def __init__(self, reader):
        self._reader = reader
        self.heard = []

    async def next(self, wanted):
        """What the next event of this name says."""
        while True:
            name, data = (await self._reader.readuntil(b"\n\n")).decode().strip().split("\n")
            self.heard.append(name.removeprefix("event: "))
            if self.heard[-1] == wanted:
                return json.loads(data.removeprefix("data: "))


@asynccontextmanager
async def listening(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request("/events", port))
    assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
    assert await reader.readuntil(b"\n\n") == b"retry: 1000\n\n"
    yield Listener(reader)
    writer.close()


def decoded(markup):
    """What a phone reads in the page's drawing, which is drawn here by hand."""
    whole = int(re.search(r'viewBox="0 0 (\d+)', markup)[1])
    picture = np.full((whole, whole), 255, np.uint8)
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", markup):
        picture[int(y), int(x) : int(x) + int(width)] = 0
    assert picture[:4].min() == picture[:, :4].min() == 255
    return read_code(cv2.cvtColor(np.kron(picture, np.ones((6, 6), np.uint8)), cv2.COLOR_GRAY2BGR))


def read_code(picture):
    return cv2.QRCodeDetector().detectAndDecode(picture)[0]


# --- what it shows -----------------------------------------------------------------------


def test_the_page_shows_the_newest_lines_the_first_two_large():
    async def story(display, port):
        await display.show(["欢迎光临"])
        await display.show(["京A12345", "", "欢迎光临", "请入场停车"])
        return await got(port)

    page = play(story)
    assert re.findall(r'<p class="(\w+) w\d+">(.*?)</p>', page) == [
        ("big", "京A12345"),
        ("big", "欢迎光临"),
        ("small", "请入场停车"),
    ]
    assert "<svg" not in page


def test_the_code_on_the_page_is_the_ticket():
    async def story(display, port):
        await display.show_code(["京A12345", "请付12.50元"], LINK)
        return await got(port)

    link = decoded(play(story))
    assert link == LINK
    assert read_ticket(link.split("t=")[1], KEY.public) == TICKET


@pytest.mark.parametrize("code", ["a", "付款" * 20, "https://pay.example.cn/" + "x" * 977])
def test_any_code_can_be_read_up_to_the_longest(code):
    assert decoded(drawn(code)) == code


def test_what_is_shown_after_a_code_takes_it_away():
    async def story(display, port):
        await display.show_code(["请付12.50元"], LINK)
        await display.show(["已付款"])
        return await got(port)

    assert "<svg" not in play(story)


def test_text_is_never_markup():
    nasty = "<img src=x onerror=alert(1)>&\"'"

    async def story(display, port):
        await display.show([nasty])
        return await got(port)

    page = play(story)
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;&amp;&quot;&#x27;" in page


def test_too_much_text_is_cut():
    markup = face(["长" * 500] * 50)
    assert markup.count("长") == 80 * 6


@pytest.mark.parametrize(
    ("text", "halves"), [("", 4), ("京", 4), ("京A12345", 8 + 2), ("长" * 80, 40)]
)
def test_a_line_is_as_large_as_its_width_lets_it(text, halves):
    assert half_ems(text) == halves


def test_a_code_that_no_phone_reads_is_refused():
    async def story(display, _port):
        with pytest.raises(DeviceError, match="a code of 1001 characters is too fine"):
            await display.show_code(["x"], "x" * 1001)

    play(story)


# --- how it hears of news ----------------------------------------------------------------


def test_a_browser_hears_what_stands_and_then_each_change_and_a_beat():
    async def story(display, port):
        await display.show(["欢迎光临"])
        async with listening(port) as events:
            version = await events.next("version")
            assert f'data-version="{version}"' in await got(port)
            assert "欢迎光临" in await events.next("face")
            await display.show_code(["京A12345"], LINK)
            assert decoded(await events.next("face")) == LINK
            await events.next("beat")
            await events.next("beat")

    play(story)


def test_every_browser_hears_it():
    async def story(display, port):
        await display.show(["欢迎光临"])
        async with listening(port) as one, listening(port) as other:
            for events in (one, other):
                await events.next("face")
            await display.show(["一路平安"])
            for events in (one, other):
                assert "一路平安" in await events.next("face")

    play(story)


def test_a_page_that_speaks_gets_the_words_and_old_ones_are_not_said_again():
    async def story(display, port):
        await display.show(["欢迎光临"])
        await display.say("old news")
        async with listening(port) as events:
            await events.next("face")
            await display.say("欢迎光临")
            assert await events.next("say") == "欢迎光临"

    play(story, speaks=True)


def test_a_page_that_does_not_speak_gets_no_words():
    async def story(display, port):
        await display.show(["欢迎光临"])
        async with listening(port) as events:
            await events.next("face")
            await display.say("欢迎光临")
            await display.show(["a"])
            await events.next("face")
            await events.next("beat")
            assert "say" not in events.heard

    play(story)


# --- who may ask, and what ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "status"),
    [
        (lambda port: request("/", port, method="POST"), "405 Method Not Allowed"),
        (lambda port: request("/", port, method="HEAD"), "405 Method Not Allowed"),
        (lambda port: request("/", port, host="evil.example"), "421 Misdirected Request"),
        (
            lambda port: request("/events", port, host=f"evil.example:{port}"),
            "421 Misdirected Request",
        ),
        (lambda port: request("/", port, host="127.0.0.1"), "421 Misdirected Request"),
        (lambda port: request("/", port, host=f"localhost:{port}"), "200 OK"),
        (lambda port: request("/?kiosk=1", port), "200 OK"),
        (lambda port: request("/../ticket.key", port), "404 Not Found"),
        (lambda port: request("//", port), "404 Not Found"),
        (lambda _: b"GET / HTTP/1.1\r\n\r\n", "400 Bad Request"),
        (
            lambda port: f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nHost: a\r\n\r\n".encode(),
            "400 Bad Request",
        ),
        (lambda _: b"\xff\xfe\x00 nonsense\r\n\r\n", "400 Bad Request"),
        (lambda _: b"GET /\r\n\r\n", "400 Bad Request"),
        (lambda _: b"GET / HTTP/1.1\r\nX: " + b"x" * 9000, "431 Request Header Fields Too Large"),
    ],
)
def test_only_the_page_is_given_and_only_to_who_asks_for_it_here(ask, status):
    async def story(display, port):
        await display.show(["欢迎光临"])
        return await sent(port, ask(port))

    found, headers, body = play(story)
    assert found == f"HTTP/1.1 {status}"
    assert ("欢迎光临" in body) is (status == "200 OK")
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in headers


def test_nothing_on_the_page_comes_from_elsewhere_or_stands_inline():
    async def story(display, port):
        await display.show_code(["京A12345"], LINK)
        return [await got(port, path) for path in ("/", "/page.css", "/page.js")]

    page, style, script = play(story)
    assert re.findall(r'(?:src|href)="(.*?)"', page) == ["/page.css", "/page.js"]
    assert " style=" not in page
    assert " on" not in re.sub(r"No connection", "", page)
    assert "url(" not in style
    assert "http" not in style + script


def test_callers_that_say_nothing_do_not_keep_the_screen_out_for_long():
    async def story(display, port):
        await display.show(["欢迎光临"])
        mute = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MOST_CALLERS)]
        while True:
            try:
                page = await got(port)
            except (OSError, AssertionError, ValueError):
                await asyncio.sleep(0.2)
            else:
                break
        for _, writer in mute:
            writer.close()
        return page

    assert "欢迎光临" in play(story)


# --- what is told ------------------------------------------------------------------------


class Left(Streams):
    """Nobody has had the page open for an hour, unless somebody has."""

    @property
    def alone_s(self):
        return 3600.0 if super().alone_s else 0.0


async def _shown_again_and_again(display):
    while True:
        await display.show(["欢迎光临"])
        await asyncio.sleep(0.1)


def test_a_screen_that_is_off_is_told_until_it_is_back_and_again_once_it_is_gone():
    async def run():
        chosen = settings()
        display = lcd_page.LcdPage(chosen, Left())
        with pytest.raises(DeviceError, match="no browser has the page open: is the screen on"):
            await display.show(["欢迎光临"])
        async with listening(chosen.port) as events:
            assert "欢迎光临" in await events.next("face")
            await display.show(["一路平安"])
        with pytest.raises(DeviceError, match="no browser"):
            await _shown_again_and_again(display)
        await display.close()

    asyncio.run(asyncio.wait_for(run(), 60))


def test_a_browser_that_only_starts_again_is_no_trouble():
    async def story(display, port):
        async with asyncio.timeout(30):
            await display.show(["a"])
            async with listening(port):
                await display.show(["b"])
            await display.show(["c"])

    play(story)


def test_a_port_that_is_taken_is_told_and_used_once_it_is_free():
    async def run():
        chosen = settings()
        async with lcd_page.connect(chosen) as display:
            with (
                socket.create_server(("127.0.0.1", chosen.port)),
                pytest.raises(DeviceError, match="cannot serve the page: "),
            ):
                await display.show(["欢迎光临"])
            await display.show(["欢迎光临"])
            assert "欢迎光临" in await got(chosen.port)

    asyncio.run(asyncio.wait_for(run(), 60))


def test_after_the_end_the_port_is_free_and_the_browsers_are_let_go():
    async def run():
        chosen = settings()
        async with lcd_page.connect(chosen) as display:
            await display.show(["欢迎光临"])
            reader, _ = await asyncio.open_connection("127.0.0.1", chosen.port)
        with suppress(ConnectionError):
            assert await reader.read() == b""
        socket.create_server(("127.0.0.1", chosen.port)).close()

    asyncio.run(asyncio.wait_for(run(), 60))


@pytest.mark.parametrize("bind", ["0.0.0.0", "224.0.0.1", "::1", "lane-pc", "1.2.3"])  # noqa: S104
def test_an_address_that_is_not_one_of_this_machine_is_refused(bind):
    with pytest.raises(ValueError, match=r"write 127\.0\.0\.1"):
        settings(bind=bind)


def test_two_lanes_need_two_ports():
    one, other = settings(), settings()
    assert one.claims() != other.claims()
    assert one.claims() == settings(port=one.port).claims()


def test_the_profile_is_a_page_with_codes():
    written = yamlfile.read(PROFILE).data | {"port": settings().port}
    chosen = device_settings("display", written, Catalog())

    async def run():
        async with Catalog().connector("display", "lcd_page")(chosen) as display:
            assert isinstance(display, CodeDisplay)
            await display.show(["京A12345", "欢迎光临"])
            await display.say("京 A 1 2 3 4 5，欢迎光临")
            return await got(chosen.port)

    assert "京A12345" in asyncio.run(asyncio.wait_for(run(), 60))


# --- in a browser ------------------------------------------------------------------------

FEE = Notice(NoticeKind.FEE_DUE, "京A12345", fee_fen=1250, code=LINK)


@NEEDS_CHROMIUM
def test_a_driver_reads_the_fee_scans_the_code_and_is_wished_a_good_journey(tmp_path):
    async def story(display, port):
        signage = Signage("exit-1", Notice(NoticeKind.IDLE_EXIT), display=display)
        running = asyncio.create_task(signage.run())
        await display.show(["一路平安"])
        async with browser.opened(f"http://127.0.0.1:{port}/", tmp_path) as page:
            await page.until(lambda text: "一路平安" in text)
            signage.tell(FEE)
            await page.until(lambda text: "请付12.50元" in text)
            seen = cv2.imdecode(np.frombuffer(await page.picture(), np.uint8), cv2.IMREAD_COLOR)
            signage.tell(Notice(NoticeKind.GOODBYE, "京A12345", Reason.PAID))
            text = await page.until(lambda text: "已付款" in text)
            assert text.split() == ["京A12345", "已付款", "一路平安", "欢迎再来"]
            assert await page.value("document.querySelectorAll('svg').length") == 0
        running.cancel()
        return read_code(seen)

    link = play(story)
    assert read_ticket(link.split("t=")[1], KEY.public) == TICKET


FITS = """[...document.querySelectorAll("p.big, p.small")].every(
    (line) => line.scrollWidth <= line.clientWidth + 1
) && document.documentElement.scrollHeight <= innerHeight
  && document.documentElement.scrollWidth <= innerWidth
  && [...document.querySelectorAll("svg, p.big, p.small")].every((one) => {
    const box = one.getBoundingClientRect();
    return box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight && box.right <= innerWidth;
  })"""
FACES = (
    ["京A12345", "欢迎光临", "请入场停车", "减速慢行"],
    ["粤WMWMW港", "请付1234.56元", "请扫码付款"],
    ["京A12345", "Owe 1234.56 yuan", "Goodbye", "Drive safely"],
)


@NEEDS_CHROMIUM
def test_every_line_is_seen_whole_on_screens_of_every_shape(tmp_path):
    async def story(display, port):
        await display.show(["x"])
        async with browser.opened(f"http://127.0.0.1:{port}/", tmp_path) as page:
            for size in ((1920, 1080), (1024, 600), (800, 1280), (480, 854)):
                await page.size(*size)
                for lines in FACES:
                    for code in ("", LINK):
                        shown = display.show_code(lines, code) if code else display.show(lines)
                        await shown
                        coded = f"document.querySelectorAll('svg').length === {int(bool(code))}"
                        while (
                            await page.value(coded) is not True or lines[0] not in await page.text()
                        ):
                            await asyncio.sleep(0.02)
                        assert await page.value(FITS) is True, (size, lines, code)

    play(story)


async def _refused_once(port):
    """A browser that is refused gives up by itself: the page must not."""
    refused = asyncio.Event()

    async def refuse(_reader, writer):
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        writer.close()
        refused.set()

    async with await asyncio.start_server(refuse, "127.0.0.1", port):
        await refused.wait()
        await asyncio.sleep(0.5)


@NEEDS_CHROMIUM
def test_a_page_that_is_cut_off_says_so_shows_no_old_fee_and_comes_back_by_itself(tmp_path):
    async def run():
        chosen = settings()
        address = f"http://127.0.0.1:{chosen.port}/"
        async with lcd_page.connect(chosen) as display:
            await display.show_code(["京A12345", "请付12.50元"], LINK)
            opened = browser.opened(address, tmp_path)
            page = await opened.__aenter__()
            await page.until(lambda text: "请付12.50元" in text)
        try:
            text = await page.until(lambda text: "连接中断" in text)
            assert "No connection" in text
            assert "12.50" not in text
            await _refused_once(chosen.port)
            async with lcd_page.connect(chosen) as display:
                await display.show(["<b>欢迎光临</b>"])
                text = await page.until(lambda text: "欢迎光临" in text)
                assert text == "<b>欢迎光临</b>"
        finally:
            await opened.__aexit__(None, None, None)

    asyncio.run(asyncio.wait_for(run(), 150))
