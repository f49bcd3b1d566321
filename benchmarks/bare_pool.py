"""Worker processes without a broker: launched, spoken to and dismissed one by one.

The product's own launcher, template and channels, driven step by step, for
benchmarks of the processes themselves. Several workers may share a core here.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from supervisor.core.jobs import events as job_events
from supervisor.core.jobs.parts import sentences
from supervisor.core.jobs.request import JobRequest
from supervisor.core.machine import WorkerShape
from supervisor.core.pool import events as pool_events
from supervisor.libc import become_subreaper
from supervisor.pool.workers import Workers
from supervisor.speech import Speech
from supervisor.wire.worker import Catalogue, EngineState, Setup

_TIMEOUT_S = 60.0

Event = pool_events.Event | job_events.Event | Catalogue | str
"""What happens to workers: events for the machines, the catalogue, or why a template failed."""


class BarePool:
    """Workers of one start method with one engine. Every method blocks until it is done."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, directory: Path, method: str, engine: str
    ) -> None:
        self._loop = loop
        self._engine = engine
        self._epoch = 0
        self._events: list[Event] = []
        self._changed = asyncio.Event()
        self.catalogue: dict[str, EngineState] = {}
        self.workers = Workers(
            loop,
            directory,
            Setup((engine,), {}),
            method,
            self._note,
            self._note,
            self._learn,
            self._note,
        )
        self.workers.launcher.start()

    def launch(self, cpu: int) -> tuple[int, float]:
        """Start a worker on one core; its epoch, and seconds from the request until it is ready."""
        self._epoch += 1
        epoch = self._epoch
        started = time.perf_counter()
        launch = self.workers.effects[pool_events.Launch]
        launch(pool_events.Launch(epoch, WorkerShape(epoch, (cpu,), 1)))
        self._wait(lambda event: isinstance(event, pool_events.Ready) and event.epoch == epoch)
        return epoch, time.perf_counter() - started

    def speak(self, epoch: int, text: str) -> tuple[float, float]:
        """Speak one segment; seconds of audio, and seconds that it took."""
        state = self.catalogue[self._engine]
        request = JobRequest(
            speech=Speech(engine=self._engine, voice=state.default_voice, seed=1),
            sample_rate=state.sample_rate,
            segments=sentences(text),
        )
        started = time.perf_counter()
        run = self.workers.effects[job_events.RunSegment]
        run(
            job_events.RunSegment(
                worker=epoch,
                job="benchmark",
                segment=0,
                attempt=1,
                request=request,
                part=request.segments[0],
                number=0,
                expected_s=0.0,
            )
        )
        spoken = self._wait(
            lambda event: isinstance(event, job_events.SegmentSpoken) and event.worker == epoch
        )
        if not isinstance(spoken, job_events.SegmentSpoken):
            raise TypeError(f"the worker answered {spoken}")
        seconds = sum(map(len, spoken.pieces)) / 4 / state.sample_rate
        return seconds, time.perf_counter() - started

    def pid(self, epoch: int) -> int:
        """Process id of a worker."""
        return self.workers.by_epoch[epoch].pid

    def dismiss(self, epoch: int) -> None:
        """Let a worker go, and wait until its process is gone."""
        self.workers.effects[pool_events.Dismiss](pool_events.Dismiss(epoch))
        self._wait(lambda event: isinstance(event, pool_events.Exited) and event.epoch == epoch)

    def wait_for_template(self) -> None:
        """Wait until the engines are known (at once where there is no template)."""
        if self.workers.launcher.pid is not None:
            self._wait(lambda _event: bool(self.catalogue))

    def _learn(self, catalogue: Catalogue) -> None:
        self.catalogue = {engine.name: engine for engine in catalogue.engines}
        self._note(catalogue)

    def _note(self, event: Event) -> None:
        self._events.append(event)
        self._changed.set()

    def _wait(self, wanted: Callable[[Event], bool]) -> Event:
        return self._loop.run_until_complete(asyncio.wait_for(self._next(wanted), _TIMEOUT_S))

    async def _next(self, wanted: Callable[[Event], bool]) -> Event:
        while True:
            for event in self._events:
                if wanted(event):
                    self._events.clear()
                    return event
            self._changed.clear()
            await self._changed.wait()


@contextmanager
def bare_pool(method: str, engine: str) -> Iterator[BarePool]:
    """A pool of `method` ("forkserver" or "spawn") without any worker yet."""
    become_subreaper()
    loop = asyncio.new_event_loop()
    with tempfile.TemporaryDirectory(prefix="tts-supervisor-") as directory:
        pool = BarePool(loop, Path(directory), method, engine)
        try:
            pool.wait_for_template()
            yield pool
        finally:
            pool.workers.close()
            loop.close()
