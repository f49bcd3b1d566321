"""The faults of a chaos run: each one does its harm from outside, and returns when it is done.

What is counted was suffered: a process was there to be killed, an order was met by a worker.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import psutil

from tests.chaos.run import abuse
from tests.chaos.run.crowd import Crowd
from tests.chaos.run.proxy import Proxy
from tests.chaos.run.stormy import BASE, WORKERS, Stormy
from tests.fixtures.tuned import SECTION

MISHAPS = (
    "memory",
    "crash",
    "spin",
    "freeze",
    "reply-late",
    "reply-doubled",
    "reply-lost",
    "reply-forged",
    "reply-garbled",
)
"""What the engine `storm` can be told to suffer."""

SUPERVISOR_KILLED = "supervisor: killed"
JOURNAL_DAMAGED = "journal: damaged"
DEADLY = frozenset({SUPERVISOR_KILLED, JOURNAL_DAMAGED})
"""What the supervisor does not live through."""

_DISK_FULL_BYTES = 1
_ALL_MB = psutil.virtual_memory().total // 1_000_000 - 500
_LONGEST_JUMP_S = 3_600.0
"""Shorter than results are kept, for that goes by this clock, and each is asked for in the end."""

_ANY_SIZE = resource.RLIM_INFINITY


class Faults:
    """Everything that can be done. `counts`: what was suffered, by kind."""

    def __init__(self, stormy: Stormy, crowd: Crowd, proxy: Proxy, dice: random.Random) -> None:
        self._stormy = stormy
        self._crowd = crowd
        self._proxy = proxy
        self._dice = dice
        self._sleepers: list[threading.Timer] = []
        self._ordered: set[str] = set()
        """Mishaps that no worker has met with yet."""
        self.counts = Counter[str]()
        self._kinds: dict[str, Callable[[], bool]] = {
            "worker: killed": lambda: self._kill(self._worker()),
            "worker: stopped": lambda: self._stop(self._worker(), 3.0),
            "template: killed": lambda: self._kill(stormy.template_pid()),
            "template: stopped": lambda: self._stop(stormy.template_pid(), 3.0),
            "gateway: killed": lambda: self._kill(stormy.gateway_pid()),
            "gateway: stopped": lambda: self._stop(stormy.gateway_pid(), 3.0),
            "client: killed": self._kill_client,
            "client: stopped": lambda: self._stop(crowd.pid(dice.choice(crowd.names)), 3.0),
            SUPERVISOR_KILLED: self._kill_supervisor,
            "supervisor: stopped": self._pause_supervisor,
            "connections: delayed": self._delay,
            "connections: cut": self._cut,
            "allocation: changed": self._tune,
            "journal: disk full": self._fill_disk,
            "clock: jumped": self._jump,
            JOURNAL_DAMAGED: self._damage_journal,
            "texts: the worst": lambda: abuse.worst_texts(stormy.endpoint, dice),
            "gateway: half heads": lambda: abuse.half_heads(stormy.gateway_port(), dice),
            "strangers: on every core": lambda: abuse.strangers(dice),
            "neighbour: wants the cores": lambda: abuse.neighbour(
                stormy.directory / "leases", dice
            ),
        }
        self.names = {*self._kinds, *map(_kind, MISHAPS)}

    def order(self) -> list[str]:
        """Every kind once, those of the workers first among equals, in random order, to be taken
        from the end. A supervisor dies early: what one has suffered shows in itself alone.
        """
        kinds = [*self.names, "worker: killed", "worker: stopped", "allocation: changed"]
        kinds = sorted(kind for kind in kinds if kind not in DEADLY)
        self._dice.shuffle(kinds)
        for kind in sorted(DEADLY):
            kinds.insert(self._dice.randint(len(kinds) * 2 // 3, len(kinds)), kind)
        return kinds

    @property
    def missing(self) -> set[str]:
        """Kinds that nobody has suffered yet."""
        self._note_met()
        return {kind for kind in self.names if not self.counts[kind]}

    def throw(self, kind: str) -> bool:
        """Do it; False where there was nobody to do it to. An order counts when it is met."""
        self._note_met()
        mishap = kind.removeprefix("worker: ")
        if mishap in MISHAPS:
            (self._stormy.stage / mishap).touch()
            self._ordered.add(mishap)
            return True
        done = self._kinds[kind]()
        self.counts[kind] += done
        return done

    def settle(self, seconds: float) -> None:
        """Wait until every order was met, so long at most."""
        end = time.monotonic() + seconds
        while self._ordered and time.monotonic() < end:
            time.sleep(0.01)
            self._note_met()

    def end(self) -> None:
        """Undo what lasts: stopped processes, a full disk, a wrong clock, orders not met yet."""
        for sleeper in self._sleepers:
            sleeper.cancel()
            sleeper.join()
        self._note_met()
        for name in MISHAPS:
            (self._stormy.stage / name).unlink(missing_ok=True)
        self._stormy.wake()
        self._limit_files(self._stormy.pid, _ANY_SIZE)
        self._stormy.clock.jump(0.0)

    def _note_met(self) -> None:
        """A worker takes the order away before it suffers."""
        met = {name for name in self._ordered if not (self._stormy.stage / name).exists()}
        self._ordered -= met
        self.counts.update(map(_kind, met))

    # -- one process --------------------------------------------------------------------

    def _worker(self) -> int | None:
        pids = self._stormy.worker_pids()
        return self._dice.choice(pids) if pids else None

    @staticmethod
    def _kill(pid: int | None) -> bool:
        if not pid:
            return False
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def _kill_client(self) -> bool:
        self._crowd.kill(self._dice.choice(self._crowd.names))
        return True

    def _kill_supervisor(self) -> bool:
        self._stormy.kill_and_restart()
        return True

    def _damage_journal(self) -> bool:
        self._stormy.kill_and_restart(lambda: abuse.damage(self._stormy.journal()))
        return True

    def _stop(self, pid: int | None, longest: float) -> bool:
        """Stopped now, continued later, while other things happen."""
        seconds = self._dice.uniform(0.1, longest)
        if not pid:
            return False
        try:
            pidfd = os.pidfd_open(pid)
            signal.pidfd_send_signal(pidfd, signal.SIGSTOP)
        except ProcessLookupError:
            return False

        def wake() -> None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, signal.SIGCONT)
            os.close(pidfd)

        sleeper = threading.Timer(seconds, wake)
        sleeper.start()
        self._sleepers.append(sleeper)
        return True

    def _pause_supervisor(self) -> bool:
        """While it stands still nobody else can be found, so nothing else happens."""
        os.kill(self._stormy.pid, signal.SIGSTOP)
        time.sleep(self._dice.uniform(0.1, 2.0))
        os.kill(self._stormy.pid, signal.SIGCONT)
        return True

    # -- the surroundings ---------------------------------------------------------------

    def _delay(self) -> bool:
        self._proxy.delay(self._dice.uniform(0.1, 1.5))
        return True

    def _cut(self) -> bool:
        return self._proxy.cut() > 0

    def _jump(self) -> bool:
        """The wall clock goes forward or back by an hour at most."""
        self._stormy.clock.jump(self._dice.uniform(-_LONGEST_JUMP_S, _LONGEST_JUMP_S))
        return True

    def _tune(self) -> bool:
        """Another size and shape of the pool, now and then decided by load, or with no memory left
        beside the reserve, where no worker but the last is started again.
        """
        cores = self._dice.randint(1, WORKERS)
        self._stormy.tune(
            {
                **BASE,
                f"{SECTION}.enabled": self._dice.random() < 0.3,
                f"{SECTION}.min_cores": cores,
                f"{SECTION}.max_cores": cores,
                "pool.threads_per_worker": self._dice.choice([1, 2, "auto"]),
                "performance.memory.reserve_mb": self._dice.choice(["auto", None, _ALL_MB]),
            }
        )
        return True

    def _fill_disk(self) -> bool:
        """No file of the supervisor may grow, which is what a full disk looks like to it."""
        pid = self._stormy.pid
        self._limit_files(pid, _DISK_FULL_BYTES)
        time.sleep(self._dice.uniform(0.2, 1.5))
        self._limit_files(pid, _ANY_SIZE)
        return True

    @staticmethod
    def _limit_files(pid: int, size: int) -> None:
        _soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


def _kind(mishap: str) -> str:
    return f"worker: {mishap}"
