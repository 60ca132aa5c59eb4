"""A board is told by what it answers to readings, and every profile that is named is there."""

import asyncio

import pytest

from drivers.twins.line import PtyLine
from gateway.probe.plan import Effort
from gateway.probe.rig import PACKAGED, profile_names
from gateway.probe.scan import Scanner
from gateway.probe.words import ANY_SLAVE, Framing, Setting
from tests.probe.lines import FAST_BAUD, Alias, Registers, Server, quick, scanned

BITS = (0,) * 16
E1214 = {
    (1, 0): BITS[:6],
    (1, 16): BITS[:6],
    (2, 0): BITS[:6],
    (2, 4112): (0,),
    (4, 48): (5,),
    (3, 32): (0,),
}
ADAM_6060 = {(1, 16): BITS[:6], (2, 0): BITS[:6], (3, 210): (0x6060, 0)}
ADAM_UNNAMED = {(1, 16): BITS[:6], (2, 0): BITS[:6]}
ZLAN_6042 = {(1, 16): BITS[:4], (2, 0): BITS[:4], (4, 0): (512,)}
R4D8B08 = {(3, 1): (0, 1, 0, 0, 0, 0, 0, 0), (3, 0): (1,)}
N4D8B08 = R4D8B08 | {(3, 0x81): (0,) * 8}
DAM_0404 = {(1, 0): BITS[:4], (2, 0): BITS[:4]}
CAME = {(3, 100): (17, 0), (3, 0): (1,)}
WAVESHARE_16 = {(1, 0): BITS, (3, 0x8000): (210,), (3, 0x1000): BITS[:8], (3, 0x4000): (1,)}


@pytest.mark.parametrize(
    ("known", "like", "why", "profile"),
    [
        (E1214, "Moxa ioLogik E1214", "safe-mode flag", "barrier/moxa-iologik-e1214"),
        (ADAM_6060, "Advantech ADAM-6060", "name it: 6060", "barrier/advantech-adam-6060"),
        (ADAM_UNNAMED, "Advantech ADAM-60xx", "coils from 16", "barrier/advantech-adam-6066"),
        (ZLAN_6042, "ZLAN 6042", "analogue inputs", "barrier/zlan-6042"),
        (R4D8B08, "eletechsup R4D8B08", "knows no coils", "barrier/eletechsup-r4d8b08"),
        (N4D8B08, "eletechsup N4D8B08", "from 0x0081", "inputs/eletechsup-n4d8b08"),
        (DAM_0404, "a plain relay board", "4 relays", "barrier/juying-dam-0404"),
        (CAME, "CAME GARD PTX", r"reads 17 (closed)", "barrier/came-gard-ptx"),
        (WAVESHARE_16, "Waveshare Modbus relay board, 16", "V2.10", "barrier/waveshare-relay-16ch"),
    ],
)  # fmt: skip
def test_a_board_looks_like_what_it_is(known, like, why, profile):
    with PtyLine(FAST_BAUD) as line:
        line.attach(Registers(1, known))
        (device,) = scanned(
            line.port, [quick((1, 2), wait_s=0.1)], Effort.FULL, profile_names()
        ).devices
    look = device.looks[0]
    assert look.like.startswith(like)
    assert why in look.why
    assert profile in look.profiles


def test_a_clone_that_also_answers_at_254_is_told_so():
    with PtyLine(FAST_BAUD) as line:
        board = Registers(1, DAM_0404)
        line.attach(AnyAddress(board))
        (device,) = scanned(
            line.port, [quick((1, ANY_SLAVE))], Effort.FULL, profile_names()
        ).devices
    assert "also answers at address 254" in device.looks[-1].why


class AnyAddress(Alias):
    def __init__(self, known):
        super().__init__(known, ANY_SLAVE)


def test_what_is_like_nothing_known_is_still_found():
    with PtyLine(FAST_BAUD) as line:
        line.attach(Registers(1, {(3, 0): (7,)}))
        (device,) = scanned(line.port, [quick((1,))], Effort.FULL, profile_names()).devices
    assert device.looks == ()


def test_only_profiles_that_exist_are_named():
    async def story():
        server = Server([Registers(1, ZLAN_6042)], Framing.TCP)
        async with server.listening() as port:
            scanner = Scanner("127.0.0.1", profile_names(), lambda *_: None)
            step = quick((1,), setting=Setting(Framing.TCP, tcp_port=port), wait_s=0.1)
            await scanner.run([step], Effort.FULL)
            return scanner.devices

    (device,) = asyncio.run(story())
    names = [name for look in device.looks for name in look.profiles]
    assert "inputs/zlan-6042" in names
    assert all((PACKAGED / f"{name}.yaml").is_file() for name in names)
