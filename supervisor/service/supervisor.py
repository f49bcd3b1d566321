"""The supervisor process: puts the state machines, the workers and the broker together.

One event loop, one thread. Events, commands and their effects are carried by `machines`.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress

from supervisor import __version__
from supervisor.broker.bounds import bounds
from supervisor.broker.server import Broker
from supervisor.config.changes import diff
from supervisor.config.loading import Loaded
from supervisor.config.paths import state_directory
from supervisor.config.watch import Rejected, Reloaded, Watch
from supervisor.core.allocation import events as allocation_events
from supervisor.core.jobs import events as job_events
from supervisor.core.jobs.machine import Jobs
from supervisor.core.machine import WorkerShape
from supervisor.core.pool import events as pool_events
from supervisor.core.pool.machine import Pool
from supervisor.host import profile as host_profile
from supervisor.host.service_manager import ServiceManager
from supervisor.host.signals import ignore_stop_signals
from supervisor.journal.journal import Journal
from supervisor.journal.segment_store import SegmentStore
from supervisor.libc import become_subreaper
from supervisor.logs import configure as configure_logs
from supervisor.logs import get_logger, log_uncaught, redacted_traceback
from supervisor.pool.heartbeat import WearLimits
from supervisor.pool.interpreters import PrestartedTemplate
from supervisor.pool.leases import CoreLeases, lease_directory
from supervisor.pool.memory_claims import MemoryClaims
from supervisor.pool.policies import health_policy, restart_policy
from supervisor.pool.workers import Workers
from supervisor.service.address import Address
from supervisor.service.control import ControlLoop
from supervisor.service.drain import Beside, Drain, longest_drain_s
from supervisor.service.fleet import FleetChild
from supervisor.service.forecast import Foresight
from supervisor.service.gateway import GatewayChild, url_of
from supervisor.service.load import LoadMeter
from supervisor.service.machines import Effects, Machines, MissingEffectError
from supervisor.service.memory import MemoryKeeper, OomScores
from supervisor.service.news import News
from supervisor.service.profiles import ActiveProfiles
from supervisor.service.ring import Ring
from supervisor.service.ring import write as write_events
from supervisor.service.rundir import RunDirectory
from supervisor.service.settings import describe, make_setup, missing_engine, updates_environment
from supervisor.service.status import outlook_document, status_document
from supervisor.service.watchdog import Watchdog
from supervisor.tracing.tracer import Tracer
from supervisor.wire.worker import Catalogue, Shaped
from supervisor.wording import counted

TICK_S = 0.25
IDLE_TICK_S = 1.0
"""Time between two ticks without jobs and with every worker in its wanted shape."""

FAULT_EXIT = 70
"""Exit code after a fault of ours (EX_SOFTWARE of sysexits.h)."""

log = get_logger(__name__)


class StartError(Exception):
    """The supervisor cannot start; the message is one line that says what to do."""


class Service:
    """One running supervisor. `state`: starting, running, draining, stopped."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, loaded: Loaded, directory: RunDirectory
    ) -> None:
        self.state = "starting"
        self.settings = loaded.settings
        self.directory = directory
        self.configuration_error: str | None = None
        """The error in the settings files as they are now; None if they are valid."""
        self.profiles = ActiveProfiles(loaded)
        self._warned = set(loaded.warnings)
        self._settings_at_start = loaded.settings
        self.restart_needed_for: set[str] = set()
        """Changed settings that hold only after a restart of the supervisor."""
        self.jobs = Jobs(bounds(self.settings))
        pool = self.settings.pool
        self.pool = Pool(restart_policy(pool), health_policy(pool))
        self.stopped: asyncio.Future[int] = loop.create_future()
        """Set to the exit code, or to StartError."""
        self._loop = loop
        self._ring = Ring()
        self._manager = ServiceManager(os.environ)
        self._watchdog = Watchdog(self._manager)
        self._started_at = loop.time()
        become_subreaper()
        self.journal = Journal(
            loop,
            state_directory(os.environ),
            self.settings.journal.sync,
            self.tell_jobs,
            self.settings.journal.retention_s,
        )
        self.segments = SegmentStore(loop, state_directory(os.environ), self.tell_jobs)
        self.broker = Broker(
            loop,
            f"ipc://{directory.socket}",
            self.settings,
            self.jobs,
            self.tell_jobs,
            lambda: status_document(self),
            self._ring.answer,
            self.journal.load,
        )
        self.broker.outlook = lambda: outlook_document(self)
        self.address = Address(directory, self.broker.endpoints.bind_again)
        self._setup = make_setup(self.settings)
        self.workers = Workers(
            loop,
            directory.logs,
            self._setup,
            self.settings.pool.start_method,
            self.tell_pool,
            self.tell_jobs,
            self._catalogue,
            self._fail,
        )
        self.workers.update_environment = updates_environment(self.settings)
        self.load = LoadMeter(loop, self.jobs, self.pool, self.workers.by_epoch)
        self.memory = MemoryKeeper(
            self.settings,
            MemoryClaims(lease_directory(os.environ)),
            lambda critical: self.tell_jobs(
                job_events.MemoryCritical(loop.time(), critical=critical)
            ),
            self.workers.trim,
        )
        self.workers.has_room = lambda first: self.memory.claim(
            self.load.worker_bytes(), first=first
        )
        self.foresight = Foresight(self.settings, state_directory(os.environ))
        self._scores = OomScores(self.settings)
        self.workers.on_worker = self._scores.worker
        self.workers.on_template = self._scores.template
        self.control = ControlLoop(
            loop,
            loaded,
            CoreLeases(lease_directory(os.environ)),
            self.load.read,
            self._retarget,
            self.tell_allocation,
            self.memory,
            self.foresight,
        )
        self._take_profile()
        self.gateway = GatewayChild(loop, loaded)
        self.gateway.on_started = self._scores.gateway
        self.gateway.on_decided = self._continue_start
        self.gateway.on_listening = self._publish_gateway
        self.fleet = FleetChild(loop, self.settings)
        self.fleet.on_started = self._scores.gateway
        self.tracer = Tracer(self.broker.epoch)
        self.tracer.configure(self.settings.tracing)
        self._machines = self._make_machines()
        self._machines.record_start(self.control.allocation)
        self.drain = Drain(
            loop,
            self.jobs,
            self.pool,
            Beside(self.gateway, self.fleet),
            self.tracer,
            self.workers,
            self._machines.tell,
            self._finish,
        )

    def start(self, prestarted: PrestartedTemplate) -> None:
        """Bring up the template, unless it is `prestarted`, and the first workers, and answer
        clients once what they can speak is known.
        """
        self._loop.add_signal_handler(signal.SIGTERM, self.stop, "SIGTERM")
        self._loop.add_signal_handler(signal.SIGINT, self.stop, "Ctrl-C")
        self._configure_machines()
        if self.settings.journal.enabled:
            self.journal.start(self.broker.open)
        else:
            self.broker.open()
        self.workers.launcher.start(prestarted)
        if self.settings.pool.start_method == "spawn":
            self._expect()  # What engines say of themselves comes from the first worker.
        self.control.start()
        self._loop.call_later(TICK_S, self._tick)

    def stop(self, why: str) -> None:
        """Drain: finish running jobs, refuse new ones. A second call stops at once."""
        if self.state == "draining":
            self.drain.cancel_all("the supervisor stops")
            self._finish()
            return
        self.state = "draining"
        self.control.stop()
        running = len(self.jobs.jobs)
        grace = self.settings.pool.grace_period_s
        left = counted(running, "job")
        log.info("%s: draining, %s to finish (at most %g s)", why, left, grace)
        self._manager.stopping(f"draining, {left} to finish", longest_drain_s(grace))
        self.broker.drain(f"the supervisor stops ({why})")
        self.drain.begin(grace)

    def shaped(self, epoch: int) -> Shaped | None:
        """The last shape that a worker reported."""
        worker = self.workers.by_epoch.get(epoch)
        return worker.shaped if worker is not None else None

    # -- settings -----------------------------------------------------------------------

    def reconfigure(self, outcome: Reloaded | Rejected) -> None:
        """Apply changed settings files if they are valid; else keep the last good settings."""
        if isinstance(outcome, Rejected):
            self.configuration_error = str(outcome.error)
            log.error("configuration not applied: %s", outcome.error)
            return
        self.configuration_error = None if outcome.error is None else str(outcome.error)
        for warning in outcome.loaded.warnings:
            if warning not in self._warned:
                log.warning("%s", warning)
        self._warned.update(outcome.loaded.warnings)
        self.settings = self.broker.settings = outcome.loaded.settings
        self.broker.endpoints.configure(self.settings.broker)
        self.journal.retention_s = self.settings.journal.retention_s
        moved = self.profiles.move(outcome.loaded, outcome.changes)
        for change in outcome.changes:
            if change.path not in moved:
                log.info("%s", describe(change, self.settings))
        self.restart_needed_for = {
            change.path
            for change in diff(self._settings_at_start, self.settings)
            if change.effect == "supervisor_restart"
        }
        said = self.settings.logging
        configure_logs(said.level, said.format, said.levels)
        self._configure_machines()
        self.workers.update_environment = updates_environment(self.settings)
        self.control.configure(outcome.loaded)
        self._score_again()
        self.tracer.configure(self.settings.tracing)
        self.fleet.configure(self.settings)
        setup = make_setup(self.settings)
        if setup != self._setup:
            self._setup = setup
            self.workers.set_up(setup)
            self.tell_jobs(job_events.EnginesChanged(self._loop.time()))
            self._take_profile()
            self._expect()
        if any(change.effect == "worker_restart" for change in outcome.changes):
            self.tell_pool(pool_events.Recycle(self._loop.time()))

    def _configure_machines(self) -> None:
        """Tell the job and pool machines their settings, and the heartbeat its interval; the
        control loop tells the allocation machine.
        """
        now, pool = self._loop.time(), self.settings.pool
        limits = bounds(self.settings)
        self.tell_jobs(job_events.Configured(now, limits))
        self.segments.configure(limits.cache.disk_bytes)
        self.tell_pool(pool_events.Configured(now, restart_policy(pool), health_policy(pool)))
        wear = WearLimits(pool.max_worker_pss_mb, pool.max_segments_per_worker)
        self.workers.heartbeat.configure(pool.hang_timeout_s, wear)

    def _score_again(self) -> None:
        self._scores.configure(self.settings)
        for worker in self.workers.by_epoch.values():
            if worker.pid:
                self._scores.worker(worker.pid)
        if self.workers.launcher.pid is not None:
            self._scores.template(self.workers.launcher.pid)
        for child in (self.gateway, self.fleet):
            if child.running:
                self._scores.gateway(child.pid)

    def _take_profile(self) -> None:
        """Read the host profile of the engines, as they are set up now."""
        self.profile = host_profile.take(state_directory(os.environ), self._setup.settings)
        self.load.expect_bytes(self.profile.worker_bytes(), self.settings.engines.default)
        if self.profile.ignored is not None:
            log.warning("host profile not used: %s", self.profile.ignored)

    def _expect(self) -> None:
        """Tell the allocation the speed-up of the engines in use: measured here, or declared."""
        engines = set(self._setup.preload) | {self.settings.engines.default}
        states = self.broker.catalogue.engines
        declared = {each.name: each.parallel for each in states if each.parallel is not None}
        self.control.expect(self.profile.speedup(engines, declared), self.profile.build_s(engines))

    def _retarget(self, shapes: tuple[WorkerShape, ...]) -> None:
        """Give the pool its target, and predict engines by the worker with the fewest threads."""
        threads = min((shape.threads for shape in shapes), default=1)
        declared = {
            each.name: each.seconds_per_character
            for each in self.broker.catalogue.engines
            if each.seconds_per_character is not None
        }
        now = self._loop.time()
        self.tell_jobs(job_events.CostsExpected(now, self.profile.rates(threads), declared))
        self.tell_pool(pool_events.Target(now, shapes))

    # -- events and their effects -------------------------------------------------------

    def _make_machines(self) -> Machines:
        effects: Effects = {
            **self.workers.effects,
            **self.broker.effects,
            **self.journal.effects,
            **self.segments.effects,
            **self.tracer.effects,
            **self.control.effects,
        }
        news = News(self.broker.watchers, self.workers.by_epoch)
        try:
            return Machines(effects, self._settled, self._broken, self._ring, news.saw)
        except MissingEffectError as error:
            raise StartError(str(error)) from error

    def tell_jobs(self, event: job_events.Event) -> None:
        """Hand an event to the job machine, and carry out the commands that follow."""
        self._machines.tell(self.jobs, event)

    def tell_pool(self, event: pool_events.Event) -> None:
        """Hand an event to the pool machine, and carry out the commands that follow."""
        self._machines.tell(self.pool, event)

    def tell_allocation(self, event: allocation_events.Event) -> None:
        """Hand an event to the allocation machine, and carry out the commands that follow."""
        self._machines.tell(self.control.allocation, event)

    def _settled(self) -> None:
        """Go on with a start or a drain, once all effects of an event are done."""
        self.load.observe()
        if self.control.giving_back:
            self.control.let_go(self.pool.core_holders)
        if self.state == "starting":
            self._continue_start()
        elif self.state == "draining":
            self.drain.go_on()

    def _broken(self, error: Exception) -> None:
        """End after a fault of ours, and let the next supervisor begin from the journal."""
        try:
            document = self._ring.document(redacted_traceback(error))
            path = write_events(state_directory(os.environ), document)
            log.error("what led there: supervisor replay %s", path)
        except OSError as failure:
            log.error("what led there cannot be written down: %s", failure.strerror)  # noqa: TRY400
        finally:
            if not self.stopped.done():
                self.stopped.set_result(FAULT_EXIT)

    def _tick(self) -> None:
        now = self._loop.time()
        quiet = not self.jobs.jobs and self.pool.settled
        # At whole seconds when idle, together with others: waking up costs more than the work.
        when = (now // IDLE_TICK_S + 1) * IDLE_TICK_S if quiet else now + TICK_S
        self._loop.call_at(when, self._tick)
        self.tell_jobs(job_events.Tick(now))
        wakeup = self.pool.next_wakeup()
        if wakeup is not None and wakeup <= now:
            self.tell_pool(pool_events.Tick(now))
        interval = self.control.policy.monitoring_interval
        self._watchdog.look(now, self.jobs, self._looked_at(now), interval)
        self.load.sample_memory(quiet=quiet)
        self.address.look()

    def _looked_at(self, now: float) -> float:
        """Time of the control loop's last look; `now` in a drain, when it looks no more."""
        if self.state == "draining":
            return now
        return self._started_at if self.control.sample is None else self.control.sample.now

    # -- coming up ----------------------------------------------------------------------

    def _catalogue(self, catalogue: Catalogue) -> None:
        """Take the list of engines; refuse to run without the ones that the settings ask for."""
        first = not self.broker.catalogue.engines
        self.broker.catalogue = catalogue
        self.tell_jobs(job_events.EnginesChanged(self._loop.time()))
        if not first:
            self._expect()
            return
        lack = missing_engine(catalogue, self.settings)
        if lack is not None:
            self._fail(lack)
        if not self.stopped.done():
            self._expect()
            self._publish()
            # Before there is a worker: who waits for a core has to be able to say so.
            if self.state in {"starting", "running"}:
                self.fleet.start()
                if self.settings.http.enabled:
                    self.gateway.start()

    def _publish_gateway(self) -> None:
        """Publish where HTTP is served; a later one may listen elsewhere."""
        try:
            self._publish()
        except OSError as error:
            log.warning("%s: cannot say where HTTP is: %s", self.directory.path, error.strerror)

    def _publish(self) -> None:
        endpoints = {"client": f"ipc://{self.directory.socket}"}
        if self.gateway.address is not None:
            endpoints["http"] = url_of(self.gateway.address)
        self.directory.publish(
            {
                "pid": os.getpid(),
                "epoch": self.broker.epoch,
                "version": __version__,
                "protocol": 1,
                "endpoints": endpoints,
            }
        )

    def _continue_start(self) -> None:
        """Report the service as ready, once a worker is, and HTTP answers if it is enabled."""
        slot = next((slot for slot in self.pool.slots.values() if slot.at_work), None)
        if self.state != "starting" or slot is None:
            return
        if not self.broker.catalogue.engines or self.gateway.awaited:
            return
        self.state = "running"
        self._manager.ready("serving")
        log.info(
            "ready: pid %d, %s, first worker on cores %s",
            os.getpid(),
            self.directory.socket,
            list(slot.shape.cpus),
        )

    def _fail(self, reason: str) -> None:
        if not self.stopped.done():
            self.stopped.set_exception(StartError(reason))

    # -- going down ---------------------------------------------------------------------

    def _finish(self) -> None:
        if not self.stopped.done():
            self.stopped.set_result(0)

    def close(self) -> None:
        """Close everything: no process, socket or address is left."""
        self.state = "stopped"
        self.drain.close()
        self.control.stop()
        self.fleet.close()
        self.gateway.close()
        self.workers.close()
        self.journal.close()
        self.segments.close()
        self.broker.close()
        self.control.leases.close()
        self.memory.claims.close()
        self.foresight.close()
        self._manager.close()
        with suppress(OSError):
            self.directory.publish_end(
                {
                    "pid": os.getpid(),
                    "epoch": self.broker.epoch,
                    "cancelled": self.drain.cancelled,
                    "left": self.drain.left,
                }
            )
        self.directory.release()
        self.tracer.close()  # last: the next supervisor need not wait for it


MakeWatch = Callable[[Callable[[Reloaded | Rejected], object]], Watch]
"""Makes the watch over the settings files, given its callback."""


async def serve(
    loaded: Loaded, directory: RunDirectory, make_watch: MakeWatch, prestarted: PrestartedTemplate
) -> int:
    """Run a supervisor until it is told to stop; returns the exit code. Raises StartError."""
    loop = asyncio.get_running_loop()
    log_uncaught(loop)
    service = Service(loop, loaded, directory)
    watch = make_watch(service.reconfigure)

    def reload() -> None:
        watch.reload()
        service.broker.reload_keys()

    try:
        service.start(prestarted)
        watch.start(loop)
        loop.add_signal_handler(signal.SIGHUP, reload)
        return await service.stopped
    finally:
        watch.stop()
        service.close()
        ignore_stop_signals(loop)
