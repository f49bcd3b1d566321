"""A simulated host: the real machine of the fleet, and a supervisor that speaks in a time.

The supervisor is its cores: each speaks a job, the most urgent first, and one of a less urgent
class gives way between two segments. What the machine asks for is done by the queue at once, and
answered after its latency; while the link is cut or the queue is away nothing is done, and after
`PATIENCE_S` the request has failed.
"""

from __future__ import annotations

import bisect
import random
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from supervisor.core.fleet import events as e
from supervisor.core.fleet.clock import QueueClock, left_s
from supervisor.core.fleet.machine import FleetHost
from supervisor.core.fleet.sizing import HostFigures
from supervisor.simulate.fleet.queue import PATIENCE_S, Job, SimulatedQueue
from supervisor.simulate.fleet.scenario import FleetScenario

_UNHEARD_S = 4.0
"""After so long a client of the queue notices that its link is cut."""

SEGMENT_S = 5.0
"""A job of a less urgent class gives way after so much of it at the latest."""

_URGENCY = {name: number for number, name in enumerate(e.CLASSES)}

_UNIX = 1_700_000_000.0
"""Unix time of the start, by a right clock."""


_Found = TypeVar("_Found")


class _Running(msgspec.Struct, gc=False):
    job: Job
    left_s: float
    since: float = 0.0
    turn: int = 0
    """Grows when it is begun anew, so that an end of before counts no more."""


