"""Who this gateway is in the fleet, and what it has there; made where `fleet.servers` are set."""

from __future__ import annotations

import socket
import time

from supervisor.client import AsyncClient, NoSupervisor
from supervisor.config.sections.fleet import Fleet as FleetSettings
from supervisor.config.sections.fleet import host_token
from supervisor.gateway.connecting import CREDIT_BYTES, PATIENCE_S, RESUME_S
from supervisor.gateway.fleet.hosts import Hosts
from supervisor.nats.connection import Servers
from supervisor.nats.errors import FleetError
from supervisor.nats.figures import read_figures
from supervisor.telling.fleet import FleetSize, HostRow, fleet_size, host_row


class Fleet:
    """The fleet of this gateway's host."""

    def __init__(self, settings: FleetSettings) -> None:
        self.settings = settings
        self.trouble = ""
        self.client = self.new_client()
        self.hosts = Hosts(
            Servers(
                urls=tuple(settings.servers),
                name=f"{host_token(settings, socket.gethostname())}-gateway",
                credentials=settings.credentials,
                ca=settings.ca,
                ping_s=settings.ping_s,
            )
        )

    def new_client(self) -> AsyncClient:
        """A connection of a client's to the fleet, which is made at its first use."""
        return AsyncClient(
            ",".join(self.settings.servers),
            name="gateway",
            credit=CREDIT_BYTES,
            patience=PATIENCE_S,
            resume=RESUME_S,
            credentials=self.settings.credentials,
            ca=self.settings.ca,
        )

    async def check(self) -> None:
        """Raise NoSupervisor at once where the servers are away."""
        try:
            await self.hosts.connected()
        except FleetError as error:
            told = f"the fleet's servers do not answer: {error}"
            raise NoSupervisor(told, code="fleet_unavailable") from None

    async def rows(self) -> list[HostRow] | None:
        """The hosts as they are shown; None where they cannot be heard, for the reason that is in
        `trouble` then.
        """
        try:
            found = await self.hosts.now()
        except FleetError as error:
            self.trouble = str(error)
            return None
        self.trouble = ""
        return [host_row(host) for host in found]

    async def size(self) -> FleetSize | None:
        """How many hosts there should be; None where nobody tells: `trouble` may say why."""
        try:
            found = await read_figures(await self.hosts.connected())
        except FleetError as error:
            self.trouble = str(error)
            return None
        self.trouble = ""
        return fleet_size(found, time.time())

    async def close(self) -> None:
        """Leave it."""
        await self.client.close()
        await self.hosts.close()
