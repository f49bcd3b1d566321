"""Watchers: connections that are told what happens, without anybody waiting for them.

An event is encoded once and put into the backlog of each who watches its kind; the loop's next
round sends what their sockets take. What a slow one does not take is kept up to a bound, then
counted. Whose job it is decides who hears of it: a watcher hears of the jobs that JOBS would list.
What happens is for `supervisor.service.news` to say.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from supervisor.broker.refused import Refused, shown
from supervisor.broker.sockets.peers import is_ours
from supervisor.wire.client import Event, Watch, Watching
from supervisor.wire.codec import Frames, encode
from supervisor.wire.events import EVENTS, About, Backlog, EventsLost

MOST: Final = 16
"""Watchers at the same time. Each takes 10 µs of our time with every event."""

MOST_OF_OTHERS: Final = 8
"""Of them those of other users than the supervisor's own, so that its user finds room."""

MOST_OF_ONE: Final = 4
"""Of these those of one owner."""

_BEHIND_S: Final = 0.05
"""Pause before a watcher who takes nothing is tried again."""


class Watcher:
    """One connection that watches. `json`: it is answered in JSON."""

    def __init__(self, owner: str, kinds: frozenset[str], *, json: bool) -> None:
        self.owner = owner
        self.kinds = kinds
        self.json = json
        self.backlog: Backlog[Frames] = Backlog(self._lost)
        self.number = 0
        """Number of the last event that was put into the backlog or counted."""
        self.behind = False
        """Whether its socket took nothing when it was offered something last."""

    def _lost(self, count: int) -> Frames:
        return encode(Event(self.number, time.time(), EventsLost(count)), json=self.json)


class Watchers:
    """All watchers. `offer` sends to a client what its socket takes now; False if it takes none."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, offer: Callable[[bytes, Frames], bool]
    ) -> None:
        self.told = 0
        """Events that somebody was to be told, and those of them that were lost to a slow one."""
        self.lost = 0
        self._loop = loop
        self._offer = offer
        self._watchers: dict[bytes, Watcher] = {}
        self.kinds: frozenset[str] = frozenset()
        """Kinds that anybody watches."""
        self._number = 0
        self._round: asyncio.Handle | None = None
        self._retry: asyncio.Handle | None = None

    def __len__(self) -> int:
        return len(self._watchers)

    def watch(self, client: bytes, owner: str, message: Watch, *, json: bool) -> Watching:
        """Begin to watch, or watch something else, or nothing any more. Raises Refused."""
        for kind in message.events:
            if kind not in EVENTS:
                text = f"there are no events {shown(kind)}; there are: {', '.join(EVENTS)}"
                raise Refused("out_of_range", text, field="events")
        kinds = frozenset(message.events)
        if kinds:
            self._check_room(client, owner)
            self._watchers[client] = Watcher(owner, kinds, json=json)
        else:
            self._watchers.pop(client, None)
        self._settle()
        return Watching(message.id, tuple(kind for kind in EVENTS if kind in kinds), self._number)

    def forget(self, client: bytes) -> None:
        """Forget a connection that is gone."""
        if self._watchers.pop(client, None) is not None:
            self._settle()

    def tell(self, kind: str, about: About, owner: str | None = None) -> None:
        """Tell all who watch this kind; of a job only its `owner`."""
        hear = [
            (client, watcher)
            for client, watcher in self._watchers.items()
            if kind in watcher.kinds and owner in {None, watcher.owner}
        ]
        if not hear:  # It has no number: others would count the jobs that are not theirs.
            return
        self._number += 1
        event = Event(self._number, time.time(), about)
        encoded: dict[bool, Frames] = {}
        for client, watcher in hear:
            frames = encoded.get(watcher.json)
            if frames is None:
                frames = encoded[watcher.json] = encode(event, json=watcher.json)
            if watcher.backlog.full:  # So many in one round: he may not be slow at all.
                self._send_to(client, watcher)
            watcher.number = self._number
            self.told += 1
            if not watcher.backlog.put(frames):
                self.lost += 1
        if self._round is None:
            self._round = self._loop.call_soon(self._send)

    def close(self) -> None:
        """Tell nobody any more."""
        self._watchers.clear()
        self._settle()
        for handle in (self._round, self._retry):
            if handle is not None:
                handle.cancel()

    def _check_room(self, client: bytes, owner: str) -> None:
        """Raise Refused where too many watch already; one who does may watch something else."""
        owners = [watcher.owner for key, watcher in self._watchers.items() if key != client]
        bounds = [(owners, MOST)]
        if not is_ours(owner):
            bounds.append(([each for each in owners if not is_ours(each)], MOST_OF_OTHERS))
            bounds.append(([each for each in owners if each == owner], MOST_OF_ONE))
        for those, most in bounds:
            if len(those) >= most:
                text = f"{most} connections watch events already, which is as many as may"
                raise Refused("busy", text, retry_after_ms=5_000)

    def _settle(self) -> None:
        self.kinds = frozenset().union(*(each.kinds for each in self._watchers.values()))

    def _send(self) -> None:
        """Send to each what it takes; those who take nothing are tried again in a while."""
        self._round = None
        for client, watcher in list(self._watchers.items()):
            self._send_to(client, watcher)

    def _try_again(self) -> None:
        self._retry = None
        for watcher in self._watchers.values():
            watcher.behind = False
        self._send()

    def _send_to(self, client: bytes, watcher: Watcher) -> None:
        """Send what waits for one watcher, until it takes no more or turns out to be gone."""
        while watcher.backlog and not watcher.behind and self._watchers.get(client) is watcher:
            frames = watcher.backlog.take()
            if not self._offer(client, frames):
                watcher.backlog.put_back(frames)
                watcher.behind = True
                if self._retry is None:
                    self._retry = self._loop.call_later(_BEHIND_S, self._try_again)
