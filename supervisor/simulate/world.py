"""Simulated workers and clients under a virtual clock, for `supervisor.pool` and the broker.

The machine of worker slots is the real one (`core.pool`); its commands take the time that they
take: a fork, a session build beside the old session, a drain. So is the job machine (`core.jobs`):
it decides on admission, order and deadlines. Each arrival is a job of one segment, with the events
that the broker would make of it; its client takes audio as it comes, so none is held back, and what
is refused is not submitted again.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from supervisor.config.sections.pool import Pool as Section
from supervisor.core.allocation.time_mean import TimeMean
from supervisor.core.jobs import events as j
from supervisor.core.jobs.limits import Bounds
from supervisor.core.jobs.machine import Jobs
from supervisor.core.jobs.parts import sentences
from supervisor.core.jobs.request import JobRequest
from supervisor.core.machine import WorkerShape
from supervisor.core.pool import events as e
from supervisor.core.pool.machine import Pool
from supervisor.pool.policies import health_policy, restart_policy
from supervisor.simulate.scenario import DEFAULT_BOUNDS, EngineModel
from supervisor.simulate.workload import Arrival
from supervisor.speech import Speech

_ENGINE = "simulated"
_RATE = 24_000
_CREDIT = 1 << 40
"""Bytes: more than a client can be sent."""

_SILENCE = (b"",)
"""The audio of a segment: it does not matter here."""


class _Run(NamedTuple):
    """Segment that a worker speaks since `began`, with `rate` of the `wanted` cores."""

    command: j.RunSegment
    began: float
    rate: float
    wanted: float


class _Finished(NamedTuple):
    """End of a segment at a worker; `spoken` is False for an interrupted one."""

    worker: _Worker
    run: _Run
    spoken: bool = True


class _Worker:
    """One process. It speaks in `shape` until the session for `next_shape` is built."""

    def __init__(self, epoch: int, shape: WorkerShape) -> None:
        self.epoch = epoch
        self.shape = shape
        self.next_shape = shape
        self.generation = 1
        self.run: _Run | None = None


class Reading(NamedTuple):
    """Reading of a monitor: CPU seconds used and wanted since the last look, and the queue."""

    used_s: float
    wanted_s: float
    leased: int
    backlog_s: float
    waiting: int
    running: int
    idle: float
    """Workers without a segment, on average since the last look."""
    finished: int
    demand: float
    """Segments running, on average since the last look, and waiting now."""
    busy_slots: frozenset[int]
    building: bool


class World:
    """Simulated pool: takes arrivals and targets, advances in time, and is observed by `look`."""

    def __init__(
        self, engine: EngineModel, foreign: Mapping[int, float], bounds: Bounds = DEFAULT_BOUNDS
    ) -> None:
        self.pool = Pool(restart_policy(Section()), health_policy(Section()))
        self.jobs = Jobs(bounds)
        costs = {_ENGINE: engine.seconds_per_character}
        self.jobs.handle(j.CostsExpected(0.0, {}, costs))
        self.waits: list[float] = []
        """Seconds that each started segment had waited, in order of start."""
        self.arrivals: list[float] = []
        """When each of these had arrived."""
        self.rebuilds = 0
        self.core_seconds = 0.0
        """Leased cores × time."""
        self._engine = engine
        self._foreign = foreign
        self._arrived: dict[str, float] = {}
        """Arrival times of the jobs that no worker has yet."""
        self._work: dict[str, float] = {}
        """Core-seconds on one thread of each job."""
        self._workers: dict[int, _Worker] = {}
        self._events: list[tuple[float, int, e.Event | _Finished]] = []
        self._counter = 0
        self._now = 0.0
        self._rate = 0.0
        self._wanted = 0.0
        self._used_s = 0.0
        self._wanted_s = 0.0
        self._leased = 0
        self._building_until = 0.0
        self._looked_at = 0.0
        self._submitted = 0
        self._spoken = 0
        self._ran = TimeMean(0.0)
        self._effects: dict[type, Callable[[Any], object]] = {
            e.Launch: self._launch,
            e.Employ: lambda command: self._tell_jobs(j.WorkerReady(self._now, command.epoch)),
            e.Reshape: self._reshape,
            e.Retire: lambda command: self._tell_jobs(j.WorkerRetired(self._now, command.epoch)),
            e.Dismiss: self._end,
            e.Kill: self._end,
            j.RunSegment: self._run,
            j.InterruptSegment: self._interrupt,
            j.ReleaseEnd: self._ended,
            j.ReleaseFailure: self._ended,
            j.ReleaseRefusal: lambda command: self._forget(command.reference),
            j.WorkerFree: lambda command: self._schedule(0.0, e.Freed(self._now, command.worker)),
        }
        """Effects of commands; the others have none here."""

    def submit(self, arrival: Arrival) -> None:
        """Submit a segment now; the clock must have been advanced to its time."""
        self._submitted += 1
        job = str(self._submitted)
        self._arrived[job] = self._now
        self._work[job] = arrival.characters * self._engine.seconds_per_character
        client = arrival.client or job
        deadline = None if arrival.deadline_s is None else self._now + arrival.deadline_s
        request = JobRequest(
            speech=Speech(engine=_ENGINE, voice=""),
            sample_rate=_RATE,
            segments=sentences(_text(arrival.characters)),
            priority=arrival.priority,
            deadline=deadline,
        )
        self._tell_jobs(
            j.Submitted(
                now=self._now,
                job=job,
                owner=client,
                client=client.encode(),
                request=request,
                credit=_CREDIT,
                reference=job,
            )
        )

    def configure(self, bounds: Bounds) -> None:
        """Set the bounds on what may wait from now on."""
        self._tell_jobs(j.Configured(self._now, bounds))

    def retarget(self, shapes: tuple[WorkerShape, ...]) -> None:
        """Set the workers wanted from now on."""
        self._tell_pool(e.Target(self._now, shapes))

    def advance(self, until: float) -> None:
        """Process everything that is due by `until`."""
        while self._events and self._events[0][0] <= until:
            at, _, event = heapq.heappop(self._events)
            self._pass_time(at)
            if isinstance(event, _Finished):
                self._finish(event)
            else:
                self._tell_pool(event)
        self._pass_time(until)

    def look(self) -> Reading:
        """Check deadlines; read and reset the CPU time used and wanted."""
        self._tell_jobs(j.Tick(self._now))
        used, self._used_s = self._used_s, 0.0
        wanted, self._wanted_s = self._wanted_s, 0.0
        spoken = self.jobs.counts["spoken"]
        finished, self._spoken = spoken - self._spoken, spoken
        building = self._building_until > self._looked_at
        self._looked_at = self._now
        busy = [worker for worker in self._workers.values() if worker.run is not None]
        if not busy:
            self._rate = self._wanted = 0.0  # what rounding has left over
        ready = len(busy) + sum(map(self.jobs.is_idle, self._workers))
        ran = self._ran.take(self._now)
        # As `jobs.waiting_segments` and `jobs.oldest_wait` say, which look at every job.
        waiting = len(self._arrived)
        oldest = next(iter(self._arrived.values()), self._now)
        return Reading(
            used_s=used,
            wanted_s=max(used, wanted),
            leased=self._leased,
            backlog_s=self._now - oldest,
            waiting=waiting,
            running=len(busy),
            idle=max(0.0, ready - ran),
            finished=finished,
            demand=ran + waiting,
            busy_slots=frozenset(worker.shape.slot for worker in busy),
            building=building,
        )

    @property
    def waiting_since(self) -> list[float]:
        """When each segment without a worker arrived."""
        return [*self._arrived.values()]

    def _pass_time(self, at: float) -> None:
        elapsed = at - self._now
        self._used_s += self._rate * elapsed
        self._wanted_s += self._wanted * elapsed
        self.core_seconds += self._leased * elapsed
        self._now = at

    def _schedule(self, delay: float, event: e.Event | _Finished) -> None:
        self._counter += 1
        heapq.heappush(self._events, (self._now + delay, self._counter, event))

    # -- the machines, and what their commands come to --------------------------------------

    def _tell_jobs(self, event: j.Event) -> None:
        for command in self.jobs.handle(event):
            self._carry_out(command)
        self._ran.observe(self._now, self.jobs.running_segments)

    def _tell_pool(self, event: e.Event) -> None:
        if isinstance(event, e.Reshaped):
            worker = self._workers[event.epoch]
            worker.shape = worker.next_shape
        elif isinstance(event, e.Exited):
            self._workers.pop(event.epoch, None)
            self._tell_jobs(j.WorkerLost(self._now, event.epoch, event.reason))
        for command in self.pool.handle(event):
            self._carry_out(command)
        self._leased = len(self.pool.core_holders)

    def _carry_out(self, command: j.Command | e.Command) -> None:
        effect = self._effects.get(type(command))
        if effect is not None:
            effect(command)

    def _launch(self, command: e.Launch) -> None:
        self._workers[command.epoch] = _Worker(command.epoch, command.shape)
        build_s = self._engine.session_build_s if command.shape.threads > 1 else 0.0
        delay = self._engine.start_s + build_s
        self._building_until = self._now + delay
        self._schedule(delay, e.Ready(self._now + delay, command.epoch, 1))

    def _reshape(self, command: e.Reshape) -> None:
        worker = self._workers[command.epoch]
        delay = 0.0
        if worker.shape.threads != command.shape.threads:
            delay = self._engine.session_build_s
            self.rebuilds += 1
            self._used_s += delay
            self._wanted_s += delay
            self._building_until = self._now + delay
            worker.generation += 1
        worker.next_shape = command.shape
        done = e.Reshaped(
            self._now + delay, command.epoch, command.shape.threads, worker.generation
        )
        self._schedule(delay, done)

    def _end(self, command: e.Dismiss | e.Kill) -> None:
        self._schedule(0.0, e.Exited(self._now, command.epoch, "dismissed", 0.0))

    # -- segments ---------------------------------------------------------------------------

    def _run(self, command: j.RunSegment) -> None:
        arrived = self._arrived.pop(command.job, None)
        if arrived is not None:  # It may have run before, and given way.
            self.arrivals.append(arrived)
            self.waits.append(self._now - arrived)
        worker = self._workers[command.worker]
        wanted = self._engine.speedup(worker.shape.threads)
        rate = wanted * self._left(worker.shape)
        worker.run = run = _Run(command, self._now, rate, wanted)
        self._rate += rate
        self._wanted += wanted
        self._schedule(self._work[command.job] / rate, _Finished(worker, run))

    def _interrupt(self, command: j.InterruptSegment) -> None:
        worker = self._workers[command.worker]
        if worker.run is not None:
            self._schedule(0.0, _Finished(worker, worker.run, spoken=False))

    def _left(self, shape: WorkerShape) -> float:
        """Share of the CPU time that a worker wants which it gets: other programs take the rest."""
        taken = sum(self._foreign.get(cpu, 0.0) for cpu in shape.cpus) / len(shape.cpus)
        return max(0.05, 1.0 - taken)

    def _finish(self, event: _Finished) -> None:
        worker, run = event.worker, event.run
        if worker.run is not run:  # It was interrupted before.
            return
        worker.run = None
        self._rate -= run.rate
        self._wanted -= run.wanted
        command = run.command
        if event.spoken:
            answer: j.Event = j.SegmentSpoken(
                now=self._now,
                worker=worker.epoch,
                job=command.job,
                segment=command.segment,
                attempt=command.attempt,
                pieces=_SILENCE,
                synthesis_s=self._now - run.began,
            )
        else:
            answer = j.SegmentRefused(
                now=self._now,
                worker=worker.epoch,
                job=command.job,
                segment=command.segment,
                attempt=command.attempt,
                message="interrupted",
                interrupted=True,
            )
        self._tell_jobs(answer)

    def _ended(self, command: j.ReleaseEnd | j.ReleaseFailure) -> None:
        self._forget(command.job)

    def _forget(self, job: str) -> None:
        self._arrived.pop(job, None)
        self._work.pop(job, None)


def _text(characters: float) -> str:
    """A text of that length, to the character; at least a letter."""
    return "a" * max(1, round(characters))
