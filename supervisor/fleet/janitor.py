"""The janitor: one agent of all removes audio that no outcome names, and keeps the fleet's figures.

Such audio is left by attempts that lost to another, and by agents that ended before they could
clean up. Who has the seat keeps it as long as it renews it; when it is gone, the seat is free again
after `SEAT_S`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from supervisor.fleet.backlog import BacklogKeeper
from supervisor.logs import get_logger
from supervisor.nats import audio
from supervisor.nats.buckets import Bucket, subjects
from supervisor.nats.errors import FleetError
from supervisor.wire.fleet import names
from supervisor.wire.fleet.codec import NewerSchema, Unreadable, decode
from supervisor.wire.fleet.jobs import Outcome

if TYPE_CHECKING:
    from supervisor.fleet.agent import Agent

SEAT: Final = "janitor"
SEAT_S: Final = 15.0
_RENEW_S: Final = 5.0
_SHARE: Final = 0.01
"""Part of the time that looking may take."""
_ORPHANED_S: Final = 60.0
"""Audio of a job that neither waits nor has an outcome goes after so long: its outcome may be on
its way."""

log = get_logger(__name__)


class Janitor:
    """Keeps the audio store clean, where this agent has the seat."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._fleet = Bucket(agent.connection, names.FLEET)
        self._outcomes = Bucket(agent.connection, names.OUTCOMES)
        self._revision: int | None = None
        self._settled: dict[str, str] = {}
        """Attempts whose outcome is known to name them, by job."""
        self._orphans: dict[str, float] = {}
        """Attempts without job and outcome, and when that was first seen."""
        self._next_look = 0.0
        self._task: asyncio.Task[Any] | None = None
        self._backlog = BacklogKeeper(agent)

    async def start(self) -> None:
        """As `agent.Part`."""
        self._task = self._agent.spawn(self._run())

    async def stop(self) -> None:
        """As `agent.Part`; frees the seat."""
        if self._task is not None:
            self._task.cancel()
        if self._revision is not None and self._agent.connection.up:
            await self._fleet.delete(SEAT)

    async def _run(self) -> None:
        while True:
            try:
                if await self._seated():
                    await self._backlog.look()
                    await self._look()
            except FleetError as error:
                log.debug("fleet: the janitor waits: %s", error)
                self._revision = None
            await asyncio.sleep(_RENEW_S)

    async def _seated(self) -> bool:
        """Take the seat, or renew it; whether it is ours."""
        own = f"{self._agent.host}.{self._agent.epoch}".encode()
        try:
            if self._revision is None:
                self._revision = await self._fleet.create(SEAT, own, ttl_s=SEAT_S)
                self._settled.clear()
                self._orphans.clear()
                await self._backlog.begin()
            else:
                self._revision = await self._fleet.replace(SEAT, own, self._revision, ttl_s=SEAT_S)
        except FleetError as error:
            if error.code != "exists":
                raise
            self._revision = None
        return self._revision is not None

    async def _look(self) -> None:
        """Remove what no outcome names. The larger the store, the rarer."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        if began < self._next_look:
            return
        connection = self._agent.connection
        attempts = await self._attempts()
        waiting: set[str] = set()
        if any(names_ != {self._settled.get(job)} for job, names_ in attempts.items()):
            pattern = f"{names.PREFIX}.job.>"
            for subject in await subjects(connection, names.JOBS, pattern):
                waiting.add(".".join(subject.rsplit(".", 2)[1:]))
        for job, found in attempts.items():
            if found != {self._settled.get(job)}:
                await self._tidy(job, found, waits=job in waiting)
        self._settled = {job: name for job, name in self._settled.items() if job in attempts}
        known = {name for found in attempts.values() for name in found}
        self._orphans = {name: at for name, at in self._orphans.items() if name in known}
        self._next_look = loop.time() + (loop.time() - began) / _SHARE

    async def _attempts(self) -> dict[str, set[str]]:
        """Names of the attempts whose audio is stored, by `<tenant>.<id>` of the job."""
        found: dict[str, set[str]] = {}
        head = f"{names.PREFIX}.audio."
        for subject in await subjects(self._agent.connection, names.AUDIO, f"{head}>"):
            tokens = subject.removeprefix(head).split(".")
            found.setdefault(".".join(tokens[:2]), set()).add(".".join(tokens[:5]))
        return found

    async def _tidy(self, job: str, attempts: set[str], *, waits: bool) -> None:
        entry = await self._outcomes.get(job)
        if entry is None:
            now = asyncio.get_running_loop().time()
            for name in attempts:
                if waits:
                    self._orphans.pop(name, None)  # Somebody may be speaking it.
                elif now - self._orphans.setdefault(name, now) >= _ORPHANED_S:
                    await self._remove(name)
            return
        try:
            outcome = decode(entry.value, Outcome)
        except (NewerSchema, Unreadable):
            return
        named = f"{outcome.tenant}.{outcome.object}"
        for name in attempts - {named}:
            await self._remove(name)
        if named in attempts:
            self._settled[job] = named

    async def _remove(self, attempt: str) -> None:
        pieces = await audio.remove(self._agent.connection, f"{names.PREFIX}.audio.{attempt}")
        log.info("fleet: removed %d pieces of audio that no outcome names", pieces)
