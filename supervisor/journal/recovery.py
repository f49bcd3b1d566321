"""Recover the jobs of a journal that is opened, and put audio without a job aside.

Everything here runs in the journal's thread; `tell` passes events on to the event loop. Faults in
single rows are found here; `store` repairs them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from itertools import islice
from typing import Final, cast

import msgspec

from supervisor.core.jobs import events as e
from supervisor.core.jobs.audio import Pcm
from supervisor.core.jobs.job import JobState
from supervisor.journal import clock as journal_clock
from supervisor.journal import rows as journal_rows
from supervisor.journal.audio import JournalAudio
from supervisor.journal.orphans import Orphans
from supervisor.journal.rows import Row
from supervisor.journal.store import JournalStore
from supervisor.journal.texts import JournalTexts, OpenText
from supervisor.logs import get_logger

_AT_ONCE: Final = 64
_ORPHANS_S: Final = 60.0
"""Time between two looks for orphaned audio that has been kept for long enough."""

log = get_logger(__name__)


class Recovery:
    """Reports a journal's jobs. `now` is the event loop's clock, `tell` takes events in groups."""

    def __init__(
        self,
        audio: JournalAudio,
        texts: JournalTexts,
        orphans: Orphans,
        now: Callable[[], float],
        tell: Callable[[list[e.Recovered]], None],
    ) -> None:
        self._audio = audio
        self._texts = texts
        self._orphans = orphans
        self._now = now
        self._tell = tell
        self._looked_at = -math.inf

    def recover(self, store: JournalStore, retention_s: float) -> bool:
        """Report every job; returns whether all rows were sound.

        After an error it may be called again: a job that is known already is ignored. Raises
        sqlite3.Error, OSError.
        """
        known: set[str] = set()
        closed: set[str] = set()
        sound = True
        rows = store.rows()
        while batch := list(islice(rows, _AT_ONCE)):
            sound = sound and not any(reading.wrong for reading in batch)
            found = [reading.row for reading in batch if reading.row is not None]
            known.update(row.id for row in found)
            events = [event for row in found if (event := self._event(row)) is not None]
            closed.update(event.job for event in events if not event.request.open)
            self._tell(events)
        if not store.new:  # The old one may come back.
            self._texts.keep_only(known - closed)
        self._orphans.put_aside(known, retention_s, new=store.new)
        self._orphans.expire(retention_s)
        self._looked_at = time.monotonic()
        return sound

    def _event(self, row: Row) -> e.Recovered | None:
        """Event of the job machine for a row; None for one whose text cannot be read now."""
        now = self._now()
        times = journal_clock.read(now).recall(row)
        request, parts, open_text = journal_rows.unpack(row, times.deadline), row.parts, OpenText()
        if request.open:
            try:
                open_text = self._texts.read(row.id)
            except OSError as error:
                what = "journal: the text of job %s cannot be read, the next start may go on: %s"
                log.warning(what, row.id, error.strerror, extra={"data": {"job": row.id}})
                return None
            parts = len(open_text.parts)
            self._audio.cut_off(row.id, parts)
            request = msgspec.structs.replace(
                request, segments=open_text.parts, left_out=open_text.left_out
            )
        stored: dict[int, Pcm] = {}
        if row.outcome in (None, "done"):
            self._orphans.adopt(row.id)
            found = {part.segment: part for part in self._audio.segments(row.id)}
            stored.update((i, found[i]) for i in range(parts) if i in found)
        return e.Recovered(
            now=now,
            job=row.id,
            owner=row.owner,
            request=request,
            accepted_at=times.accepted_at,
            stored=stored,
            outcome=cast("JobState | None", row.outcome),
            message=row.message,
            ended_at=times.ended_at,
            unread=open_text.unread,
        )

    def orphans_due(self, now: float) -> float | None:
        """Seconds until the next look at the orphans; None if there are none.

        `now`: monotonic seconds.
        """
        if not self._orphans.usage.jobs:
            return None
        return max(0.0, self._looked_at + _ORPHANS_S - now)

    def expire_orphans(self, now: float, retention_s: float) -> None:
        """Remove orphans that have been kept for long enough, if a look is due."""
        if self.orphans_due(now) == 0.0:
            self._looked_at = now
            self._orphans.expire(retention_s)
