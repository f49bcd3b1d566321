"""The agent: one host's share in the durable work of its fleet.

The fleet machine of the core decides; here its commands are carried out. Jobs come from the queue
(`queue`), are spoken by the own supervisor (`speaking`, `host`), and what became of them is written
down (`results`). What else an agent does is a part of its own, in `parts`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol

from supervisor.client import AsyncClient
from supervisor.core.fleet import events as e
from supervisor.core.fleet.clock import QueueClock
from supervisor.core.fleet.machine import FleetHost
from supervisor.fleet.held import Held
from supervisor.fleet.queue import Queue
from supervisor.fleet.results import Results
from supervisor.fleet.settings import AgentSettings
from supervisor.fleet.speaking import Speaking
from supervisor.logs import get_logger
from supervisor.nats.connection import Connection
from supervisor.wire.client import Welcome
from supervisor.wire.fleet import names
from supervisor.wire.fleet.codec import SCHEMA
from supervisor.wire.fleet.jobs import Config
from supervisor.wire.fleet.made_by import made_by

_MOST_SLEEP_S: Final = 3600.0

log = get_logger(__name__)


class Part(Protocol):
    """Something that an agent does beside the durable jobs."""

    async def start(self) -> None:
        """Begin; there is a connection, though it may be lost again at any time."""

    async def stop(self) -> None:
        """End, and leave nothing behind."""


class Agent:
    """All that the parts of an agent share. One event loop."""

    def __init__(
        self,
        settings: AgentSettings,
        host: str,
        epoch: str,
        connection: Connection,
        client: AsyncClient,
    ) -> None:
        self.settings = settings
        self.host = host
        self.epoch = epoch
        self.connection = connection
        self.client = client
        """The own supervisor's."""
        self.config = Config()
        """What the whole fleet shares."""
        self.engines: dict[str, Any] = {}
        """Engines of the own supervisor, as in WELCOME, once it was there."""
        self.made_by: dict[str, str] = {}
        """Speech fingerprint of each engine."""
        self.clock = QueueClock()
        self.machine = FleetHost(self._rules())
        self.held: dict[int, Held] = {}
        """Jobs in our hands, by lease."""
        self.by_key: dict[str, int] = {}
        """The lease of a job, by the key of its outcome."""
        self.queue = Queue(self)
        self.speaking = Speaking(self)
        self.results = Results(self)
        self.parts: list[Part] = []
        self.offer: Callable[[str, float], None] = lambda _ref, _start_s: None
        """Answers a bid; set by the part that takes them."""
        self.welcome: Welcome | None = None
        """The last word of greeting of the own supervisor."""
        self.supervisor_away = ""
        """Why the own supervisor does not answer; empty while it does."""
        self.on_event: Callable[[], None] = lambda: None
        """Called after each event of the machine."""
        self.on_fault: Callable[[], None] = lambda: None
        """Called after a fault of ours: what the machine knows may be wrong."""
        self.on_closed: Callable[[], None] = lambda: None
        """Called when a lease is over."""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._handlers: dict[type, Callable[[Any], None]] = {
            e.Ask: self.queue.ask,
            e.Abandon: self.queue.abandon,
            e.Return: self.queue.give_back,
            e.Progress: self.queue.lengthen,
            e.Forget: lambda command: self.queue.forget(command.delivery),
            e.Ack: self.queue.ack,
            e.Speak: self.speaking.speak,
            e.Stop: self.speaking.stop,
            e.PutAudio: self.results.put_audio,
            e.CreateOutcome: self.results.create_outcome,
            e.ReadOutcome: self.results.read_outcome,
            e.CountAttempt: self.results.count_attempt,
            e.Bury: self.results.bury,
            e.DropAudio: self.results.drop_audio,
            e.Closed: self._closed,
            e.Offer: lambda command: self.offer(command.ref, command.start_s),
            e.NewerSchema: self._newer_schema,
        }

    @staticmethod
    def now() -> float:
        """Seconds of the machine's clock."""
        return time.monotonic()

    def broker_time(self) -> float:
        """Unix time by the broker's clock."""
        return self.clock.now(time.time())

    # -- the machine --------------------------------------------------------------------

    def tell(self, event: e.Event) -> None:
        """Hand an event to the machine, and carry out the commands that follow."""
        for command in self.machine.handle(event):
            self._handlers[type(command)](command)
        self._set_timer()
        self.on_event()

    def _set_timer(self) -> None:
        wakeup = self.machine.next_wakeup(self.now())
        if self._timer is not None:
            if wakeup is not None and self._timer.when() == wakeup:
                return
            self._timer.cancel()
            self._timer = None
        if wakeup is not None:
            loop = asyncio.get_running_loop()
            # The loop's clock is the machine's. A wake-up in the past is told at once, and once.
            at = min(max(wakeup, self.now() + 1e-3), self.now() + _MOST_SLEEP_S)
            self._timer = loop.call_at(at, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self.spawn(self._ticked())

    async def _ticked(self) -> None:
        self.tell(e.Tick(self.now()))

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run something beside; a fault in it is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("fleet: a fault of ours: the agent ends, and starts anew", exc_info=error)
            self.on_fault()

    def _closed(self, command: e.Closed) -> None:
        self.let_go(command.lease)
        self.on_closed()

    def hold(self, held: Held) -> None:
        """Take a job into our hands."""
        self.held[held.lease] = held
        self.by_key[held.name.key] = held.lease

    def let_go(self, lease: int) -> None:
        """Forget a job, and all that belongs to it."""
        held = self.held.pop(lease, None)
        if held is not None:
            del self.by_key[held.name.key]
            self.speaking.close(held)
            self.queue.forget(held.delivery)

    def _newer_schema(self, command: e.NewerSchema) -> None:
        log.warning(
            "fleet: there are jobs of schema %d, and this version knows %d: they are left to "
            "others; upgrade this host",
            command.schema,
            SCHEMA,
        )

    # -- rules --------------------------------------------------------------------------

    def _rules(self) -> e.Rules:
        fleet = self.settings.fleet
        sources = tuple(
            e.Source(names.consumer(klass, engine, lane), klass)
            for klass in names.CLASSES
            for engine in self.config.engines
            if engine in self.engines
            for lane in range(self.config.lanes)
        )
        return e.Rules(
            host=self.host,
            epoch=self.epoch,
            sources=sources if fleet.accept_work else (),
            weights=(fleet.weights.high, fleet.weights.normal, fleet.weights.batch),
            prefetch=fleet.prefetch,
            lease_s=fleet.lease_s,
            storing=fleet.storing,
            schema=SCHEMA,
        )

    def reconfigure(
        self,
        *,
        settings: AgentSettings | None = None,
        config: Config | None = None,
        engines: dict[str, Any] | None = None,
    ) -> None:
        """Take what has changed."""
        self.settings = settings or self.settings
        self.config = config or self.config
        if engines is not None:
            self.engines = {
                name: about for name, about in engines.items() if not about.get("unavailable")
            }
            self.made_by = {name: made_by(name, about) for name, about in engines.items()}
        rules = self._rules()
        if rules != self.machine.rules:
            self.tell(e.Configured(self.now(), rules))

    async def settle(self) -> None:
        """Wait until what is being sent is sent."""
        if self._tasks:
            await asyncio.wait([*self._tasks], timeout=0.2)

    async def close(self) -> None:
        """End all that runs beside."""
        if self._timer is not None:
            self._timer.cancel()
        for task in [*self._tasks]:
            task.cancel()
        if self._tasks:
            await asyncio.wait([*self._tasks])
