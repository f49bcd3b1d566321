"""One book as the gateway has it: what is stored of it, how far it is now, and what is told."""

from __future__ import annotations

import time
from typing import NamedTuple

from supervisor.client import AsyncJob
from supervisor.gateway.books.records import (
    BookDocument,
    BookFault,
    ChapterDocument,
    ChapterState,
)
from supervisor.gateway.books.records import BookState as ToldState
from supervisor.gateway.books.store import BookState, StoredBook


class Underway(NamedTuple):
    """A chapter that is being taken: its number, the part of it that is there, its seconds."""

    number: int
    share: float
    seconds: float


class KeptBook:
    """A book. `running`: its chapters are being spoken; `underway` the one whose audio comes now;
    `waits` what it waits for, or did before that one; `jobs` those that are in flight, by the
    number of their chapter; `lost` the chapters that were begun anew since it is spoken.
    """

    def __init__(self, stored: StoredBook, state: BookState) -> None:
        self.stored = stored
        self.state = state
        self.running = False
        self.removed = False
        self.underway: Underway | None = None
        self.waits: BookFault | None = None
        self.jobs: dict[int, AsyncJob] = {}
        self.lost: set[int] = set()
        self._begun_at = 0.0
        self._begun_with = 0.0

    @property
    def id(self) -> str:
        """Its name in addresses."""
        return self.stored.id

    @property
    def failed(self) -> bool:
        """Whether nothing more can be done for it."""
        if self.state.fault is not None:
            return True
        spoken = all(
            each.duration_s is not None or each.fault is not None for each in self.state.chapters
        )
        return spoken and any(each.fault is not None for each in self.state.chapters)

    @property
    def to_do(self) -> bool:
        """Whether there is something to do for it, and nobody wants it to wait."""
        return not (self.state.paused or self.state.whole or self.failed or self.removed)

    def missing(self) -> list[int]:
        """Numbers of the chapters that are neither spoken nor given up."""
        return [
            number
            for number, each in enumerate(self.state.chapters, 1)
            if each.duration_s is None and each.fault is None
        ]

    def begin(self) -> None:
        """It is spoken from now on."""
        self.running = True
        self.lost.clear()
        self._begun_at, self._begun_with = time.monotonic(), self._spoken()

    def end(self) -> None:
        """It is not spoken any more."""
        self.running = False
        self.underway = self.waits = None

    def document(self) -> BookDocument:
        """What is told of it."""
        stored, state = self.stored, self.state
        total = sum(chapter.characters for chapter in stored.chapters)
        spoken = self._spoken()
        seconds = sum(each.duration_s or 0.0 for each in state.chapters)
        return BookDocument(
            id=stored.id,
            name=stored.name,
            title=stored.title,
            author=stored.author,
            language=stored.language,
            model=stored.engine,
            voice=stored.voice,
            speed=stored.speed,
            created_at=stored.created_at,
            state=self._told_state(),
            progress=1.0 if state.whole else min(1.0, spoken / max(1, total)),
            seconds_spoken=seconds + (0.0 if self.underway is None else self.underway.seconds),
            remaining_s=self._remaining_s(total, spoken),
            cover=stored.cover_type is not None,
            error=self._told_fault(),
            chapters=[self._chapter(number) for number in range(1, len(stored.chapters) + 1)],
        )

    def _told_state(self) -> ToldState:
        if self.state.whole:
            return "done"
        if self.failed:
            return "failed"
        if self.state.paused:
            return "paused"
        return "speaking" if self.running else "queued"

    def _told_fault(self) -> BookFault | None:
        if self.state.fault is not None:
            return self.state.fault
        if self.failed:
            number, fault = next(
                (number, each.fault)
                for number, each in enumerate(self.state.chapters, 1)
                if each.fault is not None
            )
            return BookFault(fault.code, f"chapter {number}: {fault.message}")
        return self.waits if self.underway is None else None

    def _chapter(self, number: int) -> ChapterDocument:
        stored, state = self.stored.chapters[number - 1], self.state.chapters[number - 1]
        here = self.underway if self.underway and self.underway.number == number else None
        told: ChapterState = "queued" if here is None else "speaking"
        if state.duration_s is not None:
            told = "done"
        elif state.fault is not None:
            told = "failed"
        done = 1.0 if told == "done" else 0.0
        return ChapterDocument(
            number=number,
            title=stored.title,
            characters=stored.characters,
            state=told,
            progress=done if here is None or told == "done" else here.share,
            duration_s=state.duration_s,
        )

    def _spoken(self) -> float:
        """Characters whose audio is there."""
        pairs = list(zip(self.stored.chapters, self.state.chapters, strict=False))
        done = sum(stored.characters for stored, state in pairs if state.duration_s is not None)
        here = self.underway
        if here is None or self.state.chapters[here.number - 1].duration_s is not None:
            return float(done)
        return done + here.share * self.stored.chapters[here.number - 1].characters

    def _remaining_s(self, total: int, spoken: float) -> float | None:
        """Seconds until all is spoken, at the pace since it was begun."""
        if self.state.whole:
            return 0.0
        now = spoken - self._begun_with
        if not self.running or now <= 0:
            return None
        return (time.monotonic() - self._begun_at) * (total - spoken) / now