class SimulatedHost:
    """One host. `life` grows when its agent dies: what was on its way to that one is lost."""

    def __init__(
        self,
        name: str,
        cores: int,
        queue: SimulatedQueue,
        scenario: FleetScenario,
        draw: random.Random,
    ) -> None:
        self.name = name
        self.cores = cores
        self.queue = queue
        self.clock = queue.clock
        self.scenario = scenario
        self.draw = draw
        self.pulls: dict[int, Any] = {}
        self.life = 0
        self.alive = True
        self.linked = True
        self.speaks = True
        """Its supervisor is there."""
        self.hot = False
        self.most_held = 0
        self.overflow = 0
        """Jobs that came without a slot for them, and were returned."""
        self.lost_leases = 0
        self._skew_s = draw.uniform(-1, 1) * scenario.faults.skew_s
        self._jobs: dict[int, _Running] = {}
        self._waiting: list[tuple[int, int]] = []
        self._busy: set[int] = set()
        self._queue_clock = QueueClock()
        self._do: dict[type, Callable[[Any], None]] = {
            e.Ask: self._ask,
            e.Return: self._return,
            e.Progress: self._progress,
            e.Speak: self._speak,
            e.Stop: self._stop,
            e.PutAudio: self._put_audio,
            e.CreateOutcome: self._create_outcome,
            e.ReadOutcome: self._read_outcome,
            e.CountAttempt: self._count_attempt,
            e.Bury: self._bury,
            e.DropAudio: self._drop_audio,
            e.Ack: self._ack,
            e.Closed: lambda _command: None,
            e.Abandon: self._abandon,
            e.Forget: lambda _command: None,
        }
        self._start()

    # -- what happens to it -------------------------------------------------------------

    def _start(self) -> None:
        rules = msgspec.structs.replace(self.scenario.rules, host=self.name, epoch=f"e{self.life}")
        self.machine = FleetHost(rules)
        self.clock_heard()
        if self.speaks:
            self.tell(e.SupervisorFound(self.clock.now))
            self.look()
        if self.linked:
            self.tell(e.BrokerFound(self.clock.now))

    def kill_agent(self, for_s: float, *, host: bool = False) -> None:
        """The agent dies, and with it what its supervisor speaks for it; later another starts.

        `host`: all of it, and what comes is another host.
        """
        if not self.alive:
            return
        self.alive = False
        self.life += 1
        self.lost_leases += self.machine.leases.counts["lost"]
        self.queue.gone(self)
        self._jobs.clear()
        self._waiting.clear()
        self._busy.clear()
        if host:
            self.speaks, self.hot = True, False
        self.clock.at(self.clock.now + for_s, self._revive)

    def _revive(self) -> None:
        self.alive = True
        self._start()

    def kill_supervisor(self, for_s: float) -> None:
        """The supervisor dies and comes back; it gets its jobs again, and begins with them anew."""
        if not (self.alive and self.speaks):
            return
        self.speaks = False
        for lease in self._busy:
            self._jobs[lease].turn += 1
            self._jobs[lease].left_s = self._jobs[lease].job.cost_s
            self._wait(lease)
        self._busy.clear()
        self.tell(e.SupervisorLost(self.clock.now))
        self.clock.at(self.clock.now + for_s, self._supervisor_back, self.life)

    def _supervisor_back(self, life: int) -> None:
        self.speaks = True
        if life == self.life:
            self.tell(e.SupervisorFound(self.clock.now))
            self.look()
            self._begin()

    def cut(self, for_s: float) -> None:
        """The link is cut; it is noticed after a while."""
        if not (self.alive and self.linked):
            return
        self.linked = False
        if for_s > _UNHEARD_S:
            self.clock.at(self.clock.now + _UNHEARD_S, self._cut_noticed, self.life)
            self.clock.at(self.clock.now + _UNHEARD_S, self.queue.gone, self)
        self.clock.at(self.clock.now + for_s, self._linked)

    def _cut_noticed(self, life: int) -> None:
        if life == self.life and self.alive:
            self.tell(e.BrokerLost(self.clock.now))

    def _linked(self) -> None:
        self.linked = True
        if self.alive and not self.machine.room.broker:
            self.tell(e.BrokerFound(self.clock.now))

    def cool(self) -> None:
        """It is hot no more."""
        self.hot = False

    def look(self) -> None:
        """From time to time: STATUS is answered, or not."""
        if not self.alive:
            return
        now = self.clock.now
        if self.speaks:
            self.tell(e.HostSeen(now, self.cores, hot=self.hot))
        else:
            self.tell(e.Tick(now))

    def clock_heard(self) -> None:
        """An answer of the queue bears its time."""
        own = _UNIX + self.clock.now + self._skew_s
        delay = self.draw.uniform(0.5, 20.0) * self.scenario.latency_s
        self._queue_clock.heard(own, own + delay, _UNIX + self.clock.now + delay / 2)

    @property
    def figures(self) -> HostFigures:
        """What its heartbeat tells."""
        return HostFigures(self.cores, len(self._busy))

    # -- the machine --------------------------------------------------------------------

    def tell(self, event: e.Event) -> None:
        """Tell the machine an event, and do what follows from it."""
        for command in self.machine.handle(event):
            self._do[type(command)](command)
        held = self.machine.leases.slots
        self.most_held = max(self.most_held, held)

    def came(self, life: int, pull: int, delivery: int, job: Job) -> None:
        """A job arrives, if nothing is in its way."""
        if life != self.life or not (self.alive and self.linked):
            return
        own = _UNIX + self.clock.now + self._skew_s
        left = left_s(
            deadline_ms=None if job.deadline is None else int((_UNIX + job.deadline) * 1000),
            submitted_ms=int((_UNIX + job.handed_in) * 1000),
            stored_at=_UNIX + job.stored_at,
            queue_now=self._queue_clock.now(own),
        )
        self.tell(
            e.Delivered(
                self.clock.now,
                pull,
                delivery,
                job.id,
                job.deliveries,
                left_s=left,
                cost_s=job.cost_s,
                job_class=job.job_class,
            )
        )

    def pull_ended(self, life: int, pull: int, *, failed: bool = False) -> None:
        """The queue is done with a pull."""
        if life == self.life and self.alive and self.linked:
            self.tell(e.PullEnded(self.clock.now, pull, failed))

    def pull_heard(self, pull: int) -> None:
        """The queue holds a pull."""
        if self.alive and self.linked:
            self.tell(e.PullHeard(self.clock.now, pull))

    def _ask(self, ask: e.Ask) -> None:
        if self.linked and self.queue.up:
            self.queue.pull(self, ask)

    def _abandon(self, command: e.Abandon) -> None:
        pull = self.pulls.pop(command.pull, None)
        if pull is not None:
            pull.open = False

    def _return(self, command: e.Return) -> None:
        self.overflow += command.reason in {"no slot", "busier"}
        if self.linked and self.queue.up:
            self.queue.give_back(command.delivery, command.delay_s)

    def _progress(self, command: e.Progress) -> None:
        """Its answer comes at once: the few milliseconds would matter to nobody."""
        if self.linked and self.queue.up:
            self.queue.lengthen(command.delivery)
            self.machine.handle(e.Confirmed(self.clock.now, command.delivery))

    def _request(
        self, act: Callable[[], _Found], answer: Callable[[_Found], e.Event], failed: _Found
    ) -> None:
        """Have something done, and the answer told; `failed` is told where there is none."""
        done = self.linked and self.queue.up
        found = act() if done else failed
        heard = done and self.draw.random() >= self.scenario.faults.answers
        after = 2 * self.scenario.latency_s if heard else PATIENCE_S
        self.clock.at(
            self.clock.now + after, self._answered, self.life, answer, found if heard else failed
        )

    def _answered(self, life: int, answer: Callable[[_Found], e.Event], found: _Found) -> None:
        if life == self.life and self.alive:
            self.tell(answer(found))

    def _put_audio(self, command: e.PutAudio) -> None:
        def put() -> bool:
            self.queue.audio.add(command.attempt)
            return True

        self._request(put, lambda ok: e.AudioPut(self.clock.now, command.lease, ok), failed=False)

    def _create_outcome(self, command: e.CreateOutcome) -> None:
        def create() -> e.FenceAnswer:
            new = self.queue.conclude(command.job, command.attempt, command.state)
            return "won" if new else "exists"

        def answer(found: e.FenceAnswer) -> e.Event:
            return e.OutcomeAnswered(self.clock.now, command.lease, found)

        unknown: e.FenceAnswer = "unknown"
        self._request(create, answer, unknown)

    def _read_outcome(self, command: e.ReadOutcome) -> None:
        def read() -> tuple[str | None, bool]:
            return self.queue.winner(command.job), True

        def answer(found: tuple[str | None, bool]) -> e.Event:
            return e.OutcomeRead(self.clock.now, command.lease, *found)

        unknown: tuple[str | None, bool] = (None, False)
        self._request(read, answer, unknown)

    def _count_attempt(self, command: e.CountAttempt) -> None:
        raise NotImplementedError  # No worker dies of a simulated job.

    def _bury(self, command: e.Bury) -> None:
        raise NotImplementedError  # Nor does one fail.

    def _drop_audio(self, command: e.DropAudio) -> None:
        if self.linked and self.queue.up:
            self.queue.drop_audio(command.attempt)

    def _ack(self, command: e.Ack) -> None:
        def ack() -> bool:
            self.queue.acknowledge(command.delivery)
            return True

        self._request(ack, lambda ok: e.Acked(self.clock.now, command.lease, ok), failed=False)

    # -- its supervisor -----------------------------------------------------------------

    def _speak(self, command: e.Speak) -> None:
        job = self.queue.known[command.job]
        self._jobs[command.lease] = _Running(job, job.cost_s)
        self._wait(command.lease)
        self._begin()
        if self._waiting and self.speaks:
            self._press(_URGENCY[job.job_class])

    def _wait(self, lease: int) -> None:
        """Put a job among those that wait: by class, and then by when it came."""
        bisect.insort(self._waiting, (_URGENCY[self._jobs[lease].job.job_class], lease))

    def _press(self, urgency: int) -> None:
        """Somebody more urgent waits: the least urgent one gives way when its segment ends."""
        least = max(self._busy, key=lambda lease: _URGENCY[self._jobs[lease].job.job_class])
        running = self._jobs[least]
        if _URGENCY[running.job.job_class] > urgency:
            had = self.clock.now - running.since
            at = running.since + SEGMENT_S * (had // SEGMENT_S + 1)
            self.clock.at(at, self._yield, self.life, least, running.turn)

    def _yield(self, life: int, lease: int, turn: int) -> None:
        if self._is(life, lease, turn):
            running = self._jobs[lease]
            running.turn += 1
            running.left_s -= self.clock.now - running.since
            self._busy.discard(lease)
            self._wait(lease)
            self._begin()

    def _begin(self) -> None:
        while self.speaks and self._waiting and len(self._busy) < self.cores:
            _, lease = self._waiting.pop(0)
            running = self._jobs[lease]
            self._busy.add(lease)
            running.turn += 1
            running.since = now = self.clock.now
            if running.job.begun_at is None:
                running.job.begun_at = now
            self.clock.at(now, self._begun, self.life, lease, running.turn)
            self.clock.at(now + running.left_s, self._spoken, self.life, lease, running.turn)

    def _is(self, life: int, lease: int, turn: int) -> bool:
        running = self._jobs.get(lease)
        return life == self.life and running is not None and running.turn == turn

    def _begun(self, life: int, lease: int, turn: int) -> None:
        if self._is(life, lease, turn):
            self.tell(e.Begun(self.clock.now, lease))

    def _spoken(self, life: int, lease: int, turn: int) -> None:
        if self._is(life, lease, turn):
            self._busy.discard(lease)
            del self._jobs[lease]
            self._begin()
            self.tell(e.Spoken(self.clock.now, lease))

    def _stop(self, command: e.Stop) -> None:
        running = self._jobs.get(command.lease)
        if running is not None:
            waits = (_URGENCY[running.job.job_class], command.lease)
            if waits in self._waiting:
                self._waiting.remove(waits)
            self._busy.discard(command.lease)
            del self._jobs[command.lease]
            self._begin()
