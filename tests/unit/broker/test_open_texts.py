"""Open texts on a real event loop: one that nobody goes on with ends, also if the disk is full."""

from __future__ import annotations

import asyncio

from supervisor.broker.cutting import Turns
from supervisor.broker.open_texts import OpenTexts
from supervisor.core.jobs import events as e
from supervisor.core.jobs.job import Job
from supervisor.core.jobs.request import JobRequest, Unread
from supervisor.speech import Speech

REQUEST = JobRequest(
    speech=Speech(engine="e", voice="v"), sample_rate=24_000, segments=(), durable=True, open=True
)


def test_an_end_that_the_journal_could_not_take_is_asked_for_again() -> None:
    """Whoever wrote the text does not come back, so nothing else would ask for it."""

    async def story() -> None:
        loop = asyncio.get_running_loop()
        job = Job("j", REQUEST, owner="o", flow="f", now=loop.time())
        job.written = 3
        ends: asyncio.Queue[e.Event] = asyncio.Queue()
        texts = OpenTexts(loop, Turns(loop), ends.put_nowait, {"j": job}.get, lambda: 0.01)
        texts.go_on(job, lambda: None, 100, Unread(b"Hey", 0, 3))
        for _ in range(2):
            end = await ends.get()
            assert isinstance(end, e.TextWritten)
            assert (end.at, end.last) == (3, True)

    asyncio.run(asyncio.wait_for(story(), 20.0))
