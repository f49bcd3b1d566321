"""Workers of one engine without a supervisor: given commands, and waited for.

The processes, their sockets, their pinning and the template are the pool's own
(`supervisor.pool.workers`); the benchmark decides in the place of the core.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Self

from supervisor.core.jobs import events as job_events
from supervisor.core.jobs.parts import Part
from supervisor.core.jobs.request import JobRequest
from supervisor.core.machine import WorkerShape
from supervisor.core.pool import events as pool_events
from supervisor.pool.process_stats import cpu_seconds, private_bytes, pss_bytes
from supervisor.pool.workers import Workers
from supervisor.speech import Speech
from supervisor.wire.worker import Catalogue, EngineState, Setup, Shaped

ANSWER_S = 120.0
"""Seconds that a template may load, a session be built or a segment be spoken: then it hangs."""

_END_S = 2.0


class BenchError(Exception):
    """The measurement is impossible; the message is one line that says why."""


class Crew:
    """Async context of a group of workers; leaves no process behind. Only `engine` is loaded.

    Every method that waits raises BenchError when a process ends, refuses or hangs.
    """

    def __init__(self, engine: str, setup: Setup, logs: Path, start_method: str) -> None:
        self.engine = engine
        self._loop = asyncio.get_running_loop()
        self._epoch = 0
        self._waiting: dict[int, asyncio.Future[float]] = {}
        """By worker (epoch): the answer to its command."""
        self._left = asyncio.Event()
        """Set while there is no worker."""
        self._left.set()
        self._catalogue: asyncio.Future[EngineState] = self._loop.create_future()
        self._workers = Workers(
            self._loop,
            logs,
            Setup((engine,), setup.settings),
            start_method,
            self._of_pool,
            self._of_jobs,
            self._of_catalogue,
            self._failed,
        )

    async def __aenter__(self) -> Self:
        """Start the template. Raises BenchError."""
        try:
            self._workers.launcher.start()
        except OSError as error:
            self._workers.close()
            raise BenchError(f"{self.engine}: cannot start a process: {error.strerror}") from None
        return self

    async def __aexit__(self, *_: object) -> None:
        """Dismiss the workers, kill what stays; the template ends with its channel."""
        try:
            for epoch in list(self._workers.by_epoch):
                self._do(pool_events.Dismiss(epoch))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._left.wait(), _END_S)
        finally:
            self._workers.close()
            if self._catalogue.done():
                self._catalogue.exception()  # Raised by now, or of no interest any more.

    async def launch(self, shape: WorkerShape) -> int:
        """Start a worker; returns its epoch when it is ready."""
        self._epoch += 1
        self._left.clear()
        await self._answer(self._epoch, pool_events.Launch(self._epoch, shape))
        if not self._catalogue.done():
            await asyncio.wait_for(asyncio.shield(self._catalogue), ANSWER_S)
        self._catalogue.result()
        return self._epoch

    async def reshape(self, worker: int, shape: WorkerShape) -> Shaped:
        """Give a worker other cores and threads; returns its `Shaped` message."""
        await self._answer(worker, pool_events.Reshape(worker, shape))
        shaped = self._workers.by_epoch[worker].shaped
        if shaped is None or shaped.affinities not in {(shape.cpus,), ((),)}:
            raise BenchError(f"{self.engine}: the threads are not on the cores {shape.cpus}")
        return shaped

    async def speak(self, worker: int, text: str) -> float:
        """Speak one segment; returns the worker's own seconds for it."""
        state, part = self._catalogue.result(), Part(text)
        request = JobRequest(
            speech=Speech(engine=self.engine, voice=state.default_voice),
            sample_rate=next(
                (v.sample_rate for v in state.voices if v.name == state.default_voice),
                state.sample_rate,
            ),
            segments=(part,),
        )
        run = job_events.RunSegment(
            worker=worker,
            job="bench",
            segment=0,
            attempt=1,
            request=request,
            part=part,
            number=0,
            expected_s=0.0,
        )
        return await self._answer(worker, run)

    def pss_mb(self, worker: int) -> float | None:
        """Proportional set size in 10^6 bytes; None where the kernel does not tell."""
        size = pss_bytes(self._workers.by_epoch[worker].pid)
        return None if size is None else size / 1e6

    def cpu_seconds(self) -> float:
        """CPU time that all workers have used."""
        workers = self._workers.by_epoch.values()
        return sum(cpu_seconds(worker.pid) or 0.0 for worker in workers)

    def private_bytes(self, worker: int) -> int:
        """Memory that one more worker like this one would take."""
        return private_bytes(self._workers.by_epoch[worker].pid)

    async def _answer(
        self, worker: int, command: pool_events.Command | job_events.RunSegment
    ) -> float:
        if self._catalogue.done() and (error := self._catalogue.exception()) is not None:
            raise error
        future = self._waiting[worker] = self._loop.create_future()
        self._do(command)
        try:
            return await asyncio.wait_for(future, ANSWER_S)
        except TimeoutError:
            raise BenchError(f"{self.engine}: no answer for {ANSWER_S:g} s") from None
        finally:
            self._waiting.pop(worker, None)

    def _do(self, command: pool_events.Command | job_events.RunSegment) -> None:
        self._workers.effects[type(command)](command)

    def _settle(self, worker: int, outcome: float | str) -> None:
        future = self._waiting.get(worker)
        if future is None or future.done():
            return
        if isinstance(outcome, str):
            future.set_exception(BenchError(f"{self.engine}: {outcome}"))
        else:
            future.set_result(outcome)

    def _of_pool(self, event: pool_events.Event) -> None:
        match event:
            case pool_events.Ready(epoch=epoch):
                self._settle(epoch, 0.0)
            case pool_events.Reshaped(epoch=epoch, error=error):
                self._settle(epoch, 0.0 if error is None else error)
            case pool_events.NotStarted(epoch=epoch, reason=reason):
                self._settle(epoch, reason)
            case pool_events.Exited(epoch=epoch, reason=reason):
                self._settle(epoch, f"a worker ended: {reason}")
                if not self._workers.by_epoch:
                    self._left.set()
            case _:
                pass

    def _of_jobs(self, event: job_events.Event) -> None:
        match event:
            case job_events.SegmentSpoken(worker=worker, synthesis_s=seconds):
                self._settle(worker, seconds)
            case job_events.SegmentRefused(worker=worker, message=message):
                self._settle(worker, message)
            case _:
                pass

    def _of_catalogue(self, catalogue: Catalogue) -> None:
        if self._catalogue.done():
            return
        state = next((each for each in catalogue.engines if each.name == self.engine), None)
        if state is None:
            known = ", ".join(each.name for each in catalogue.engines)
            self._failed(f"there is no such engine; installed are: {known}")
        elif state.unavailable is not None:
            self._failed(state.unavailable)
        else:
            self._catalogue.set_result(state)

    def _failed(self, reason: str) -> None:
        error = BenchError(f"{self.engine}: {reason}")
        if not self._catalogue.done():
            self._catalogue.set_exception(error)
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(error)
