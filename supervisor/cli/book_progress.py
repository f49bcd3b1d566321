"""How far a book is: a bar on a terminal, else a line for each chapter; both on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from supervisor.books.book import Book, Chapter
    from supervisor.client import Progress

_TITLE_CHARS = 40


class BookProgress:
    """Counts characters, of which each takes about the same time."""

    def __init__(self, book: Book, done: int, characters: int, bar: Bar | None) -> None:
        self._count = len(book.chapters)
        self._total = sum(chapter.characters for chapter in book.chapters)
        self._known = self._done = characters
        self._began = time.monotonic()
        self._chapter: Chapter | None = None
        self._number = 0
        self._bar = bar
        self._task: TaskID | None = None
        if bar is not None:
            self._task = bar.add_task("", total=self._total, completed=characters, left="")
        if done:
            self._say(f"{done} of {_counted(self._count)} are there already")

    def begin(self, number: int, chapter: Chapter) -> None:
        """A chapter is taken now."""
        self._number, self._chapter = number, chapter
        if self._bar is not None and self._task is not None:
            title = chapter.title[:_TITLE_CHARS]
            self._bar.update(self._task, description=f"{number}/{self._count} {title}")

    def show(self, progress: Progress) -> None:
        """So much of it has come."""
        if self._bar is None or self._task is None or self._chapter is None:
            return
        share = progress.segments_done / max(1, progress.segments)
        done = self._done + min(1.0, share) * self._chapter.characters
        spent = time.monotonic() - self._began
        now = done - self._known
        left = _clock(spent * (self._total - done) / now) if now > 0 else ""
        self._bar.update(self._task, completed=done, left=left)

    def end(self, seconds: float) -> None:
        """It is whole, and so long."""
        if self._chapter is None:
            return
        self._done += self._chapter.characters
        title = self._chapter.title[:_TITLE_CHARS]
        self._say(f"{self._number}/{self._count} {title}: {_clock(seconds)}")

    def _say(self, line: str) -> None:
        if self._bar is not None:
            self._bar.console.print(line, markup=False, highlight=False)
        else:
            typer.echo(line, err=True)


@contextmanager
def book_progress(book: Book, done: int, characters: int) -> Iterator[BookProgress]:
    """Show how far a book is, of which so many chapters and characters are there already."""
    if not sys.stderr.isatty():
        yield BookProgress(book, done, characters, None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[left]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield BookProgress(book, done, characters, bar)


def _counted(chapters: int) -> str:
    return "1 chapter" if chapters == 1 else f"{chapters} chapters"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
