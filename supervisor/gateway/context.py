"""Context shared by all handlers of the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from supervisor.client import AsyncClient
from supervisor.config import Settings
from supervisor.config.loading import Place
from supervisor.config.sections.http import Http
from supervisor.gateway.books.library import Books
from supervisor.gateway.observe.event_hub import EventHub
from supervisor.gateway.observe.metrics import Metrics
from supervisor.gateway.observe.snapshot import StatusCache
from supervisor.gateway.speech.encoders import Encoders
from supervisor.gateway.speech.reader import Reader
from supervisor.gateway.speech.shelf import Shelf
from supervisor.wire.client import Welcome

if TYPE_CHECKING:
    from supervisor.gateway.fleet.road import Fleet


class Context(msgspec.Struct, frozen=True):
    """Settings, connection to the supervisor, its last status, and the gateway's own counters."""

    settings: Http
    client: AsyncClient
    status: StatusCache
    encoders: Encoders
    metrics: Metrics
    reader: Reader
    shelf: Shelf
    books: Books
    events: EventHub
    fleet: Fleet | None = None
    """None without `fleet.servers`."""
    place: Place | None = None
    """Sources of the supervisor's settings; None where the gateway may not change them."""

    @property
    def may_change(self) -> bool:
        """Whether requests may change settings here."""
        return bool(self.settings.api_keys) and self.place is not None

    async def welcome(self) -> Welcome:
        """The supervisor's WELCOME; asked for once more if it was only starting then.

        It takes no jobs before it knows its engines, so that no other one is lost by that.
        Raises SupervisorError.
        """
        known = await self.client.welcome()
        if known.engines:
            return known
        await self.client.close()
        return await self.client.welcome()

    async def close(self) -> None:
        """Leave the books, end the reading process, and close the connections to the supervisor."""
        if self.fleet is not None:
            await self.fleet.close()
        await self.books.close()
        await self.events.close()
        await self.reader.close()
        self.shelf.close()
        await self.status.close()
        self.encoders.close()
        await self.client.close()


def make_context(settings: Settings, client: AsyncClient, place: Place | None = None) -> Context:
    """A context around this connection."""
    return Context(
        settings=settings.http,
        client=client,
        status=StatusCache(client),
        encoders=Encoders(),
        metrics=Metrics(),
        reader=Reader(settings, place),
        shelf=Shelf(settings.http),
        books=Books(settings.http),
        events=EventHub(client, settings.http.max_connections),
        fleet=_fleet(settings),
        place=place,
    )


def _fleet(settings: Settings) -> Fleet | None:
    if not settings.fleet.servers:
        return None
    from supervisor.gateway.fleet.road import Fleet  # noqa: PLC0415 - loads what a fleet needs

    return Fleet(settings.fleet)
