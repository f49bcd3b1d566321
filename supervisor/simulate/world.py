"""Workers and their queue under a virtual clock: what `supervisor.pool` and the broker are live.

The worker-slot machine is the real one (`core.pool`); its commands take the time
that they take: a fork, a session build beside the old session, a drain. The queue
is first come, first served, one segment per worker.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

from supervisor.config.sections.pool import Pool as Section
from supervisor.core.allocation.time_mean import TimeMean
from supervisor.core.machine import WorkerShape
from supervisor.core.pool import events as e
from supervisor.core.pool.machine import Pool
from supervisor.pool.policies import health_policy, restart_policy
from supervisor.simulate.scenario import EngineModel
from supervisor.simulate.workload import Arrival


class _Finished(NamedTuple):
    """A worker (by epoch) has spoken its segment, for which it used `rate` of `wanted` cores."""

    worker: int
    rate: float
    wanted: float


class _Worker:
    """One process. It speaks in `shape` until the session for `next_shape` is built."""

    def __init__(self, epoch: int, shape: WorkerShape) -> None:
        self.epoch = epoch
        self.shape = shape
        self.next_shape = shape
        self.generation = 1
        self.started = False
        self.busy = False
        self.retiring = False


class Observed(NamedTuple):
    """What a monitor would read: CPU seconds used and wanted since the last look, and the queue."""

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
    """Give it arrivals and targets, let time pass with `advance`, and `look`."""

    def __init__(self, engine: EngineModel, foreign: Mapping[int, float]) -> None:
        self.pool = Pool(restart_policy(Section()), health_policy(Section()))
        self.waits: list[float] = []
        """Seconds that each started segment had waited, in order of start."""
        self.rebuilds = 0
        self.core_seconds = 0.0
        """Leased cores × time."""
        self._engine = engine
        self._foreign = foreign
        self._queue: deque[Arrival] = deque()
        self._workers: dict[int, _Worker] = {}
        self._idle: list[tuple[int, int]] = []
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
        self._running = 0
        self._finished = 0
        self._ran = TimeMean(0.0)

    def submit(self, arrival: Arrival) -> None:
        """A segment comes in now; the clock must have been advanced to its time."""
        self._queue.append(arrival)
        if self._idle:
            self._dispatch()

    def retarget(self, shapes: tuple[WorkerShape, ...]) -> None:
        """Workers wanted from now on."""
        self._tell(e.Target(self._now, shapes))

    def advance(self, until: float) -> None:
        """Let everything happen that is due by `until`."""
        while self._events and self._events[0][0] <= until:
            at, _, event = heapq.heappop(self._events)
            self._pass(at)
            if isinstance(event, _Finished):
                self._finish(event)
            else:
                self._tell(event)
        self._pass(until)

    def look(self) -> Observed:
        """Read and reset the CPU time used and wanted."""
        used, self._used_s = self._used_s, 0.0
        wanted, self._wanted_s = self._wanted_s, 0.0
        finished, self._finished = self._finished, 0
        building = self._building_until > self._looked_at
        self._looked_at = self._now
        busy = [worker for worker in self._workers.values() if worker.busy]
        if not busy:
            self._rate = self._wanted = 0.0  # what rounding has left over
        ready = sum(each.started and not each.retiring for each in self._workers.values())
        ran = self._ran.take(self._now)
        return Observed(
            used,
            max(used, wanted),
            self._leased,
            self._now - self._queue[0].time_s if self._queue else 0.0,
            len(self._queue),
            len(busy),
            max(0.0, ready - ran),
            finished,
            ran + len(self._queue),
            frozenset(worker.shape.slot for worker in busy),
            building,
        )

    def waiting_since(self, now: float) -> list[float]:
        """Seconds that each segment without a worker has waited."""
        return [now - arrival.time_s for arrival in self._queue]

    def _pass(self, at: float) -> None:
        elapsed = at - self._now
        self._used_s += self._rate * elapsed
        self._wanted_s += self._wanted * elapsed
        self.core_seconds += self._leased * elapsed
        self._now = at

    def _later(self, delay: float, event: e.Event | _Finished) -> None:
        self._counter += 1
        heapq.heappush(self._events, (self._now + delay, self._counter, event))

    # -- the pool's commands ----------------------------------------------------------------

    def _tell(self, event: e.Event) -> None:
        if isinstance(event, e.Ready):
            self._started(event.epoch)
        elif isinstance(event, e.Reshaped):
            worker = self._workers[event.epoch]
            worker.shape = worker.next_shape
        elif isinstance(event, e.Exited):
            self._workers.pop(event.epoch, None)
        for command in self.pool.handle(event):
            self._carry_out(command)
        self._leased = len(self.pool.held)
        self._dispatch()

    def _carry_out(self, command: e.Command) -> None:
        if isinstance(command, e.Launch):
            self._workers[command.epoch] = _Worker(command.epoch, command.shape)
            build_s = self._engine.session_build_s if command.shape.threads > 1 else 0.0
            delay = self._engine.start_s + build_s
            self._building_until = self._now + delay
            self._later(delay, e.Ready(self._now + delay, command.epoch, 1))
        elif isinstance(command, e.Reshape):
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
            self._later(delay, done)
        elif isinstance(command, e.Retire):
            worker = self._workers[command.epoch]
            worker.retiring = True
            if not worker.busy:
                self._freed(worker)
        elif isinstance(command, e.Dismiss | e.Kill):
            self._later(0.0, e.Exited(self._now, command.epoch, "dismissed", 0.0))

    def _started(self, epoch: int) -> None:
        worker = self._workers.get(epoch)
        if worker is not None and not worker.retiring:
            worker.started = True
            heapq.heappush(self._idle, (worker.shape.slot, epoch))

    def _freed(self, worker: _Worker) -> None:
        self._later(0.0, e.Freed(self._now, worker.epoch))

    # -- segments ---------------------------------------------------------------------------

    def _dispatch(self) -> None:
        while self._queue and self._idle:
            _, epoch = heapq.heappop(self._idle)
            worker = self._workers.get(epoch)
            if worker is None or worker.retiring or worker.busy:
                continue
            arrival = self._queue.popleft()
            self.waits.append(self._now - arrival.time_s)
            worker.busy = True
            self._set_running(self._running + 1)
            wanted = self._engine.speedup(worker.shape.threads)
            rate = wanted * self._left(worker.shape)
            self._rate += rate
            self._wanted += wanted
            work = arrival.characters * self._engine.seconds_per_character
            self._later(work / rate, _Finished(epoch, rate, wanted))

    def _left(self, shape: WorkerShape) -> float:
        """The share of the CPU time that it wants which a worker gets: strangers take theirs."""
        taken = sum(self._foreign.get(cpu, 0.0) for cpu in shape.cpus) / len(shape.cpus)
        return max(0.05, 1.0 - taken)

    def _set_running(self, segments: int) -> None:
        self._running = segments
        self._ran.observe(self._now, segments)

    def _finish(self, event: _Finished) -> None:
        self._rate -= event.rate
        self._wanted -= event.wanted
        worker = self._workers[event.worker]
        worker.busy = False
        self._finished += 1
        self._set_running(self._running - 1)
        if worker.retiring:
            self._freed(worker)
            return
        heapq.heappush(self._idle, (worker.shape.slot, worker.epoch))
        if self._queue:
            self._dispatch()
