"""Whom a command speaks with: the supervisor of this user, or a fleet whose servers are named."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from supervisor.cli.common import fail

if TYPE_CHECKING:
    from supervisor.client import Client

FleetServers = Annotated[
    str | None,
    typer.Option(
        "--servers",
        metavar="URL[,URL]",
        help="Have a fleet do it: its NATS servers, such as nats://10.0.0.1:4222.",
    ),
]
FleetCredentials = Annotated[
    Path | None,
    typer.Option(
        "--credentials", metavar="FILE", help="For its servers: a .creds file or an nkey's seed."
    ),
]
FleetCa = Annotated[
    Path | None,
    typer.Option("--ca", metavar="FILE", help="Certificates that its servers are checked against."),
]
FleetTenant = Annotated[
    str | None, typer.Option("--tenant", help="Whose jobs they are there; default: default.")
]


class Whom(NamedTuple):
    """The options above."""

    servers: str | None = None
    credentials: Path | None = None
    ca: Path | None = None
    tenant: str | None = None

    @property
    def is_fleet(self) -> bool:
        """Whether it is a fleet; ends the command where the options make no sense."""
        from supervisor.client.roads import is_fleet

        if self.servers is None:
            if any(self[1:]):
                fail(2, "--credentials, --ca and --tenant are for a fleet: give --servers, too")
            return False
        if not is_fleet(self.servers):
            fail(2, f"--servers {self.servers}: give nats://HOST:4222, or tls://HOST:4222")
        return True

    def of_job(self, job: str) -> Whom:
        """The fleet of the settings for a job whose id is a fleet's, where nobody else is named."""
        from supervisor import config as configuration
        from supervisor.wire.fleet.names import is_job_name, parse_name

        if self.servers is not None or not is_job_name(job):
            return self
        tenant = self.tenant or parse_name(job).tenant
        try:
            fleet = configuration.load(None, None, os.environ, {}).settings.fleet
        except configuration.ConfigError as error:
            fail(2, str(error))
        if not fleet.servers:
            fail(2, f"job {job} is a fleet's: give --servers nats://HOST:4222")
        credentials = self.credentials or (fleet.credentials and Path(fleet.credentials))
        ca = self.ca or (fleet.ca and Path(fleet.ca))
        return Whom(",".join(fleet.servers), credentials or None, ca or None, tenant)

    def client(self, name: str, resume: float | None = None) -> Client:
        """A client; in a `with` block. Raises what `Client` raises."""
        from supervisor.client import Client
        from supervisor.client.request import RESUME_S
        from supervisor.wire.fleet.names import DEFAULT_TENANT

        patience = RESUME_S if resume is None else resume
        if not self.is_fleet:
            return Client(name=name, resume=patience)
        return Client(
            self.servers,
            name=name,
            resume=patience,
            credentials=self.credentials,
            ca=self.ca,
            tenant=self.tenant or DEFAULT_TENANT,
        )
