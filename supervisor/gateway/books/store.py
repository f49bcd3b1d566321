"""Books on disk, below the state directory: a folder each.

`book.json` says what it is and never changes, `state.json` how far it is; beside them are the texts
of its chapters, its cover, and the audio that is made of them. Every call works on files, so it
belongs into a thread; each may raise OSError.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from supervisor.books.book import Book
from supervisor.files import PRIVATE, replace_file, sync_directory
from supervisor.gateway.books.records import BookFault
from supervisor.logs import get_logger
from supervisor.speech import Markup

_NEW: Final = ".new-"
_GONE: Final = ".gone-"
_BOOK: Final = "book.json"
_STATE: Final = "state.json"
_COVER: Final = "cover"

log = get_logger(__name__)


class StoredChapter(msgspec.Struct, frozen=True):
    """A chapter without its text."""

    title: str
    characters: int
    markup: Markup | None = None


class StoredBook(msgspec.Struct, frozen=True):
    """What a book is, and how it is to be spoken. `read_in` is the language that the voice is asked
    for, `language` that of the document.
    """

    id: str
    owner: str | None
    name: str
    title: str
    author: str | None
    language: str | None
    engine: str | None
    voice: str | None
    speed: float
    read_in: str | None
    created_at: float
    cover_type: str | None
    chapters: tuple[StoredChapter, ...]


class ChapterState(msgspec.Struct):
    """How far a chapter is: its seconds once it is spoken; why it cannot be; and how often it was
    begun anew, for a job that has ended is found again under the same key.
    """

    duration_s: float | None = None
    fault: BookFault | None = None
    attempt: int = 0


class BookState(msgspec.Struct):
    """How far a book is. `whole`: the audiobook is written."""

    chapters: list[ChapterState]
    paused: bool = False
    whole: bool = False
    fault: BookFault | None = None


class BookStore:
    """The books below `directory`. At most one process has them at a time."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock: int | None = None

    def open(self) -> bool:
        """Take the books, unless another process has them; what it left half done is removed."""
        if self._lock is not None:
            return True
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        except OSError:
            os.close(lock)
            raise
        self._lock = lock
        for left in (*self._directory.glob(f"{_NEW}*"), *self._directory.glob(f"{_GONE}*")):
            shutil.rmtree(left, ignore_errors=True)
        return True

    def close(self) -> None:
        """Leave the books to others."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def load(self) -> Iterator[tuple[StoredBook, BookState]]:
        """The books that can be read, the oldest first."""
        found: list[tuple[StoredBook, BookState]] = []
        for folder in self._directory.iterdir():
            try:
                book = msgspec.json.decode((folder / _BOOK).read_bytes(), type=StoredBook)
                found.append((book, self._checked(book, self._state(folder, len(book.chapters)))))
            except (OSError, msgspec.MsgspecError) as error:
                if folder.is_dir():
                    log.warning("books: %s cannot be read and is left alone: %s", folder, error)
        return iter(sorted(found, key=lambda each: each[0].created_at))

    def add(self, stored: StoredBook, book: Book) -> None:
        """Keep a new book, whole or not at all."""
        aside = self._directory / f"{_NEW}{stored.id}"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(mode=0o700)
        try:
            for number, chapter in enumerate(book.chapters, 1):
                _write(aside / _text(number), chapter.text.encode())
            if book.cover is not None:
                _write(aside / _COVER, book.cover.data)
            with replace_file(aside / _BOOK, durable=True, mode=PRIVATE) as file:
                file.write(msgspec.json.encode(stored))
            aside.rename(self.folder(stored.id))
            sync_directory(self._directory)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise

    def save(self, id: str, state: BookState) -> None:
        """Write down how far it is."""
        with replace_file(self.folder(id) / _STATE, durable=True, mode=PRIVATE) as file:
            file.write(msgspec.json.encode(state))

    def text(self, id: str, number: int) -> str:
        """The text of a chapter."""
        return (self.folder(id) / _text(number)).read_bytes().decode()

    def remove(self, id: str) -> None:
        """Forget a book, and delete its files."""
        gone = self._directory / f"{_GONE}{id}-{os.urandom(4).hex()}"
        with suppress(FileNotFoundError):
            self.folder(id).rename(gone)
        shutil.rmtree(gone, ignore_errors=True)

    def size(self) -> int:
        """Bytes of all books together."""
        total = 0
        for directory, _folders, names in os.walk(self._directory):
            for name in names:
                with suppress(FileNotFoundError):
                    total += (Path(directory) / name).stat().st_size
        return total

    def folder(self, id: str) -> Path:
        """Where a book's files are."""
        return self._directory / id

    def cover(self, id: str) -> Path:
        """Its cover, where it has one."""
        return self.folder(id) / _COVER

    def chapter(self, id: str, number: int, format: str) -> Path:
        """The audio of a chapter."""
        return self.folder(id) / f"{number:04}.{format}"

    def audiobook(self, id: str) -> Path:
        """All of it in one file."""
        return self.folder(id) / "audiobook.m4b"

    def _checked(self, book: StoredBook, state: BookState) -> BookState:
        """The state, without what it says of files that somebody has removed."""
        state.whole = state.whole and self.audiobook(book.id).is_file()
        formats = ("mp3",) if state.whole else ("mp3", "m4a")
        for number, chapter in enumerate(state.chapters, 1):
            files = (self.chapter(book.id, number, format) for format in formats)
            if chapter.duration_s is not None and not all(file.is_file() for file in files):
                chapter.duration_s = None
                state.whole = False
        return state

    @staticmethod
    def _state(folder: Path, chapters: int) -> BookState:
        """How far it is; from the beginning where that cannot be read."""
        try:
            state = msgspec.json.decode((folder / _STATE).read_bytes(), type=BookState)
        except (FileNotFoundError, msgspec.MsgspecError):
            return BookState([ChapterState() for _ in range(chapters)])
        state.chapters += [ChapterState() for _ in range(chapters - len(state.chapters))]
        return state


def _write(path: Path, data: bytes) -> None:
    """Write a file that survives a power loss once its directory does."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _text(number: int) -> str:
    return f"{number:04}.txt"
