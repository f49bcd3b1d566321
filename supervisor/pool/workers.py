"""The worker processes: carries out pool commands, and reports what becomes of each worker.

`segments` has what they speak. Decides nothing. Runs on the supervisor's event loop, and never
blocks it: a worker that does not read what it is sent is killed.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from supervisor.core.jobs import events as job_events
from supervisor.core.machine import WorkerShape
from supervisor.core.pool import events as pool_events
from supervisor.host import children
from supervisor.logs import RepeatedWarning, get_logger
from supervisor.pool.fork_launcher import ForkLauncher
from supervisor.pool.heartbeat import Heartbeat
from supervisor.pool.kill_ladder import KillLadder
from supervisor.pool.launcher import Launcher, WorkerEnds
from supervisor.pool.segments import Segments
from supervisor.pool.spawn_launcher import SpawnLauncher
from supervisor.pool.worker import Worker
from supervisor.wire import worker as wire
from supervisor.wire.environment import thread_variables

_LOG_LIMIT_BYTES = 1 << 20
_END_S = 0.5
"""Time for a worker to end once its control channel has: enough to write a traceback."""
_ADOPT_S = 0.01
"""Time between attempts to reap a worker that ended before the process that forked it: until that
has ended, the worker is not our child."""

_DISMISSED = 0
"""Exit status of a worker that was dismissed."""

log = get_logger(__name__)

ToPool = Callable[[pool_events.Event], None]
ToJobs = Callable[[job_events.Event], None]


class Workers:
    """Every worker process, by epoch.

    `on_catalogue` is called once or more with the engines and voices there are, `on_failed` with
    the reason if the template cannot load.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        log_directory: Path,
        setup: wire.Setup,
        start_method: str,
        to_pool: ToPool,
        to_jobs: ToJobs,
        on_catalogue: Callable[[wire.Catalogue], None],
        on_failed: Callable[[str], None],
    ) -> None:
        self.by_epoch: dict[int, Worker] = {}
        self.update_environment = True
        self.has_room: Callable[[bool], str | None] = lambda _first: None
        """Asked before each start, with whether it is the only worker; why it cannot be, if so."""
        self.on_worker: Callable[[int], None] = lambda _pid: None
        """Called with the process id of each worker that has started, `on_template` likewise."""
        self.on_template: Callable[[int], None] = lambda _pid: None
        self.launcher: Launcher = (
            SpawnLauncher(setup, self._forked)
            if start_method == "spawn"
            else ForkLauncher(
                loop,
                setup,
                self._forked,
                on_catalogue,
                on_failed,
                self._template_started,
            )
        )
        self._loop = loop
        self._logs = log_directory
        self._to_pool = to_pool
        self._to_jobs = to_jobs
        self._on_catalogue = on_catalogue
        self._refusals = RepeatedWarning(log, loop.time)
        self._ladder = KillLadder(loop, self._raise_flag)
        self.heartbeat = Heartbeat(loop, self.by_epoch, self._send_control, to_pool, self._worn_out)
        self._segments = Segments(loop, self.by_epoch, self.heartbeat, to_jobs)
        self.effects: Mapping[type, Callable[..., None]] = {
            pool_events.Launch: self._launch,
            pool_events.Employ: self._employ,
            pool_events.Reshape: self._reshape,
            pool_events.Retire: self._retire,
            pool_events.Dismiss: self._dismiss,
            pool_events.Kill: self._kill,
            pool_events.Condemn: self._condemn,
            pool_events.Park: self._park,
            pool_events.Hold: self._hold,
            job_events.RunSegment: self._segments.run,
            job_events.InterruptSegment: self._interrupt,
            job_events.WorkerFree: self._free,
        }
        """The handler of each command for workers."""
        loop.add_signal_handler(signal.SIGCHLD, self._collect)

    def _template_started(self, pid: int) -> None:
        self.on_template(pid)

    def set_up(self, setup: wire.Setup) -> None:
        """Start workers with these engines and settings from now on."""
        self.launcher.set_up(setup)
        for worker in self.by_epoch.values():
            worker.outdated = True

    def trim(self) -> None:
        """Have every worker give free memory back to the system."""
        for worker in list(self.by_epoch.values()):
            if worker.shaped is not None:
                self._send_control(worker.epoch, wire.Trim())

    def close(self) -> None:
        """Kill the workers that are left and close everything."""
        self._loop.remove_signal_handler(signal.SIGCHLD)
        self.heartbeat.close()
        self.launcher.close()
        for worker in list(self.by_epoch.values()):
            worker.kill("the supervisor stops")
            self._forget(worker)

    def kill_all(self) -> None:
        """Kill the workers that are left; their ends are reported as any other."""
        for worker in list(self.by_epoch.values()):
            worker.kill("it was dismissed and did not end")

    # -- commands of the pool -----------------------------------------------------------

    def _launch(self, command: pool_events.Launch) -> None:
        why = self.has_room(not self.by_epoch)
        if why is not None:
            self._not_started(command.epoch, command.shape.slot, why)
            return
        try:
            worker = self._start(command)
        except OSError as error:  # No descriptor, no memory, no disk: the slot tries again later.
            self._not_started(command.epoch, command.shape.slot, error.strerror or str(error))
            return
        if worker.epoch in self.by_epoch:
            self._loop.add_reader(worker.control.fileno(), self._read_control, worker)
            self._loop.add_reader(worker.work.fileno(), self._segments.read, worker)

    def _start(self, command: pool_events.Launch) -> Worker:
        path = self._logs / f"{command.shape.slot}.log"
        log = _open_log(path)
        try:
            worker = Worker(command.epoch, command.shape, path)
            self.by_epoch[worker.epoch] = worker
            order = self._order(command)
            for packet in self.launcher.greeting(order):
                worker.control.send(packet)
            self.launcher.launch(order, WorkerEnds(*worker.theirs, log))
            worker.close_theirs()
        except OSError:
            self.by_epoch.pop(command.epoch, None)
            raise
        finally:
            os.close(log)
        return worker

    def _order(self, command: pool_events.Launch) -> wire.Fork:
        shape: WorkerShape = command.shape
        environment = thread_variables(shape.threads if self.update_environment else 1)
        return wire.Fork(
            slot=shape.slot,
            epoch=command.epoch,
            cpus=shape.cpus,
            threads=shape.threads,
            environment=environment,
        )

    def _employ(self, command: pool_events.Employ) -> None:
        self._to_jobs(job_events.WorkerReady(self._loop.time(), command.epoch))

    def _reshape(self, command: pool_events.Reshape) -> None:
        self._send_control(command.epoch, wire.Reshape(command.shape.cpus, command.shape.threads))

    def _retire(self, command: pool_events.Retire) -> None:
        self._to_jobs(job_events.WorkerRetired(self._loop.time(), command.epoch))

    def _dismiss(self, command: pool_events.Dismiss) -> None:
        self._send_control(command.epoch, wire.Exit())

    def _kill(self, command: pool_events.Kill) -> None:
        worker = self.by_epoch.get(command.epoch)
        if worker is not None:
            worker.kill(command.reason)
            if worker.pidfd < 0:
                self._gone(worker, command.reason)

    def _condemn(self, command: pool_events.Condemn) -> None:
        """End a worker that hangs: it gets no more segments, and its segment runs elsewhere."""
        worker = self.by_epoch.get(command.epoch)
        if worker is None:
            return
        log.warning("worker %d (pid %d): %s", worker.slot, worker.pid, command.reason)
        self._to_jobs(job_events.WorkerRetired(self._loop.time(), worker.epoch))
        self._ladder.end(worker, command.reason)

    @staticmethod
    def _park(command: pool_events.Park) -> None:
        log.error(
            "workers: slot %d is parked, its workers keep dying; it is tried again in %.0f s (the "
            "last one: %s)",
            command.slot,
            command.seconds,
            command.reason,
            extra={"data": {"slot": command.slot}},
        )

    @staticmethod
    def _hold(command: pool_events.Hold) -> None:
        log.error(
            "workers: they die in every slot; none is started for %.0f s (the last one: %s)",
            command.seconds,
            command.reason,
        )

    # -- commands of the jobs -----------------------------------------------------------

    def _interrupt(self, command: job_events.InterruptSegment) -> None:
        worker = self.by_epoch.get(command.worker)
        if worker is None:
            return
        if command.gently:
            name = command.job, command.segment, command.attempt
            self._send_control(worker.epoch, wire.Interrupt(*name, gently=True))
        else:
            self._ladder.cancel(worker)

    def _raise_flag(self, worker: Worker, run: wire.Run) -> None:
        self._send_control(worker.epoch, wire.Interrupt(run.job, run.segment, run.attempt))

    def _worn_out(self, worker: Worker, reason: str) -> None:
        what = "worker %d (pid %d) is replaced: %s"
        log.info(what, worker.slot, worker.pid, reason, extra=_about(worker))
        self._to_pool(pool_events.Recycle(self._loop.time(), worker.epoch))

    def _free(self, command: job_events.WorkerFree) -> None:
        self._to_pool(pool_events.Freed(self._loop.time(), command.worker))

    def _send_control(self, epoch: int, message: msgspec.Struct) -> None:
        worker = self.by_epoch.get(epoch)
        if worker is None:
            return
        try:
            worker.control.send(wire.encode(message))
        except OSError as error:
            worker.send_failed(error)

    # -- what becomes of workers ----------------------------------------------------------------

    def _forked(self, epoch: int, pid: int, error: str | None) -> None:
        worker = self.by_epoch.get(epoch)
        if worker is None:
            return
        if error is None:
            try:
                worker.watch(pid)
            except OSError as failure:
                error = f"its process cannot be watched: {failure.strerror}"
        if error is not None:
            self._start_failed(worker, error)
            return
        self._loop.add_reader(worker.pidfd, self._ended, worker)
        self.on_worker(pid)
        early, worker.early = worker.early, None
        if early is not None:
            self._shaped(worker, early)

    def _read_control(self, worker: Worker) -> None:
        try:
            packet = worker.control.recv(wire.MAX_PACKET_BYTES)
            message = wire.decode_from_worker(packet) if packet else None
        except BlockingIOError:
            return
        except (OSError, msgspec.MsgspecError):
            message = None
        match message:
            case None:  # It is ending, and may still write why; or it is out of control.
                self._loop.remove_reader(worker.control.fileno())
                self._loop.call_later(_END_S, worker.kill, "it was out of control")
            case wire.Catalogue() as catalogue:
                self._on_catalogue(catalogue)
            case wire.Shaped() as shaped if worker.pid:
                self._shaped(worker, shaped)
            case wire.Shaped() as shaped:
                worker.early = shaped
            case wire.Beat() as beat:
                self.heartbeat.answered(worker, beat)

    def _shaped(self, worker: Worker, shaped: wire.Shaped) -> None:
        first = worker.shaped is None
        worker.shaped = shaped
        if shaped.error is not None:
            log.warning(
                "worker %d (pid %d) keeps its sessions of %d threads on cores %s: %s",
                worker.slot,
                worker.pid,
                shaped.threads,
                list(shaped.cpus),
                shaped.error,
                extra=_about(worker),
            )
        now, generation = self._loop.time(), shaped.session_generation
        if first:
            self._refusals.resolved("workers: they can be started again")
            self._to_pool(pool_events.Ready(now, worker.epoch, generation))
        else:
            self._to_pool(
                pool_events.Reshaped(
                    now=now,
                    epoch=worker.epoch,
                    threads=shaped.threads,
                    generation=generation,
                    error=shaped.error,
                    cpus=shaped.cpus,
                )
            )

    def _ended(self, worker: Worker) -> None:
        if worker.epoch not in self.by_epoch:
            return
        try:
            ended = children.reap(worker.pidfd)
        except ChildProcessError:
            self._loop.remove_reader(worker.pidfd)
            self._loop.call_later(_ADOPT_S, self._ended, worker)
            return
        self._segments.read(worker)
        said = [str(ended), worker.kill_reason, worker.log_tail()]
        why = ": ".join(part for part in said if part)
        if ended.status == wire.NO_ROOM and worker.shaped is None:
            self._start_failed(worker, worker.log_tail() or str(ended))
            return
        if ended.status != _DISMISSED:
            what = "worker %d (pid %d) ended: %s"
            log.warning(what, worker.slot, worker.pid, why, extra=_about(worker))
        self._gone(worker, why)

    def _gone(self, worker: Worker, reason: str) -> None:
        self._forget(worker)
        now = self._loop.time()
        self._to_jobs(job_events.WorkerLost(now, worker.epoch, reason))
        self._to_pool(pool_events.Exited(now, worker.epoch, reason, _jitter()))

    def _start_failed(self, worker: Worker, reason: str) -> None:
        """A launch failed: there is no process, or it ended before it was a worker."""
        self._forget(worker)
        self._not_started(worker.epoch, worker.slot, reason)

    def _not_started(self, epoch: int, slot: int, reason: str) -> None:
        """Report a failed launch; the pool machine decides when to try again."""
        self._refusals.warn(reason, f"workers: none can be started for slot {slot}: {reason}")
        why = f"cannot start a worker: {reason}"
        self._to_pool(pool_events.NotStarted(self._loop.time(), epoch, why, _jitter()))

    def _collect(self) -> None:
        """Some child ended: reap it here if it has no watched pidfd."""
        self.launcher.take_answers()
        watched = {worker.pid for worker in self.by_epoch.values()}
        watched |= {self.launcher.pid or 0}
        for group in list(self.launcher.groups):
            try:
                clear = children.reap_orphans(group, watched)
            except ChildProcessError:
                self.launcher.groups.discard(group)
                continue
            if not clear:
                self._loop.call_later(_ADOPT_S, self._collect)

    def _forget(self, worker: Worker) -> None:
        del self.by_epoch[worker.epoch]
        for fd in (worker.work.fileno(), worker.control.fileno(), worker.pidfd):
            if fd >= 0:
                self._loop.remove_reader(fd)
        worker.close()


def _jitter() -> float:
    return random.random()  # noqa: S311 - it spreads restarts, and hides nothing


def _open_log(path: Path) -> int:
    """Open a slot's log for appending; begin anew when it has grown too long."""
    fresh = os.O_TRUNC if path.exists() and path.stat().st_size > _LOG_LIMIT_BYTES else 0
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | fresh, 0o600)


def _about(worker: Worker) -> dict[str, dict[str, int]]:
    """The fields of a log line about this worker."""
    return {"data": {"worker": worker.epoch, "slot": worker.slot, "pid": worker.pid}}
