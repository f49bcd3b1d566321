"""Speaking one book: its chapters as durable jobs, one after the other and the next one ahead.

A job's key follows from the book and the chapter, so whoever comes after a killed gateway, or a
killed supervisor, finds the job that there is. What is in the way (no supervisor, a full disk) is
waited for.
"""

from __future__ import annotations

import asyncio
import errno
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, NamedTuple, ParamSpec, TypeVar

import msgspec

from supervisor.audio.formats import EncodingError
from supervisor.audio.samples import Samples
from supervisor.client import (
    AsyncClient,
    AsyncJob,
    BadRequest,
    JobFailed,
    Refused,
    SupervisorError,
)
from supervisor.files import is_full
from supervisor.gateway.books.kept_book import KeptBook, Underway
from supervisor.gateway.books.records import BookFault
from supervisor.gateway.books.store import BookStore
from supervisor.gateway.errors import ApiError
from supervisor.gateway.speech.encoders import Encoders
from supervisor.gateway.speech.pace import Pace, PacedJob, pace_of
from supervisor.logs import get_logger
from supervisor.wire.client import Welcome

AHEAD: Final = 2
"""Chapters of a book that are in flight."""
PRIORITY: Final = 2
"""Of a book's jobs: whoever waits for a sentence goes first."""
FORMATS: Final = ("mp3", "m4a")
"""What a chapter is kept in: the former is played, the latter becomes a part of the audiobook."""
_LOST: Final = frozenset(["failed", "cancelled"])
"""How a job ends that is worth another: its audio may not be kept any more, and one that was being
handed in when the gateway stopped, or the book was paused, was cancelled by that.
"""
_RETRY_S: Final = 2.0
_LONGEST_RETRY_S: Final = 30.0
_NICE: Final = 5
_ANY_RATE: Final = 24_000
_ASSEMBLY_S: Final = 1800.0

P = ParamSpec("P")
T = TypeVar("T")

log = get_logger(__name__)


class _Line(NamedTuple):
    """Chapters of a book that are still to be handed in, and those that are, in order."""

    missing: deque[int]
    handed_in: deque[tuple[int, AsyncJob | None]]


