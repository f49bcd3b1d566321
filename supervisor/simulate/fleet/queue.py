"""The common queue and its stores as they are simulated: at least once, in order, with priorities.

It takes each job until it is acknowledged, by whomever; gives it to another when its lease was not
lengthened, by whomever; and serves waiting pulls by their priority. Outcomes are written once. The
ledger at the same place checks what the fleet promises, at the moment when it would be broken.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING

from supervisor.core.fleet import events as e
from supervisor.simulate.fleet.clockwork import Clockwork

if TYPE_CHECKING:
    from supervisor.simulate.fleet.host import SimulatedHost

PATIENCE_S = 1.5
"""After so long a request that has no answer has failed."""


class PromiseBroken(Exception):
    """The fleet did what it promises not to do."""


class Job:
    """A job, and what became of it. Times by the virtual clock; None: not yet.

    `deadline`, `handed_in`: by the clock of whoever handed it in, as the message says.
    """

    __slots__ = (
        "begun_at",
        "cost_s",
        "deadline",
        "deliveries",
        "ended_at",
        "handed_in",
        "holder",
        "id",
        "job_class",
        "stored_at",
        "true_deadline",
        "winner",
    )

    def __init__(self, number: int, job_class: e.JobClass, cost_s: float, stored_at: float) -> None:
        self.id = str(number)
        self.job_class = job_class
        self.cost_s = cost_s
        self.stored_at = stored_at
        self.handed_in = 0.0
        self.deadline: float | None = None
        self.true_deadline: float | None = None
        self.deliveries = 0
        self.holder = 0
        self.begun_at: float | None = None
        self.ended_at: float | None = None
        self.winner: tuple[str, e.State] | None = None


class _Pull:
    __slots__ = ("batch", "host", "number", "open")

    def __init__(self, host: SimulatedHost, number: int, batch: int) -> None:
        self.host = host
        self.number = number
        self.batch = batch
        self.open = True


class SimulatedQueue:
    """The queue, the outcomes and the audio, and the counts of what happened."""

    def __init__(self, clock: Clockwork, lease_s: float, latency_s: float) -> None:
        self.clock = clock
        self.lease_s = lease_s
        self.latency_s = latency_s
        self.up = True
        self.jobs: dict[str, Job] = {}
        """Jobs that are on the queue."""
        self.known: dict[str, Job] = {}
        """All jobs that there ever were."""
        self.audio: set[str] = set()
        self.waiting: dict[str, deque[Job]] = {name: deque() for name in e.CLASSES}
        self.backlog_s: dict[str, float] = dict.fromkeys(e.CLASSES, 0.0)
        self._pulls: dict[str, list[deque[_Pull]]] = {
            name: [deque() for _ in range(10)] for name in e.CLASSES
        }
        self._held: OrderedDict[int, tuple[Job, float]] = OrderedDict()
        """By delivery, the job and when its lease ends; the first to end first."""
        self._of: dict[int, Job] = {}
        """Every delivery of a job that is on the queue."""
        self._deliveries = 0
        self.redelivered = 0
        self.audio_lost = 0
        clock.every(0.5, self._expire)

    # -- handing in ---------------------------------------------------------------------

    def submit(self, job: Job) -> None:
        """A job is handed in; who does so waits while the queue is away."""
        self.jobs[job.id] = self.known[job.id] = job
        self._offer(job)

    def _offer(self, job: Job, *, first: bool = False) -> None:
        self.backlog_s[job.job_class] += job.cost_s
        waiting = self.waiting[job.job_class]
        if first:
            waiting.appendleft(job)
        else:
            waiting.append(job)
        if self.up:
            self._serve(job.job_class)

    def _next(self, name: str) -> Job | None:
        """The job that is given out next, taken from those that wait; None: none waits."""
        waiting = self.waiting[name]
        while waiting:
            job = waiting.popleft()
            self.backlog_s[name] -= job.cost_s
            if job.id in self.jobs:  # Else one who had it before has done it since.
                return job
        return None

    def _serve(self, name: str) -> None:
        """Give what waits to the pulls that wait, the idlest host's first."""
        for queue in self._pulls[name]:
            while queue and self.waiting[name]:
                pull = queue[0]
                if not pull.open:
                    queue.popleft()
                    continue
                job = self._next(name)
                if job is None:
                    return
                pull.batch -= 1
                if not pull.batch:
                    queue.popleft()
                    pull.open = False
                    pull.host.pulls.pop(pull.number, None)
                self._give(pull.host, pull.number, job)

    def _give(self, host: SimulatedHost, pull: int, job: Job) -> None:
        self._deliveries += 1
        job.deliveries += 1
        self.redelivered += job.deliveries > 1
        job.holder = number = self._deliveries
        self._held[number] = (job, self.clock.now + self.lease_s)
        self._of[number] = job
        self.clock.at(self.clock.now + self.latency_s, host.came, host.life, pull, number, job)

    # -- pulls --------------------------------------------------------------------------

    def pull(self, host: SimulatedHost, ask: e.Ask) -> None:
        """Answer with what is there now, or hold the pull."""
        name = ask.consumer
        batch = ask.batch
        while batch and (job := self._next(name)) is not None:
            batch -= 1
            self._give(host, ask.pull, job)
        if batch and ask.wait_s:
            pull = host.pulls[ask.pull] = _Pull(host, ask.pull, batch)
            self._pulls[name][ask.priority].append(pull)
            now = self.clock.now
            self.clock.at(now + ask.wait_s / 2, self._still, pull)
            self.clock.at(now + ask.wait_s, self._over, pull)
        elif batch:
            self.clock.at(self.clock.now + 2 * self.latency_s, host.pull_ended, host.life, ask.pull)

    def _still(self, pull: _Pull) -> None:
        if pull.open and self.up:
            pull.host.pull_heard(pull.number)

    def _over(self, pull: _Pull) -> None:
        if pull.open:
            pull.open = False
            pull.host.pulls.pop(pull.number, None)
            pull.host.pull_ended(pull.host.life, pull.number)

    def gone(self, host: SimulatedHost) -> None:
        """A host's connection has ended: its pulls are forgotten."""
        for pull in host.pulls.values():
            pull.open = False
        host.pulls.clear()

    # -- leases -------------------------------------------------------------------------

    def _expire(self) -> None:
        while self._held:
            number, (job, until) = next(iter(self._held.items()))
            if until > self.clock.now:
                return
            del self._held[number]
            self._free(job, number)

    def _free(self, job: Job, number: int) -> None:
        if job.holder == number and job.id in self.jobs:
            job.holder = 0
            self._offer(job, first=True)

    def give_back(self, delivery: int, delay_s: float) -> None:
        """A host returns a job."""
        job = self._of.get(delivery)
        if job is not None and job.holder == delivery:
            self._held.pop(delivery, None)
            self.clock.at(self.clock.now + delay_s, self._free, job, delivery)

    def lengthen(self, delivery: int) -> None:
        """A host gives a sign; the queue does not look whose lease it is."""
        job = self._of.get(delivery)
        if job is not None and job.holder in self._held:
            self._held[job.holder] = (job, self.clock.now + self.lease_s)
            self._held.move_to_end(job.holder)

    def acknowledge(self, delivery: int) -> None:
        """Take a job off, whoever says so."""
        job = self._of.get(delivery)
        if job is None or self.jobs.pop(job.id, None) is None:
            return
        if job.winner is None:
            raise PromiseBroken(f"job {job.id} was acknowledged before its outcome")
        self._held.pop(job.holder, None)
        del self._of[delivery]

    def elect(self, seconds: float, again: float, ended: float) -> None:
        """It is away for so long; then it gives out again a part of what it had given, and a part
        of the pulls is ended, the others forgotten.
        """
        self.up = False
        self.clock.at(self.clock.now + seconds, self._elected, again, ended)

    def _elected(self, again: float, ended: float) -> None:
        self.up = True
        for queues in self._pulls.values():
            pulls = [pull for queue in queues for pull in queue if pull.open]
            for number, pull in enumerate(pulls):
                pull.open = False
                pull.host.pulls.pop(pull.number, None)
                if number < ended * len(pulls):
                    pull.host.pull_ended(pull.host.life, pull.number, failed=True)
            for queue in queues:
                queue.clear()
        held = [*self._held.items()]
        for number, (job, _) in held[: int(again * len(held))]:
            del self._held[number]
            self._free(job, number)
        for name in e.CLASSES:
            self._serve(name)

    # -- stores -------------------------------------------------------------------------

    def conclude(self, name: str, attempt: str, state: e.State) -> bool:
        """Write an outcome, unless there is one; whether it was written."""
        job = self.known[name]
        if job.winner is not None:
            return False
        if state == "done" and attempt not in self.audio:
            raise PromiseBroken(f"job {name} is done without audio")
        if state == "expired" and (
            job.true_deadline is None or self.clock.now < job.true_deadline - 0.5
        ):
            raise PromiseBroken(f"job {name} expired before its deadline")
        job.winner = (attempt, state)
        job.ended_at = self.clock.now
        return True

    def winner(self, name: str) -> str | None:
        """The attempt that an outcome names."""
        winner = self.known[name].winner
        return None if winner is None else winner[0]

    def drop_audio(self, attempt: str) -> None:
        """Delete the audio of an attempt."""
        name = attempt.split(".", maxsplit=1)[0]
        if self.winner(name) == attempt:
            raise PromiseBroken(f"the audio of job {name} was deleted, though it has won")
        self.audio.discard(attempt)
        self.audio_lost += 1
