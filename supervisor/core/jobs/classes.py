"""Classes of requests: who waits for a sentence, who listens, and what is spoken for later.

The class of a job is what its client says, else what its text is like (`by_rule`). It decides how
large a share of the workers it gets (`queue`), who is interrupted for it (`preemption`), and
whether its segments are cut shorter while others want the workers (`Contention`). None is trusted
beyond its bound on work: `admission` puts what is more into the class below.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, get_args

import msgspec

from supervisor.speech import RequestClass

CLASSES: Final[tuple[RequestClass, ...]] = get_args(RequestClass)

_MANY_SEGMENTS: Final = 20
"""More of them are nobody's conversation."""


class ClassRules(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for one class. `weight`: its share of the workers, beside the others'.

    `max_work_s`: predicted work that one client may have in it, None for any. While others want
    the workers, its segments have about `max_chars_contended` characters, None for as ever.
    """

    weight: float
    max_work_s: float | None = None
    max_chars_contended: int | None = None


class Classes(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for all classes. Times are in seconds.

    Segments are cut shorter for `contended_s` after a more urgent one ran. With `preempt` a segment
    of batch work is interrupted for an interactive one, if more than `preempt_left_s` are left.
    """

    rules: Mapping[RequestClass, ClassRules]
    contended_s: float
    preempt: bool
    preempt_left_s: float


def by_rule(segments: int, *, durable: bool, open: bool) -> RequestClass:
    """The class of a job whose client names none, by what is known of its text."""
    if open:
        return "stream"
    if durable or segments > _MANY_SEGMENTS:
        return "batch"
    return "interactive" if segments <= 1 else "stream"


def below(name: RequestClass) -> RequestClass:
    """The class that is next less urgent; batch itself for batch."""
    return CLASSES[min(CLASSES.index(name) + 1, len(CLASSES) - 1)]


class Contention:
    """When a segment of each class ran last: what is less urgent is cut shorter for a while."""

    def __init__(self) -> None:
        self._last: dict[RequestClass, float] = {}

    def ran(self, name: RequestClass, now: float) -> None:
        """Note that a segment of this class was given to a worker."""
        self._last[name] = now

    def holds(self, name: RequestClass, now: float, contended_s: float) -> bool:
        """Whether work that is more urgent than this class was seen a short while ago."""
        return any(
            now - self._last[above] <= contended_s
            for above in CLASSES[: CLASSES.index(name)]
            if above in self._last
        )
