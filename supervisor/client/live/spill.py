"""The calls of a client with a supervisor of its own, whose live speech spills over to other hosts.

The own supervisor is asked first, and while it begins soon enough nothing else happens. What would
wait longer there, or is refused for want of room, is offered to the fleet; it keeps its place at
home until another host has taken it. Without the fleet all is as without this.
"""

from __future__ import annotations

import time
from typing import Final

from supervisor.client.calls import AcceptedJob, SocketCalls
from supervisor.client.deadlines import PATIENCE_S, Backoff, Deadline
from supervisor.client.errors import NoSupervisor, Refused, SupervisorError
from supervisor.client.link import Link
from supervisor.client.live.bids import BID_S
from supervisor.client.live.calls import FleetCalls, chosen, maker_of
from supervisor.client.live.port import AsyncPort
from supervisor.client.request import Request
from supervisor.client.socket_link import SocketLink
from supervisor.logs import get_logger
from supervisor.wire.client import DEFAULT_CREDIT

_ELSEWHERE_S: Final = 1.0
"""Time for another host to take a request that it bid for, or it stays at home."""

_OUTLOOK_S: Final = 1.0

log = get_logger(__name__)


class SpillCalls(SocketCalls):
    """Calls to the supervisor of this host, and for what would start later than `spill_s` seconds
    from now to those of `fleet`.
    """

    def __init__(
        self,
        kind: type[SocketLink],
        fleet: FleetCalls,
        port: AsyncPort,
        spill_s: float,
        *,
        name: str = "",
        credit: int = DEFAULT_CREDIT,
        patience: float = PATIENCE_S,
    ) -> None:
        super().__init__(kind, None, name, None, credit=credit, patience=patience)
        self._fleet = fleet
        self._port = port
        self._spill_s = spill_s

    @property
    def degraded(self) -> str:
        """Why there is no fleet now, in one line; empty while there is."""
        return "" if self._port.up else self._port.trouble

    async def submit(self, request: Request, deadline: Deadline) -> AcceptedJob:
        """Submit a request at home, or where it can start soonest. Raises what home raises."""
        if request.durable or request.request_class == "batch":
            return await super().submit(request, deadline)
        left = deadline.seconds()
        backoff = Backoff(self._patience if left is None else left)
        began = time.monotonic()
        while True:
            own, refusal = None, None
            try:
                own = await self._begun(request, began, deadline)
            except SupervisorError as error:
                if not (isinstance(error, Refused | NoSupervisor) and error.retryable):
                    raise
                refusal = error
            if own is not None and own.accepted.starts_s <= self._spill_s:
                return own
            taken = await self._elsewhere(request, own, began, deadline)
            if taken is not None:
                return taken
            if refusal is None and own is not None:
                return own
            if refusal is not None:
                await self._pause(backoff.pause(refusal))

    async def link_to_resume(self, request: Request | None, lost: Link, deadline: Deadline) -> Link:
        """As `Calls.link_to_resume`: at home, or where it can go on soonest."""
        if request is None or request.durable:
            return await self.connected(deadline)
        made_by = maker_of(lost, request)
        home, starts_s = await self._home(request, made_by, deadline)
        if home is not None and (starts_s <= self._spill_s or not self._port.up):
            return home
        if self._port.up:
            below_s = None if home is None else starts_s
            try:
                best = await self._fleet.best(request, below_s=below_s, made_by=made_by)
                if best is not None:
                    return await self._fleet.link_to(best, deadline)
            except SupervisorError as error:
                log.info("fleet: no other host goes on with a job: %s", error)
        if home is None:
            raise NoSupervisor("no supervisor that is left speaks as the lost one did")
        return home

    async def close(self) -> None:
        """As `Calls.close`."""
        await super().close()
        await self._fleet.close()

    async def _home(
        self, request: Request, made_by: str | None, deadline: Deadline
    ) -> tuple[Link | None, float]:
        """The link to our own supervisor, where it speaks the same, and when it could begin."""
        try:
            home = await self.connected(deadline)
            outlook = await self.outlook(deadline.within(_OUTLOOK_S))
        except SupervisorError as error:
            log.debug("fleet: no supervisor at home: %s", error)
            return None, 0.0
        if made_by is not None and maker_of(home, request) != made_by:
            return None, 0.0
        return home, float(outlook.get("starts_s", 0.0))

    async def _elsewhere(
        self, request: Request, own: AcceptedJob | None, began: float, deadline: Deadline
    ) -> AcceptedJob | None:
        """The request at another host that begins it sooner, and no longer at home; None where
        there is none, or home has begun meanwhile.
        """
        if not self._port.up:
            self._port.join()
            return None
        below_s = None if own is None else own.accepted.starts_s
        limit = deadline.within(_ELSEWHERE_S)
        try:
            taken = await self._fleet.taken(
                request, began, limit, below_s=below_s, patience_s=2 * BID_S
            )
        except SupervisorError as error:
            log.debug("fleet: stays at home: %s", error)
            return None
        if taken is None:
            return None
        return taken if own is None else chosen(taken, own)
