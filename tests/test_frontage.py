"""A lane's sign, voice and scanner as they are configured, on wires."""

import asyncio
from datetime import UTC, datetime

import pytest

from drivers.twins import signs
from drivers.twins.signhost import PtyHost
from gateway.config import LaneConfig
from gateway.frontage import Frontage
from gateway.inbox import Inbox
from gateway.lane.events import CodeSeen
from gateway.lane.states import Idle, Lane, Reading
from gateway.lane.types import Decision, Reason, Verdict, Visit

UNDECIDED = Decision(Verdict.DENY, Reason.UNDECIDED)
READING = Lane(Reading(Visit("p", datetime(2026, 11, 22, tzinfo=UTC), UNDECIDED), 1.0))
IDLE = Lane(Idle())


def lane_config(**devices):
    board = {"bus": "line-1", "slave": 1}
    barrier = {"driver": "modbus_relay", "outputs": 8, "timed_pulse_base": 512, "quantum_ms": 100}
    return LaneConfig.model_validate(
        {
            "name": "entry-1",
            "direction": "entry",
            "barrier": barrier | board | {"open_output": 1, "close_output": 2},
            "inputs": {
                "driver": "modbus_inputs",
                "first_input": 0,
                "inputs": 8,
                "arming_loop": {"channel": 3, "active": "closed"},
                "closing_loop": {"channel": 4, "active": "open"},
                **board,
            },
            **devices,
        }
    )


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


def test_sign_voice_and_scanner_work_as_configured(tmp_path):
    board, chip, inbox, told = signs.FkBoard(), signs.SpeechChip(), Inbox(), []

    async def run():
        with (
            PtyHost(board, tmp_path / "sign") as sign,
            PtyHost(chip, tmp_path / "voice") as voice,
            PtyHost(signs.Silent(), tmp_path / "scanner") as scanner,
        ):
            config = lane_config(
                display={"driver": "fk_board", "port": sign.port, "baud": 115200},
                voice={"driver": "xfs5152ce", "port": voice.port},
                scanner={"driver": "serial_scanner", "port": scanner.port},
                language="en",
            )
            frontage = Frontage(config, inbox, lambda *word: told.append(word))
            running = asyncio.create_task(frontage.run())
            await until(lambda: board.shown.get(0) == "Welcome")
            frontage.moved(IDLE, READING, ())
            await until(lambda: board.shown.get(0) == "Reading plate")
            scanner.send(b"VISIT-42\r\n")
            event = await asyncio.wait_for(inbox.get(), 10)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            return event

    assert asyncio.run(run()) == CodeSeen("VISIT-42")
    assert told == []


def test_a_lane_that_is_busy_already_is_shown_as_it_is(tmp_path):
    board = signs.FkBoard()

    async def run():
        with PtyHost(board, tmp_path / "sign") as sign:
            display = {"driver": "fk_board", "port": sign.port, "baud": 115200}
            frontage = Frontage(lane_config(display=display), Inbox(), lambda *_: None)
            frontage.moved(IDLE, READING, ())
            running = asyncio.create_task(frontage.run())
            await until(lambda: board.shown.get(0) == "正在识别")
            running.cancel()

    asyncio.run(run())


def test_a_sign_that_is_away_is_told_under_its_word(tmp_path):
    told = []

    async def run():
        display = {"driver": "fk_board", "port": str(tmp_path / "nothing")}
        frontage = Frontage(lane_config(display=display), Inbox(), lambda *word: told.append(word))
        running = asyncio.create_task(frontage.run())
        await until(lambda: told)
        running.cancel()

    asyncio.run(run())
    word, trouble = told[0]
    assert word == "signs"
    assert "is the adapter plugged in?" in trouble


def test_a_lane_without_them_has_nothing_to_run():
    asyncio.run(Frontage(lane_config(), Inbox(), lambda *_: None).run())
