import asyncio
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.storyteller.virtual_time import START_S, StalledError, VirtualClock, run

LIMIT_S = 20.0


def now() -> float:
    return asyncio.get_running_loop().time()


def test_a_day_takes_no_time_and_every_timer_rings_at_its_hour():
    async def story():
        rung = []
        for hours in (24, 1, 12):
            asyncio.get_running_loop().call_later(hours * 3600, lambda h=hours: rung.append(h))
        await asyncio.sleep(24 * 3600 + 1)
        return rung, now()

    started = time.monotonic()
    assert run(story()) == ([1, 12, 24], START_S + 24 * 3600 + 1)
    assert time.monotonic() - started < LIMIT_S


def test_a_time_out_strikes_at_its_time_and_not_before():
    async def story():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await asyncio.Event().wait()
        return now()

    assert run(story()) == START_S + 5


def test_the_clock_stands_still_while_a_thread_works():
    async def story():
        with ThreadPoolExecutor(1) as pool:
            working = asyncio.get_running_loop().run_in_executor(pool, time.sleep, 0.1)
            async with asyncio.timeout(0.01):
                await working
        await asyncio.to_thread(time.sleep, 0.05)
        return now()

    assert run(story()) == START_S


def test_the_answer_of_a_thread_comes_before_the_next_timer():
    async def story():
        asyncio.get_running_loop().call_later(1, lambda: None)
        for _ in range(2000):
            await asyncio.to_thread(lambda: None)
        return now()

    assert run(story()) == START_S


def test_the_clock_stands_still_also_for_a_thread_that_nobody_waits_for_any_more():
    async def story():
        done = []
        with ThreadPoolExecutor(1) as pool:

            def work():
                time.sleep(0.1)
                done.append(True)

            asyncio.get_running_loop().run_in_executor(pool, work).cancel()
            second = asyncio.get_running_loop().run_in_executor(pool, work)
            await asyncio.sleep(0)
            second.cancel()
            await asyncio.sleep(3600)
        return len(done)

    assert run(story()) >= 1


def test_a_thread_s_error_reaches_the_one_who_waits():
    async def story():
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 / 0)
        await asyncio.sleep(1)
        return now()

    assert run(story()) == START_S + 1


def test_a_socket_that_is_ready_comes_before_a_timer():
    async def story():
        mine, theirs = socket.socketpair()
        with mine, theirs:
            mine.settimeout(0)
            theirs.send(b"now")
            async with asyncio.timeout(0.001):
                return await asyncio.get_running_loop().sock_recv(mine, 3)

    assert run(story()) == b"now"


def test_a_story_in_which_nothing_can_happen_any_more_ends_with_a_sentence():
    async def story():
        await asyncio.Event().wait()

    with pytest.raises(StalledError, match="nobody has a timer"):
        run(story(), patience_s=0.1)


def test_a_thread_that_hangs_ends_with_a_sentence():
    async def story():
        await asyncio.to_thread(time.sleep, 0.5)

    with pytest.raises(StalledError, match="a thread"):
        run(story(), patience_s=0.1)


def test_the_wall_clock_may_be_set_and_monotonic_time_does_not_care():
    async def story():
        clock = VirtualClock()
        before = clock()
        clock.stepped_s = -3600
        await asyncio.sleep(10)
        after = clock()
        return (
            after.mono - before.mono,
            (after.wall - before.wall).total_seconds(),
            {
                len(before.fresh_id),
                before.fresh_id == after.fresh_id,
            },
        )

    assert run(story()) == (10, -3590, {32, False})
