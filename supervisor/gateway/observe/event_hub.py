"""Events for the clients of `GET /events`: the gateway watches once, and hands on to each his own.

It watches from the first client on until nobody has been there for `LINGER_S`, and remembers the
last events, so that one who lost his connection is told what he missed. The supervisor's end is the
end of all streams; their clients come again.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import msgspec

from supervisor.client import AsyncClient, AsyncEvents, Event, EventsLost, SupervisorError
from supervisor.gateway.errors import RETRY_AFTER_S, SERVER, ApiError
from supervisor.wire.events import BACKLOG, Backlog, JobChanged, document

MOST = 32
"""Streams at the same time, but never over a quarter of the connections."""

MOST_OF_ONE = 8
"""Those of one client."""

HEARTBEAT_S = 15.0
"""Seconds without an event after which a comment shows that the stream lives."""

RETRY_MS = 2_000
"""After so long a browser connects again."""

LINGER_S = 60.0
"""Seconds for which events are remembered when nobody watches."""

_DIGITS = 18
"""Of the longest number that an event can have."""

_BEGIN = f"retry: {RETRY_MS}\n\n".encode()
_HEARTBEAT = b":\n\n"


class Kept(msgspec.Struct, frozen=True):
    """An event, and what is sent of it."""

    event: Event
    kind: str
    text: bytes


class Stream:
    """The events of one client. `kinds` he asked for; `sees` says which jobs are his."""

    def __init__(self, kinds: frozenset[str], sees: Callable[[JobChanged], bool]) -> None:
        self._kinds = kinds
        self._sees = sees
        self._backlog: Backlog[bytes] = Backlog(_lost)
        self._changed = asyncio.Event()
        self._ended = False

    def put(self, kept: Kept) -> None:
        """Add an event, if it is for him."""
        about = kept.event.about
        if isinstance(about, JobChanged) and not self._sees(about):
            return
        if kept.kind in self._kinds or isinstance(about, EventsLost):
            self._backlog.put(kept.text)
            self._changed.set()

    def put_lost(self) -> None:
        """Tell him that he missed something, nobody knows how much."""
        self._backlog.put(_lost(None))

    def end(self) -> None:
        """End it when all that waits is sent."""
        self._ended = True
        self._changed.set()

    async def pieces(self) -> AsyncIterator[bytes]:
        """What is sent of it, as it comes."""
        yield _BEGIN
        while True:
            self._changed.clear()
            waiting = []
            while self._backlog:
                waiting.append(self._backlog.take())
            if waiting:
                yield b"".join(waiting)
            elif self._ended:
                return
            else:
                try:
                    async with asyncio.timeout(HEARTBEAT_S):
                        await self._changed.wait()
                except TimeoutError:
                    yield _HEARTBEAT


class EventHub:
    """All streams, and the one watch of the gateway. `connections`: as many as it may have."""

    def __init__(self, client: AsyncClient, connections: int) -> None:
        self._client = client
        self._most = min(MOST, max(1, connections // 4))
        self._streams: dict[Stream, str] = {}
        self._kept: deque[Kept] = deque(maxlen=BACKLOG)
        self._known_from = 0
        """Number of the event behind which all are kept."""
        self._epoch = ""
        self._connecting = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def watching(self) -> bool:
        """Whether the supervisor is watched now."""
        return self._task is not None and not self._task.done()

    async def join(self, stream: Stream, who: str, last_id: str | None) -> None:
        """Begin to hand on events to this client, those after `last_id` first. Raises ApiError
        where there are too many, SupervisorError where nobody can be watched.
        """
        self._check_room(who)
        self._streams[stream] = who
        try:
            async with self._connecting:
                await self._watch()
        except BaseException:
            self.leave(stream)
            raise
        if last_id is not None:
            self._catch_up(stream, last_id)

    def leave(self, stream: Stream) -> None:
        """Forget a client that has left, and everything a while after the last one."""
        self._streams.pop(stream, None)
        if not self._streams and self._timer is None and self._task is not None:
            self._timer = asyncio.get_running_loop().call_later(LINGER_S, self._task.cancel)

    def end_all(self) -> None:
        """End every stream."""
        for stream in self._streams:
            stream.end()

    async def close(self) -> None:
        """Watch no more."""
        self.end_all()
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def _check_room(self, who: str) -> None:
        if len(self._streams) >= self._most or Counter(self._streams.values())[who] >= MOST_OF_ONE:
            raise ApiError(
                503,
                "too many watch events already",
                type=SERVER,
                code="too_many_watchers",
                retry_after_s=RETRY_AFTER_S,
            )

    async def _watch(self) -> None:
        """Watch, unless that is done already. Raises SupervisorError."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.watching:
            return
        events = await self._client.events()
        self._kept.clear()
        self._known_from, self._epoch = events.number, events.epoch
        self._task = asyncio.create_task(self._pass_on(events))

    async def _pass_on(self, events: AsyncEvents) -> None:
        try:
            with suppress(SupervisorError):
                async with events:
                    async for event in events:
                        self._take(event)
        finally:
            self.end_all()

    def _take(self, event: Event) -> None:
        if len(self._kept) == BACKLOG:
            self._known_from = self._kept[0].event.number
        if isinstance(event.about, EventsLost):
            self._known_from = event.number
        kept = self._encoded(event)
        self._kept.append(kept)
        for stream in self._streams:
            stream.put(kept)

    def _catch_up(self, stream: Stream, last_id: str) -> None:
        epoch, _, digits = last_id.partition("-")
        if epoch != self._epoch or not digits.isdecimal() or len(digits) > _DIGITS:
            stream.put_lost()
            return
        last = int(digits)
        if last < self._known_from:
            stream.put_lost()
        for kept in self._kept:
            if kept.event.number > last:
                stream.put(kept)

    def _encoded(self, event: Event) -> Kept:
        about = event.about
        if isinstance(about, JobChanged):  # Whom others speak for is theirs to know.
            about = msgspec.structs.replace(about, on_behalf=None)
        told = document(event.number, event.at, about)
        kind = told["event"]
        head = f"event: {kind}\nid: {self._epoch}-{event.number}\ndata: "
        return Kept(event, kind, head.encode() + msgspec.json.encode(told) + b"\n\n")


def _lost(count: int | None) -> bytes:
    """An event without an id: it has no place among the others."""
    about = EventsLost(count)
    return b"event: lost\ndata: " + msgspec.json.encode(about) + b"\n\n"
