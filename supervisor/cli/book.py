"""`supervisor say` with a book: each chapter a durable job, each that is whole a file that is kept.

Killed and started again, it goes on where it was: chapters that are files are not spoken again, and
one that was under way is asked for under the same key.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple

import typer

from supervisor.books.names import digest
from supervisor.cli.book_output import M4B, BookOutput, FolderOutput, Spoken, output_for
from supervisor.cli.common import fail

if TYPE_CHECKING:
    from supervisor.books.book import Book, Chapter
    from supervisor.cli.book_progress import BookProgress
    from supervisor.cli.which_client import Whom
    from supervisor.client import Client, Job
    from supervisor.client.request import Terms

AHEAD: Final = 2
"""Chapters that are handed in at once: while one is taken, the pool speaks the next."""
_PATIENCE_S: Final = 600.0
"""Seconds in which a supervisor that went away may come back."""
_BUSY_S: Final = 2.0
_ANY_RATE: Final = 24_000
"""Samples per second of a chapter for which nothing is said."""
_ZIP: Final = b"PK\x03\x04"


class Asked(NamedTuple):
    """How a book is to be spoken."""

    voice: str | None
    engine: str | None
    speed: float
    volume: float
    seed: int | None
    terms: Terms
    form: str | None
    as_json: bool


def is_book(text: str | None, file: Path | None, output: str | None, form: str | None) -> bool:
    """Whether this is to be spoken as a book: an EPUB, or to an m4b or a folder of chapters."""
    if form == M4B or (output is not None and output.lower().endswith(f".{M4B}")):
        return True
    if text is not None or file is None or str(file) == "-":
        return False
    if output is not None and (output.endswith("/") or Path(output).is_dir()):
        return True
    try:
        with file.open("rb") as opened:
            begin = opened.read(len(_ZIP))
    except OSError:
        return False
    return begin == _ZIP or file.suffix.lower() == ".epub"


def say_book(
    text: str | None, file: Path | None, output: str | None, asked: Asked, whom: Whom
) -> None:
    """Speak it. `text` is given where there is no file."""
    if text == "-" or str(file) == "-":
        text = file = None  # On standard input.
    elif text is None and file is None:
        fail(2, "nothing to say; give a text, -f FILE, or - for standard input")
    elif text is not None and file is not None:
        fail(2, "give a text or a file, not both")

    book = _read(text, file)
    target = output_for(output, asked.form, book)
    with whom.client("supervisor say", _PATIENCE_S) as client:
        asked = _in_its_language(client, book, asked)
        chapters = [
            _Chapter(number, chapter, asked) for number, chapter in enumerate(book.chapters, 1)
        ]
        target.open([digest(chapter.key, asked.volume) for chapter in chapters])
        with _told_when_stopped(target):
            spoken = _speak(client, chapters, book, target, asked)
        target.finish()
    if asked.as_json:
        typer.echo(json.dumps(_report(book, target, spoken)))


@contextmanager
def _told_when_stopped(target: BookOutput) -> Iterator[None]:
    """Say, where a signal ends us, what it takes to go on."""
    try:
        yield
    except Exception:
        raise
    except BaseException:
        if target.path is not None:
            typer.echo("stopped; the same command goes on from here", err=True)
        raise


class _Chapter:
    """A chapter, and the job that speaks it."""

    def __init__(self, number: int, chapter: Chapter, asked: Asked) -> None:
        self.number = number
        self.chapter = chapter
        self._asked = asked
        self._terms = asked.terms.copy()
        if self._terms.get("markup") is None:
            self._terms["markup"] = chapter.markup
        what = (asked.voice, asked.engine, asked.speed, asked.seed, sorted(self._terms.items()))
        self.key = digest(number, chapter.text, what)

    def submit(self, client: Client, attempt: int = 0, *, durable: bool = True) -> Job | None:
        """Hand it in, or find the job that it has been since the last time; None where there is
        nothing to say for it.
        """
        from supervisor.client import BadRequest, Busy, Refused

        asked = self._asked
        terms = self._terms.copy()
        terms["request_class"] = "batch"
        if durable:
            terms |= {"durable": True, "key": f"book-{self.key}-{attempt}"}
        while True:
            try:
                return client.submit(
                    self.chapter.text, asked.voice, asked.engine, asked.speed, asked.seed, **terms
                )
            except BadRequest as error:
                if error.code != "empty_text":
                    raise
                return None
            except Busy:
                time.sleep(_BUSY_S)
            except Refused as error:
                if error.code != "journal_unavailable" or error.retryable or not durable:
                    raise
                return self.submit(client, durable=False)


def _read(text: str | None, file: Path | None) -> Book:
    from supervisor.books.book import BookError
    from supervisor.books.process import read_apart

    name = "standard input" if file is None else str(file)
    try:
        with ExitStack() as stack:
            opened: IO[bytes]
            if file is not None:
                opened = stack.enter_context(file.open("rb"))
            else:
                opened = stack.enter_context(_aside(text))
            return read_apart(opened, "speech.txt" if file is None else file.name)
    except BookError as error:
        fail(2, f"{name}: {error}")
    except OSError as error:
        fail(2, f"cannot read {name}: {error.strerror}")


@contextmanager
def _aside(text: str | None) -> Iterator[IO[bytes]]:
    """A text, or what comes on standard input, as a file."""
    import shutil
    import tempfile

    with tempfile.TemporaryFile() as aside:
        shutil.copyfileobj(sys.stdin.buffer if text is None else io.BytesIO(text.encode()), aside)
        aside.seek(0)
        yield aside


def _in_its_language(client: Client, book: Book, asked: Asked) -> Asked:
    """What is asked for, with a voice that reads the book where nobody says who is to read it."""
    from supervisor.wire.languages import reader_of

    if asked.terms.get("language") is not None or asked.voice is not None:
        return asked
    welcome = client.welcome()
    reader = reader_of(book.language, asked.engine, welcome.default_engine, welcome.engines)
    if not reader.fits:
        typer.echo(f"no voice reads {book.language}; the default voice reads it", err=True)
    terms: Terms = {**asked.terms, "language": reader.language}
    return asked._replace(terms=terms, engine=asked.engine or reader.engine)


def _speak(
    client: Client, chapters: Sequence[_Chapter], book: Book, target: BookOutput, asked: Asked
) -> dict[int, Spoken]:
    """Speak what is missing, in order, one ahead; returns all chapters by their number."""
    from supervisor.cli.book_progress import book_progress

    found: dict[int, Spoken] = {}
    missing: deque[_Chapter] = deque()
    for each in chapters:
        known = target.known(each.number)
        if known is None:
            missing.append(each)
        else:
            found[each.number] = known
    characters = sum(each.chapter.characters for each in chapters if each.number in found)
    with book_progress(book, len(found), characters) as progress:
        handed_in: deque[tuple[_Chapter, Job | None]] = deque()
        while missing or handed_in:
            while missing and len(handed_in) < AHEAD:
                chapter = missing.popleft()
                handed_in.append((chapter, chapter.submit(client)))
            chapter, job = handed_in.popleft()
            progress.begin(chapter.number, chapter.chapter)
            take = partial(_record, client, chapter, target, asked.volume, progress)
            found[chapter.number] = take(job)
            progress.end(found[chapter.number].duration_s)
    return found


def _record(
    client: Client,
    chapter: _Chapter,
    target: BookOutput,
    volume: float,
    progress: BookProgress,
    job: Job | None,
    attempt: int = 0,
) -> Spoken:
    """Take a chapter's audio. One that the supervisor does not have any more is handed in anew."""
    from supervisor.client import JobFailed

    rate = _ANY_RATE if job is None else job.sample_rate
    try:
        with target.recorder(chapter.number, rate, volume) as recorder:
            for samples in job or ():
                recorder.put(samples)
                if job is not None:
                    progress.show(job.progress)
            return recorder.end()
    except JobFailed as error:
        # Under the same key it would be found again as it ended.
        if attempt or target.path is None or error.code not in {"cancelled", "failed"}:
            raise
        again = chapter.submit(client, attempt + 1)
        return _record(client, chapter, target, volume, progress, again, attempt + 1)


def _report(book: Book, target: BookOutput, spoken: dict[int, Spoken]) -> dict[str, Any]:
    """Object of `--json`; times in seconds."""
    return {
        "output": None if target.path is None else str(target.path),
        "format": target.format,
        "title": book.title,
        "author": book.author,
        "language": book.language,
        "duration_s": sum(each.duration_s for each in spoken.values()),
        "left_out": list(book.left_out),
        "chapters": [
            {
                "number": number,
                "title": chapter.title,
                "file": spoken[number].file if isinstance(target, FolderOutput) else None,
                "duration_s": spoken[number].duration_s,
            }
            for number, chapter in enumerate(book.chapters, 1)
        ],
    }
