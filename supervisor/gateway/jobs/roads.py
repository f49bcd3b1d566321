"""Which road a job takes: the fleet's where there is one, this host's where there is none.

While the servers of the fleet do not answer, a job is kept on this host, and says so; or it is
refused, as `fleet.outage` says. A job's id tells which road it went.
"""

from __future__ import annotations

from typing import Final

import msgspec

from supervisor.client import NoSupervisor
from supervisor.gateway.connecting import new_client
from supervisor.gateway.context import Context
from supervisor.gateway.jobs.records import Label, SpeechJobRequest
from supervisor.gateway.jobs.road import HandedIn, Road
from supervisor.gateway.speech.asking import Order
from supervisor.logs import get_logger
from supervisor.wire.fleet.names import is_job_name

AWAY_HEADER: Final = "X-Fleet"
"""`away`: the fleet could not be asked."""

log = get_logger(__name__)


class Roads:
    """The roads of this gateway."""

    def __init__(self, context: Context) -> None:
        self._own = Road("host", new_client, context.client)
        self._fleet: Road | None = None
        self._refuses = False
        if context.fleet is not None:
            fleet = context.fleet
            self._fleet = Road("fleet", fleet.new_client, fleet.client)
            self._refuses = fleet.settings.outage == "refuse"

    def of(self, id: str) -> Road:
        """The road that the job of this id went."""
        return self._own if self._fleet is None or not is_job_name(id) else self._fleet

    async def hand_in(
        self, wanted: SpeechJobRequest, order: Order, label: Label, key: str | None
    ) -> HandedIn:
        """Hand in a job. Raises SupervisorError for a refusal."""
        if self._fleet is None:
            return await self._own.hand_in(wanted, order, label, key)
        try:
            return await self._fleet.hand_in(wanted, order, label, key)
        except NoSupervisor as error:
            if self._refuses:
                raise
            away = str(error)
        log.warning("gateway: a job is kept on this host: %s", away)
        handed_in = await self._own.hand_in(wanted, order, label, key)
        document, known = handed_in.found
        note = f"kept on this host: {away}"
        told = msgspec.structs.replace(document, note=note)
        return handed_in._replace(found=handed_in.found._replace(document=told, label=known))
