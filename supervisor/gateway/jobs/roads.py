"""Which road a job takes: the fleet's where there is one, this host's where there is none.

While the servers of the fleet do not answer, a job is kept on this host, and says so; or it is
refused, as `fleet.outage` says. A job's id tells which road it went.
"""

from __future__ import annotations

import time
from typing import Final

import msgspec

from supervisor.client import NoSupervisor, SupervisorError
from supervisor.gateway.connecting import new_client
from supervisor.gateway.context import Context
from supervisor.gateway.jobs.checking import check
from supervisor.gateway.jobs.records import Label, SpeechJobRequest
from supervisor.gateway.jobs.road import HandedIn, Road
from supervisor.gateway.speech.asking import Order
from supervisor.logs import get_logger
from supervisor.wire.fleet.names import is_job_name

AWAY_HEADER: Final = "X-TTS-Fleet"
"""`away`: the fleet could not be asked."""

_AWAY: Final = frozenset({"fleet_unavailable", "engine_unavailable"})
"""Codes of a fleet that takes no job now; this host may."""

_AGAIN_S: Final = 5.0
"""After the queue did not answer, the next job is offered to it so much later."""

log = get_logger(__name__)


class Roads:
    """The roads of this gateway."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._own = Road("host", new_client, context.client)
        self._joined = context.fleet
        self._fleet = None
        if context.fleet is not None:
            self._fleet = Road("fleet", context.fleet.new_client, context.fleet.client)
        self._away: SupervisorError | None = None
        self._again_at = 0.0

    def of(self, id: str) -> Road:
        """The road that the job of this id went."""
        return self._own if self._fleet is None or not is_job_name(id) else self._fleet

    async def hand_in(
        self, wanted: SpeechJobRequest, order: Order, label: Label, key: str | None
    ) -> HandedIn:
        """Hand in a job. Raises ApiError, SupervisorError for a refusal."""
        if self._fleet is None or self._joined is None:
            return await self._own.hand_in(wanted, order, label, key)
        check(wanted, order, await self._context.welcome())
        away = self._away
        if away is None or time.monotonic() >= self._again_at:
            try:
                await self._joined.check()
                return await self._fleet.hand_in(wanted, order, label, key)
            except SupervisorError as error:
                if not (isinstance(error, NoSupervisor) or error.code in _AWAY):
                    raise
                away = error
            if away.code != "engine_unavailable":  # That says nothing of the next job.
                self._away, self._again_at = away, time.monotonic() + _AGAIN_S
            log.warning("gateway: the fleet's queue takes no job: %s", away)
        if self._joined.settings.outage == "refuse":
            raise away
        handed_in = await self._own.hand_in(wanted, order, label, key)
        found = handed_in.found
        told = msgspec.structs.replace(found.document, note=f"kept on this host: {away}")
        return handed_in._replace(found=found._replace(document=told))
