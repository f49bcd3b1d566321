"""What every handler of the gateway may use."""

from __future__ import annotations

import msgspec

from supervisor.client import AsyncClient
from supervisor.config.loading import Place
from supervisor.config.sections.http import Http
from supervisor.gateway.observe.metrics import Metrics
from supervisor.gateway.observe.snapshot import StatusCache
from supervisor.gateway.speech.encoders import Encoders
from supervisor.wire.client import Welcome


class Context(msgspec.Struct, frozen=True):
    """The settings, the connection to the supervisor, its last status, and our own counters."""

    settings: Http
    client: AsyncClient
    status: StatusCache
    encoders: Encoders
    metrics: Metrics
    place: Place | None = None
    """Where the supervisor has its settings from; None where they are none of our business."""

    @property
    def may_change(self) -> bool:
        """Whether anybody may change settings here."""
        return bool(self.settings.api_keys) and self.place is not None

    async def welcome(self) -> Welcome:
        """What the supervisor said of itself; asked once more where it was only starting then.

        It takes no jobs before it knows its engines, so that no other one is lost by that.
        Raises SupervisorError.
        """
        known = await self.client.welcome()
        if known.engines:
            return known
        await self.client.close()
        return await self.client.welcome()

    async def close(self) -> None:
        """Let go of everything."""
        await self.status.close()
        self.encoders.close()
        await self.client.close()


def make_context(settings: Http, client: AsyncClient, place: Place | None = None) -> Context:
    """A context around this connection."""
    return Context(
        settings=settings,
        client=client,
        status=StatusCache(client),
        encoders=Encoders(),
        metrics=Metrics(),
        place=place,
    )