class BookSpeaker:
    """Speaks books of a store. `most_bytes` is how much all of them may have on disk."""

    def __init__(
        self,
        client: AsyncClient,
        welcome: Callable[[], Awaitable[Welcome]],
        store: BookStore,
        encoders: Encoders,
        most_bytes: int,
    ) -> None:
        self._client = client
        self._welcome = welcome
        self._store = store
        self._encoders = encoders
        self._most_bytes = most_bytes
        self._threads = ThreadPoolExecutor(2, "book", initializer=_behind_others)

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function that works on files in a thread. After a cancellation it runs on."""
        return await asyncio.wrap_future(self._threads.submit(call, *args, **kwargs))

    def close(self) -> None:
        """Start no more calls."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def speak(self, book: KeptBook) -> None:
        """Speak what is missing, and make the audiobook of it; returns when nothing is left to do.

        Its jobs go on when this is cancelled: they are durable.
        """
        delay = _RETRY_S
        while book.to_do:
            before = len(book.missing())
            try:
                await self._chapters(book)
                if not (book.missing() or book.failed):
                    await self._assemble(book)
            except (OSError, SupervisorError) as error:
                self._wait(book, error)  # The jobs are found again by their keys.
            else:
                book.waits = None
                continue
            delay = _RETRY_S if len(book.missing()) < before else min(_LONGEST_RETRY_S, 2 * delay)
            await asyncio.sleep(delay)

    def cancel(self, book: KeptBook) -> None:
        """Stop its jobs, after `speak` was cancelled; their chapters are begun anew."""
        for number, job in book.jobs.items():
            job.cancel()
            book.state.chapters[number - 1].attempt += 1
        book.jobs.clear()

    def _wait(self, book: KeptBook, error: OSError | SupervisorError) -> None:
        """Note what a book waits for, and log it when it is another thing than before."""
        if isinstance(error, SupervisorError):
            fault = BookFault(error.code, str(error))
        elif is_full(error):
            fault = BookFault("disk_full", f"the disk has no room: {error.strerror}")
        else:
            fault = BookFault("disk_failed", f"its files cannot be written: {error}")
        if book.waits is None or book.waits.code != fault.code:
            log.warning("book %s waits: %s", book.id, fault.message)
        book.waits = fault

    async def _check_room(self) -> None:
        if await self.run(self._store.size) > self._most_bytes:
            most = f"books take more than {self._most_bytes:,} bytes (http.max_books_mb)"
            raise OSError(errno.ENOSPC, f"{most}; remove some")

    # -- chapters ---------------------------------------------------------------------------------

    async def _chapters(self, book: KeptBook) -> None:
        """Speak the missing chapters. Raises OSError, SupervisorError for what will pass."""
        line = _Line(deque(book.missing()), deque())
        while line.missing or line.handed_in:
            await self._hand_in_some(book, line)
            if line.handed_in:
                await self._check_room()
                number, job = line.handed_in.popleft()
                await self._chapter(book, number, job, line)

    async def _hand_in_some(self, book: KeptBook, line: _Line) -> None:
        """Have as many chapters in flight as may be; a refusal is raised where there is none."""
        while line.missing and len(line.handed_in) < AHEAD:
            number = line.missing.popleft()
            try:
                line.handed_in.append((number, await self._hand_in(book, number)))
            except BadRequest as error:
                await self._give_up(book, number, error)
            except SupervisorError as error:
                line.missing.appendleft(number)
                if not (isinstance(error, Refused) and line.handed_in):
                    raise
                return

    async def _hand_in(self, book: KeptBook, number: int) -> AsyncJob | None:
        """The job of a chapter, new or that which there is; None where there is nothing to say."""
        stored = book.stored
        text = await self.run(self._store.text, stored.id, number)
        pace = await self._pace(book)
        try:
            book.jobs[number] = job = await self._client.submit(
                text,
                stored.voice,
                stored.engine,
                pace.speed,
                language=stored.read_in,
                markup=stored.chapters[number - 1].markup,
                durable=True,
                key=self._key(book, number),
                on_behalf=f"book:{stored.id}",
                priority=PRIORITY,
                request_class="batch",
            )
        except BadRequest as error:
            if error.code == "empty_text":
                return None
            raise
        return job

    async def _chapter(
        self, book: KeptBook, number: int, job: AsyncJob | None, line: _Line
    ) -> None:
        """Take a chapter's audio into its files."""
        state = book.state.chapters[number - 1]
        try:
            state.duration_s = await self._record(book, number, job, line)
        except JobFailed as error:
            if error.code not in _LOST or number in book.lost:
                await self._give_up(book, number, error)
                return
            book.lost.add(number)
            state.attempt += 1
            await self.run(self._store.save, book.id, book.state)
            raise
        except EncodingError as error:
            await self._give_up(book, number, error)
            return
        finally:
            book.underway = None
        book.jobs.pop(number, None)
        await self.run(self._store.save, book.id, book.state)
        book.waits = None

    async def _record(
        self, book: KeptBook, number: int, job: AsyncJob | None, line: _Line
    ) -> float:
        from supervisor.audio.recording import (  # noqa: PLC0415 - loads FFmpeg
            ChapterRecording,
            for_book,
        )
        from supervisor.audio.tags import chapter_tags  # noqa: PLC0415 - loads FFmpeg

        book.underway = Underway(number, 0.0, 0.0)
        stored = book.stored
        title, place = stored.chapters[number - 1].title, f"{number}/{len(stored.chapters)}"
        tags = chapter_tags(title, stored.title, stored.author, place)
        targets = {self._store.chapter(book.id, number, name): for_book(name) for name in FORMATS}
        rate = _ANY_RATE if job is None else job.sample_rate
        recording = await self.run(ChapterRecording, rate, self._store.folder(book.id))
        try:
            async for samples in _audio(job, await self._pace(book), self._encoders):
                await self.run(recording.put, samples)
                if job is not None:
                    share = job.progress.segments_done / max(1, job.progress.segments)
                    book.underway = Underway(number, min(1.0, share), recording.seconds)
            # The pool is not to wait while this one is encoded.
            with suppress(SupervisorError):
                await self._hand_in_some(book, line)
            return (await self.run(recording.write, targets, tags)).duration_s
        finally:
            recording.stop()
            await asyncio.shield(self.run(recording.close))

    async def _give_up(self, book: KeptBook, number: int, error: Exception) -> None:
        book.jobs.pop(number, None)
        code = error.code if isinstance(error, SupervisorError) else "failed"
        log.warning("book %s: chapter %d is given up: %s", book.id, number, error)
        book.state.chapters[number - 1].fault = BookFault(code, str(error))
        await self.run(self._store.save, book.id, book.state)

    async def _pace(self, book: KeptBook) -> Pace:
        stored = book.stored
        welcome = await self._welcome()
        try:
            language = None if stored.voice else stored.read_in
            return pace_of(stored.speed, stored.engine, language, welcome)
        except ApiError as error:  # The engine is another one by now.
            raise BadRequest(str(error), code="out_of_range") from None

    @staticmethod
    def _key(book: KeptBook, number: int) -> str:
        return f"book-{book.id}-{number}-{book.state.chapters[number - 1].attempt}"

    # -- the audiobook ----------------------------------------------------------------------------

    async def _assemble(self, book: KeptBook) -> None:
        """Put the chapters together, in a process of its own, and keep the result alone."""
        from supervisor.audio.audiobook import Plan, PlannedChapter  # noqa: PLC0415

        stored, store = book.stored, self._store
        plan = Plan(
            path=str(store.audiobook(book.id)),
            title=stored.title,
            author=stored.author,
            chapters=tuple(
                PlannedChapter(chapter.title, str(store.chapter(book.id, number, "m4a")))
                for number, chapter in enumerate(stored.chapters, 1)
            ),
            cover=str(store.cover(book.id)),
            cover_type=stored.cover_type,
        )
        failure = await self.run(_assemble, plan)
        if failure is None:
            book.state.whole = True
        else:
            log.warning("book %s: no audiobook: %s", book.id, failure)
            book.state.fault = BookFault("failed", f"the audiobook cannot be written: {failure}")
        await self.run(store.save, book.id, book.state)
        if failure is None:
            await self.run(self._drop_parts, book)

    def _drop_parts(self, book: KeptBook) -> None:
        for number in range(1, len(book.stored.chapters) + 1):
            self._store.chapter(book.id, number, "m4a").unlink(missing_ok=True)


def _behind_others() -> None:
    """Give a thread a low priority: to encode a book takes as long as a fast engine speaks it, and
    who waits for a sentence goes first.
    """
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


async def _audio(job: AsyncJob | None, pace: Pace, encoders: Encoders) -> AsyncIterator[Samples]:
    """A job's audio at the pace that was asked for; none without a job."""
    if job is None:
        return
    source = job if pace.tempo == 1.0 else PacedJob(job, pace.tempo, encoders)
    async for samples in source:
        yield samples


def _assemble(plan: msgspec.Struct) -> str | None:
    """Have the audiobook written; why that failed, in one line. Raises OSError for a full disk."""
    from supervisor.audio.audiobook import NO_ROOM  # noqa: PLC0415 - loads FFmpeg

    command = [sys.executable, "-m", "supervisor.audio.audiobook"]
    try:
        done = subprocess.run(
            command,
            input=msgspec.json.encode(plan),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_ASSEMBLY_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "it takes too long"
    if not done.returncode:
        return None
    if done.returncode == NO_ROOM:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else f"exit status {done.returncode}"
