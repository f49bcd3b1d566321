"""The faults of a chaos run: each one does its harm from outside, and returns when it is done."""

from __future__ import annotations

import os
import random
import resource
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress

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

_DISK_FULL_BYTES = 1
_ANY_SIZE = resource.RLIM_INFINITY


class Faults:
    """Everything that can be done; `kinds` maps a name to a function without arguments."""

    def __init__(self, stormy: Stormy, crowd: Crowd, proxy: Proxy, dice: random.Random) -> None:
        self._stormy = stormy
        self._crowd = crowd
        self._proxy = proxy
        self._dice = dice
        self._sleepers: list[threading.Timer] = []
        mishaps = {f"worker: {name}": self._mishap(name) for name in MISHAPS}
        self.kinds: dict[str, Callable[[], None]] = {
            "worker: killed": lambda: self._kill(self._worker()),
            "worker: stopped": lambda: self._stop(self._worker(), 3.0),
            **mishaps,
            "template: killed": lambda: self._kill(stormy.template_pid()),
            "template: stopped": lambda: self._stop(stormy.template_pid(), 3.0),
            "gateway: killed": lambda: self._kill(stormy.gateway_pid()),
            "gateway: stopped": lambda: self._stop(stormy.gateway_pid(), 3.0),
            "client: killed": lambda: crowd.kill(dice.choice(crowd.names)),
            "client: stopped": lambda: self._stop(crowd.pid(dice.choice(crowd.names)), 3.0),
            "supervisor: killed": stormy.kill_and_restart,
            "supervisor: stopped": self._pause_supervisor,
            "connections: delayed": lambda: proxy.delay(dice.uniform(0.1, 1.5)),
            "connections: cut": proxy.cut,
            "allocation: changed": self._tune,
            "journal: disk full": self._fill_disk,
        }

    def order(self) -> list[str]:
        """Every kind once, those of the workers first among equals, in random order."""
        kinds = [*self.kinds, "worker: killed", "worker: stopped", "allocation: changed"]
        self._dice.shuffle(kinds)
        return kinds

    def end(self) -> None:
        """Undo what lasts: stopped processes, a full disk, mishaps that were not met yet."""
        for sleeper in self._sleepers:
            sleeper.cancel()
            sleeper.join()
        for name in MISHAPS:
            (self._stormy.stage / name).unlink(missing_ok=True)
        self._stormy.wake()
        self._limit_files(self._stormy.pid, _ANY_SIZE)

    # -- one process --------------------------------------------------------------------

    def _worker(self) -> int | None:
        pids = self._stormy.worker_pids()
        return self._dice.choice(pids) if pids else None

    @staticmethod
    def _kill(pid: int | None) -> None:
        if pid:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _stop(self, pid: int | None, longest: float) -> None:
        """Stopped now, continued later, while other things happen."""
        seconds = self._dice.uniform(0.1, longest)
        if not pid:
            return
        try:
            pidfd = os.pidfd_open(pid)
            signal.pidfd_send_signal(pidfd, signal.SIGSTOP)
        except ProcessLookupError:
            return

        def wake() -> None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, signal.SIGCONT)
            os.close(pidfd)

        sleeper = threading.Timer(seconds, wake)
        sleeper.start()
        self._sleepers.append(sleeper)

    def _pause_supervisor(self) -> None:
        """While it stands still nobody else can be found, so nothing else happens."""
        os.kill(self._stormy.pid, signal.SIGSTOP)
        time.sleep(self._dice.uniform(0.1, 2.0))
        os.kill(self._stormy.pid, signal.SIGCONT)

    def _mishap(self, name: str) -> Callable[[], None]:
        return (self._stormy.stage / name).touch

    # -- the surroundings ---------------------------------------------------------------

    def _tune(self) -> None:
        """Another size and shape of the pool, now and then decided by load."""
        cores = self._dice.randint(1, WORKERS)
        self._stormy.tune(
            {
                **BASE,
                f"{SECTION}.enabled": self._dice.random() < 0.3,
                f"{SECTION}.min_cores": cores,
                f"{SECTION}.max_cores": cores,
                "pool.threads_per_worker": self._dice.choice([1, 2, "auto"]),
            }
        )

    def _fill_disk(self) -> None:
        """No file of the supervisor may grow, which is what a full disk looks like to it."""
        pid = self._stormy.pid
        self._limit_files(pid, _DISK_FULL_BYTES)
        time.sleep(self._dice.uniform(0.2, 1.5))
        self._limit_files(pid, _ANY_SIZE)

    @staticmethod
    def _limit_files(pid: int, size: int) -> None:
        _soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))
