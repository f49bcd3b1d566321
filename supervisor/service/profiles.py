"""Profiles as the supervisor shows them: which are in force, what they changed, what comes next.

Their windows are the subject of `config.windows`; when they are asked, of `config.watch`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from supervisor.config import schema
from supervisor.config.changes import Change
from supervisor.config.loading import Loaded
from supervisor.config.sections.profiles import Profile
from supervisor.config.windows import DAY_S
from supervisor.logs import get_logger
from supervisor.service.settings import shown
from supervisor.wire.status import NextEdge, Profiles

LOOK_AHEAD_S = 32 * DAY_S

_ALLOCATION = "performance.dynamic_cpu_allocation."

log = get_logger(__name__)


class ActiveProfiles:
    """The profiles of the settings in force."""

    def __init__(self, loaded: Loaded, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._loaded = loaded
        self._next: NextEdge | None = None
        self._known_at = self._known_until = 0.0
        for name in loaded.active:
            log.info("profile %s is in force", name)

    def move(self, loaded: Loaded, changes: Sequence[Change]) -> set[str]:
        """Take the settings of now; log what began and ended, and return the settings (dotted keys)
        that this has changed.
        """
        before, self._loaded = self._loaded, loaded
        self._known_until = 0.0
        told: set[str] = set()
        began = [each for each in loaded.profiles if each.name in loaded.active]
        ended = [each for each in before.profiles if each.name in before.active]
        # The last in the list wins; what one that ended had set may be another's now.
        for word, profiles, others in (
            ("began", began[::-1], before.active),
            ("ended", ended[::-1], loaded.active),
        ):
            for profile in profiles:
                if profile.name in others:
                    continue
                own = [each for each in changes if each.path in _keys(profile) - told]
                told |= {each.path for each in own}
                said = ", ".join(map(_said, own)) or "nothing changes"
                log.info("profile %s %s: %s", profile.name, word, said)
        return told

    def status(self) -> Profiles:
        """The part of the status document."""
        loaded = self._loaded
        names = [profile.name for profile in loaded.profiles]
        return Profiles(names=names, active=list(loaded.active), next=self._next_edge())

    def _next_edge(self) -> NextEdge | None:
        """The next edge; looked for again when it is past, or the clock was set back."""
        now = self._clock()
        if not self._known_at <= now < self._known_until:
            self._next = next_edge(self._loaded.profiles, now)
            self._known_at = now
            self._known_until = now + DAY_S if self._next is None else self._next.at
        return self._next


def next_edge(profiles: Sequence[Profile], now: float) -> NextEdge | None:
    """The first edge of any profile after `now` (Unix seconds)."""
    edges = [
        NextEdge(name=profile.name, at=at, begins=not profile.window.active(now))
        for profile in profiles
        if (at := profile.window.edge_after(now, LOOK_AHEAD_S)) is not None
    ]
    return min(edges, key=lambda edge: edge.at, default=None)


def _keys(profile: Profile) -> set[str]:
    """The settings that a profile sets, by their dotted keys."""
    found = (schema.setting_at(path) for path, _ in schema.leaves(profile.set))
    return {schema.dotted(setting.path) for setting in found if setting is not None}


def _said(change: Change) -> str:
    return f"{change.path.removeprefix(_ALLOCATION)} {shown(change.old)} → {shown(change.new)}"
