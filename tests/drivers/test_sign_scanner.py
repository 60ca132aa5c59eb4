"""The scanner's driver against a simulated scanner, and what is a code."""

import asyncio

import pytest

from drivers.scanner import serial_scanner
from drivers.scanner.serial_scanner import Lines, code_of
from drivers.twins.signhost import PtyHost, TcpHost
from drivers.twins.signs import Silent
from gateway.ports import DeviceError


def settings_of(port, **more):
    return serial_scanner.Settings(driver="serial_scanner", port=port, baud=115200, **more)


def scan(tmp_path, *pieces, wanted, pause_s=0.01, **settings):
    """The first `wanted` codes of what a scanner sends piece by piece."""

    async def speak(host):
        await asyncio.sleep(0.05)
        for piece in pieces:
            host.send(piece if isinstance(piece, bytes) else piece.encode())
            await asyncio.sleep(pause_s)

    async def run():
        with PtyHost(Silent(), tmp_path / "scanner") as host:
            async with serial_scanner.connect(settings_of(host.port, **settings)) as scanner:
                speaking = asyncio.create_task(speak(host))
                codes = await asyncio.wait_for(first(scanner, wanted), 20)
                speaking.cancel()
                return codes

    return asyncio.run(run())


async def first(scanner, wanted):
    codes = []
    async for code in scanner.codes():
        codes.append(code)
        if len(codes) == wanted:
            break
    return codes


def test_codes_end_with_cr_or_lf_or_both(tmp_path):
    codes = scan(tmp_path, "one\r", "two\n", "three\r\n", "\r\n", "fo", "ur\r\n", wanted=4)
    assert codes == ["one", "two", "three", "four"]


def test_a_code_ends_by_silence_where_the_scanner_sends_no_end(tmp_path):
    codes = scan(tmp_path, "visit:", "42", wanted=1, silence_ms=200)
    assert codes == ["visit:42"]


def test_half_a_code_is_no_code_once_the_scanner_was_seen_to_send_ends(tmp_path):
    codes = scan(tmp_path, "whole\r\n", "half", "other\r\n", wanted=2, silence_ms=20, pause_s=0.3)
    assert codes == ["whole", "other"]


def test_a_code_that_is_held_there_is_one(tmp_path):
    codes = scan(tmp_path, *["a\r"] * 5, "b\r", "a\r", wanted=3, same_s=0.5, pause_s=0.05)
    assert codes == ["a", "b", "a"]


def test_a_code_may_come_again_after_a_while(tmp_path):
    codes = scan(tmp_path, "a\r", "a\r", wanted=2, same_s=0.1, pause_s=0.4)
    assert codes == ["a", "a"]


def test_a_chinese_code_is_read_in_utf_8_and_in_gbk(tmp_path):
    codes = scan(tmp_path, "访客一\r", "访客二\r".encode("gbk"), wanted=2)
    assert codes == ["访客一", "访客二"]


def test_512_signs_are_a_code_and_513_are_not(tmp_path):
    long, longer = "x" * 512, "y" * 513
    halves = [long[:300], long[300:] + "\r", longer[:300], longer[300:] + "\r", "end\r"]
    assert scan(tmp_path, *halves, wanted=2) == [long, "end"]


@pytest.mark.parametrize(
    "bad", ["a\x1bb", "a\u202eb", "a\u200bb", "\ufeffab", "a\tb", "a\u2066b", "a\u3000b"]
)
def test_invisible_and_turning_signs_are_refused(tmp_path, bad, caplog):
    assert scan(tmp_path, f"{bad}\r", "good\r", wanted=1) == ["good"]
    assert "a code was refused: it holds control or invisible signs" in caplog.text
    assert bad not in caplog.text


def test_noise_is_refused_and_logged_once(tmp_path, caplog):
    assert scan(tmp_path, *[b"\xff\xfe\x80\r"] * 5, "good\r", wanted=1) == ["good"]
    assert caplog.text.count("a code was refused: it is neither UTF-8 nor GBK") == 1


def test_a_flood_without_an_end_is_no_code_and_needs_no_memory():
    lines = Lines()
    for _ in range(1000):
        assert lines.fed(b"z" * 100) == []
    assert len(lines._rest) <= 4 * 512
    assert lines.fed(b"\rgood\r") == [None, b"good"]
    assert code_of(None)[1].startswith("it has more than 512 signs")


def test_more_at_once_than_is_kept_is_no_code():
    lines = Lines()
    assert lines.overrun() == []
    assert lines.fed(b"tail of it\rgood\r") == [None, b"good"]


def test_spaces_around_a_code_are_no_part_of_it():
    assert code_of(b"  42 7 ") == ("42 7", "")
    assert code_of(b"   ") == ("", "")


def test_a_scanner_is_found_again_after_its_adapter_was_out(tmp_path):
    async def run():
        with PtyHost(Silent(), tmp_path / "scanner") as host:
            async with serial_scanner.connect(settings_of(host.port)) as scanner:
                reading = asyncio.create_task(first(scanner, 1))
                await asyncio.sleep(0.05)
                host.unplug()
                with pytest.raises(DeviceError, match=r"is the adapter plugged in\?"):
                    await asyncio.wait_for(reading, 10)
                host.plug()
                return await asyncio.wait_for(again(scanner, host), 10)

    async def again(scanner, host):
        while True:
            reading = asyncio.create_task(first(scanner, 1))
            await asyncio.sleep(0.1)
            host.send(b"back\r")
            try:
                return await reading
            except DeviceError:
                continue

    assert asyncio.run(run()) == ["back"]


def test_a_code_that_comes_faster_than_it_is_kept_is_whole_or_none():
    async def run():
        async with (
            TcpHost(Silent()) as host,
            serial_scanner.connect(settings_of(host.port)) as scanner,
        ):
            reading = asyncio.create_task(first(scanner, 1))
            await asyncio.sleep(0.2)
            host.send(b"q" * 511 + b"\r\n")
            await asyncio.sleep(0.3)
            host.send(b"end\r\n")
            return await asyncio.wait_for(reading, 10)

    assert asyncio.run(run()) in (["q" * 511], ["end"])
