"""Follow config.json and override.json while the supervisor runs.

Two `stat` calls a second, on whole seconds of the loop's clock, so that they share a
wake-up with other timers of one second. That sees what notifications of the kernel do
not: a bind-mounted single file, a network file system, a directory that does not exist
yet, the target of a symbolic link. What a change takes to hold is the business of
whoever gets it delivered.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from supervisor.config import files
from supervisor.config.changes import Change, diff
from supervisor.config.errors import ConfigError
from supervisor.config.loading import Loaded, load

POLL_S = 1.0

SETTLE_S = 0.1
"""The files are read when they have not changed for this long: a write takes several steps."""

GONE_S = 1.0
"""As SETTLE_S where a file went missing: some editors delete before they write anew."""

MAX_SETTLING_ROUNDS = 50
"""A file that never rests is read all the same; what is half-written is rejected."""


class Reloaded(NamedTuple):
    """New settings are in force; `changes` says how they differ from the last."""

    loaded: Loaded
    changes: list[Change]


class Rejected(NamedTuple):
    """The files cannot be used; the last good settings stay in force."""

    error: ConfigError


class Timer(Protocol):
    """What the loop gives for a call to come."""

    def cancel(self) -> None:
        """Never make the call."""


class Loop(Protocol):
    """The part of an asyncio loop that is used."""

    def time(self) -> float:
        """Now, in monotonic seconds."""

    def call_at(self, when: float, callback: Callable[[], object], /) -> Timer:
        """Call back at that time."""


class Watch:
    """Watches the files that `loaded` came from; takes the same arguments as `load`.

    `deliver` is called on the loop: for a change of the files that changes settings,
    that breaks them or that mends them, and for each `reload`. Between `start` and
    `stop`; `loaded` and `error` say how things stand.
    """

    def __init__(
        self,
        loaded: Loaded,
        deliver: Callable[[Reloaded | Rejected], object],
        *,
        config: Path | None = None,
        override: Path | None = None,
        environ: Mapping[str, str] | None = None,
        command_line: Mapping[str, Any] | None = None,
    ) -> None:
        self.loaded = loaded
        """The last good settings."""
        self.error: ConfigError | None = None
        """What is wrong with the files as they are now."""
        environ = os.environ if environ is None else environ
        self._load = partial(load, config, override, environ, command_line)
        self._paths = [location.path for location in files.locate(config, override, environ)]
        self._deliver = deliver
        self._seen: Signature = ((0,),) * len(self._paths)
        self._timer: Timer | None = None

    def start(self, loop: Loop) -> None:
        """Begin to watch. A change since `loaded` was read is found, too."""
        self._after(loop, lambda: self._poll(loop))

    def stop(self) -> None:
        """Stop watching."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def reload(self) -> None:
        """Read the files now and deliver what comes of it, changed or not."""
        self._refresh(asked=True)

    def _poll(self, loop: Loop) -> None:
        now = self._signature()
        if now == self._seen:
            self._after(loop, lambda: self._poll(loop))
        else:
            self._settle(loop, now, MAX_SETTLING_ROUNDS)

    def _settle(self, loop: Loop, before: Signature, rounds: int) -> None:
        """Read the files once they are as they were a moment ago."""
        went = any(was[0] and not now[0] for was, now in zip(self._seen, before, strict=True))

        def look() -> None:
            now = self._signature()
            if now != before and rounds:
                self._settle(loop, now, rounds - 1)
                return
            self._after(loop, lambda: self._poll(loop))
            self._refresh(asked=False)

        self._timer = loop.call_at(loop.time() + (GONE_S if went else SETTLE_S), look)

    def _after(self, loop: Loop, callback: Callable[[], object]) -> None:
        """Call back at the next whole period."""
        self._timer = loop.call_at((loop.time() // POLL_S + 1) * POLL_S, callback)

    def _refresh(self, *, asked: bool) -> None:
        self._seen = self._signature()
        was_broken = self.error is not None
        try:
            loaded = self._load()
        except ConfigError as error:
            self.error = error
            self._deliver(Rejected(error))
            return
        changes = diff(self.loaded.settings, loaded.settings)
        self.loaded, self.error = loaded, None
        if changes or was_broken or asked:
            self._deliver(Reloaded(loaded, changes))

    def _signature(self) -> Signature:
        return tuple(_signature(path) for path in self._paths)


Signature = tuple[tuple[int, ...], ...]
"""For each file what changes when it does; the first number is 0 where it cannot be read."""


def _signature(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError as error:
        return (0, error.errno or 0)
    return (found.st_ino, found.st_dev, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
