"""Work is done in threads: the server listens meanwhile, and what takes too long is told so."""

import asyncio
import time

import pytest

from thalweg.serve.worker import Workers


def spin(deadline):
    while True:
        deadline.check()


def test_the_loop_goes_on_while_a_thread_computes():
    async def both():
        ticks = []

        async def tick():
            while True:
                ticks.append(None)
                await asyncio.sleep(0.001)

        def until_ticked(deadline):
            while len(ticks) < 20:  # for ever, if the loop stood still
                deadline.check()
            return "ticked"

        ticking = asyncio.create_task(tick())
        told = await Workers(1, 20).run(until_ticked)
        ticking.cancel()
        return told

    assert asyncio.run(both()) == "ticked"


def test_what_takes_too_long_is_told_so():
    with pytest.raises(TimeoutError, match=r"longer than 0\.1 s"):
        asyncio.run(Workers(1, 0.1).run(spin))


def test_a_result_and_an_error_come_back_as_they_are():
    async def both():
        workers = Workers(1, 10)
        assert await workers.run(lambda deadline: 42) == 42
        with pytest.raises(KeyError, match="lost"):
            await workers.run(lambda deadline: {}["lost"])
        return await workers.run(lambda deadline: "still there")

    assert asyncio.run(both()) == "still there"


def test_who_goes_away_frees_the_thread():
    async def leave():
        workers = Workers(1, 60)
        waiting = asyncio.create_task(workers.run(spin))
        behind = asyncio.create_task(workers.run(lambda deadline: "next"))
        await asyncio.sleep(0.1)
        assert not behind.done()
        waiting.cancel()
        return await asyncio.wait_for(behind, 30)

    assert asyncio.run(leave()) == "next"


def test_the_time_spent_waiting_for_a_thread_does_not_count():
    async def queue():
        workers = Workers(1, 1.5)

        def nap(deadline):
            time.sleep(0.6)
            deadline.check()
            return True

        return await asyncio.gather(*(workers.run(nap) for _ in range(3)))

    assert asyncio.run(queue()) == [True] * 3
