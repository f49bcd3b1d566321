"""Watches config.json and override.json while the supervisor runs, and the clock for profiles.

Two `stat` calls a second, on whole seconds of the loop's clock, so that they share a
wake-up with other timers of one second. That sees changes which notifications of the kernel
miss: of a bind-mounted single file, on a network file system, in a directory that does not
exist yet, of the target of a symbolic link. The receiver applies the changes.

Profiles are asked once in each minute of the wall clock whether they are active now, so a clock
that was set and a machine that slept make no difference. They begin and end also while the files
are broken: those of the last good ones.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from supervisor.config import files
from supervisor.config.changes import Change, diff
from supervisor.config.errors import ConfigError
from supervisor.config.loading import Loaded, load
from supervisor.config.settings import Settings
from supervisor.config.windows import MINUTE_S

POLL_S = 1.0

SETTLE_S = 0.1
"""The files are read when they have not changed for this long: a write takes several steps."""

GONE_S = 1.0
"""As SETTLE_S where a file went missing: some editors delete before they write anew."""

MAX_SETTLING_ROUNDS = 50
"""Rounds after which a file that keeps changing is read all the same; half of one is rejected."""


class Reloaded(NamedTuple):
    """New settings are in force; `changes`: their differences from the last. `error`: that in the
    files as they are now; then only profiles have begun or ended.
    """

    loaded: Loaded
    changes: list[Change]
    error: ConfigError | None = None


class Rejected(NamedTuple):
    """The files cannot be used; the last good settings stay in force."""

    error: ConfigError


class Timer(Protocol):
    """A scheduled call of the loop."""

    def cancel(self) -> None:
        """Cancel the call if it is still to come."""


class Loop(Protocol):
    """The part of an asyncio loop that a watch uses."""

    def time(self) -> float:
        """The time now, in monotonic seconds."""

    def call_at(self, when: float, callback: Callable[[], object], /) -> Timer:
        """Schedule a call at a time."""


class Watch:
    """A watch over the files that `loaded` came from; takes the same arguments as `load`.

    Between `start` and `stop`, `deliver` is called on the loop: for a change of the files
    that changes settings, makes them invalid or valid again, and for each `reload`.
    `loaded` and `error` are the present state. `check` raises ConfigError for settings that are
    valid and cannot be used on this machine.
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
        clock: Callable[[], float] = time.time,
        check: Callable[[Settings], None] = lambda _settings: None,
    ) -> None:
        self.loaded = loaded
        """The last good settings."""
        self.error: ConfigError | None = None
        """The error in the files as they are now; None if they are valid."""
        environ = os.environ if environ is None else environ
        self._load = partial(load, config, override, environ, command_line)
        self._clock = clock
        self._check = check
        self._minute = -1.0
        """That of the wall clock in which profiles were asked."""
        self._active = loaded.active
        """Profiles that were asked for last, in force or not."""
        self._paths = [location.path for location in files.locate(config, override, environ)]
        self._deliver = deliver
        self._seen: Signature = ((0,),) * len(self._paths)
        self._timer: Timer | None = None

    def start(self, loop: Loop) -> None:
        """Start to watch. A change since `loaded` was read is found, too."""
        self._after(loop, lambda: self._poll(loop))

    def stop(self) -> None:
        """Stop watching; nothing more is delivered."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def reload(self) -> None:
        """Read the files now, and deliver the result whether or not it has changed."""
        self._refresh(asked=True)

    def _poll(self, loop: Loop) -> None:
        now = self._signature()
        if now == self._seen:
            self._after(loop, lambda: self._poll(loop))
            self._ask_profiles()
        else:
            self._settle(loop, now, MAX_SETTLING_ROUNDS)

    def _settle(self, loop: Loop, before: Signature, rounds: int) -> None:
        """Read the files once they have stopped changing."""
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
        """Schedule a call at the next whole period."""
        self._timer = loop.call_at((loop.time() // POLL_S + 1) * POLL_S, callback)

    def _ask_profiles(self) -> None:
        """Let profiles begin and end, once a minute."""
        now = self._clock()
        if now // MINUTE_S == self._minute:
            return
        self._minute = now // MINUTE_S
        active = self.loaded.active_at(now)
        if active == self._active:
            return
        self._active = active
        try:
            loaded = self.loaded.at(now)
            self._check(loaded.settings)
        except ConfigError as error:
            self._deliver(Rejected(error))
            return
        changes = diff(self.loaded.settings, loaded.settings)
        self.loaded = loaded
        self._deliver(Reloaded(loaded, changes, self.error))

    def _refresh(self, *, asked: bool) -> None:
        self._seen = self._signature()
        was_broken = self.error is not None
        try:
            loaded = self._load(at=self._clock())
            self._check(loaded.settings)
        except ConfigError as error:
            self.error = error
            self._deliver(Rejected(error))
            return
        changes = diff(self.loaded.settings, loaded.settings)
        moved = loaded.active != self.loaded.active
        self.loaded, self.error, self._active = loaded, None, loaded.active
        if changes or moved or was_broken or asked:
            self._deliver(Reloaded(loaded, changes))

    def _signature(self) -> Signature:
        return tuple(_signature(path) for path in self._paths)


Signature = tuple[tuple[int, ...], ...]
"""Numbers of each file that change with it; the first is 0 where it cannot be read."""


def _signature(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError as error:
        return (0, error.errno or 0)
    return (found.st_ino, found.st_dev, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
