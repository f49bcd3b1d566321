"""All books of this gateway: which there are, and which are spoken now.

Of each owner the oldest is spoken, of few owners at once; books are behind everybody who waits for
a sentence anyway (`speaking`). They go on by themselves when the gateway starts.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from supervisor.config.paths import state_directory
from supervisor.config.sections.http import Http
from supervisor.gateway.books.kept_book import KeptBook
from supervisor.gateway.books.records import BookFault
from supervisor.gateway.books.speaking import BookSpeaker
from supervisor.gateway.books.store import BookState, BookStore, ChapterState, StoredBook
from supervisor.gateway.errors import SERVER, ApiError
from supervisor.logs import get_logger

if TYPE_CHECKING:
    from supervisor.books.book import Book
    from supervisor.gateway.context import Context

OWNERS_AT_ONCE: Final = 4
"""Owners whose books are spoken at the same time."""
_LOOK_AGAIN_S: Final = 10.0
"""Seconds until the next look whether another process has left the books."""
_RETRY_S: Final = 10

log = get_logger(__name__)


class Books:
    """The books below the state directory. To be used between `start` and `close`."""

    def __init__(self, settings: Http, directory: Path | None = None) -> None:
        self._settings = settings
        self._store = BookStore(directory or state_directory(os.environ) / "books")
        self._opened = False
        self._books: dict[str, KeptBook] = {}
        self._runners: dict[str | None, asyncio.Task[None]] = {}
        self._speaker: BookSpeaker | None = None
        self._opening: asyncio.Task[None] | None = None
        self._changing = asyncio.Lock()

    def start(self, context: Context) -> None:
        """Take the books up, once no other process has them."""
        self._speaker = BookSpeaker(
            context.client,
            context.welcome,
            self._store,
            context.encoders,
            self._settings.max_books_mb * 1_000_000,
        )
        self._opening = asyncio.get_running_loop().create_task(self._open())

    async def close(self) -> None:
        """Leave all books as they are; jobs that are in flight go on."""
        tasks = [*self._runners.values(), *filter(None, [self._opening])]
        self._runners.clear()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._speaker is not None:
            self._speaker.close()
        self._store.close()

    # -- which there are --------------------------------------------------------------------------

    def of(self, owner: str | None) -> list[KeptBook]:
        """The books of an owner, the latest first. Raises ApiError."""
        self._ready()
        return [book for book in reversed(self._books.values()) if book.stored.owner == owner]

    def find(self, id: str, owner: str | None) -> KeptBook:
        """A book of this owner. Raises ApiError where there is none."""
        self._ready()
        book = self._books.get(id)
        if book is None or book.stored.owner != owner:
            raise ApiError(404, "there is no such book", code="not_found")
        return book

    def known(self, id: str) -> KeptBook | None:
        """A book by its id, if it is there. Raises ApiError."""
        self._ready()
        return self._books.get(id)

    @property
    def store(self) -> BookStore:
        """Where the files are."""
        return self._store

    async def check_room(self, owner: str | None) -> None:
        """Raise ApiError where this owner may have no other book."""
        self._check_count(owner)
        if await self._speaking().run(self._store.size) >= self._settings.max_books_mb * 1_000_000:
            text = "books take all the room that there is (http.max_books_mb): remove one"
            raise ApiError(507, text, type=SERVER, code="no_room")

    def _check_count(self, owner: str | None) -> None:
        most = self._settings.max_books
        if not most:
            raise ApiError(403, "no books are taken here (http.max_books is 0)", code="no_books")
        if len(self.of(owner)) >= most:
            text = f"there are {most} books already (http.max_books): remove one"
            raise ApiError(429, text, type="rate_limit_error", code="too_many_books")

    async def add(self, stored: StoredBook, book: Book) -> KeptBook:
        """Keep a new book, and have it spoken. Raises OSError, and ApiError where others of its
        owner have come meanwhile.
        """
        async with self._changing:
            there = self._books.get(stored.id)
            if there is not None:
                return there
            self._check_count(stored.owner)
            await self._speaking().run(self._store.add, stored, book)
            state = BookState([ChapterState() for _ in stored.chapters])
            kept = self._books[stored.id] = KeptBook(stored, state)
        log.info("book %s: %d chapters are to be spoken", stored.id, len(stored.chapters))
        self._wake()
        return kept

    # -- what becomes of them ---------------------------------------------------------------------

    async def pause(self, book: KeptBook) -> None:
        """Speak it no further. Raises OSError."""
        async with self._changing:
            if book.state.whole or book.removed:
                return
            book.state.paused = True
            await self._stop(book)
            await self._speaking().run(self._store.save, book.id, book.state)
        self._wake()

    async def resume(self, book: KeptBook) -> None:
        """Go on with it; what failed is tried again. Raises OSError."""
        async with self._changing:
            if book.removed:
                return
            book.state.paused, book.state.fault = False, None
            for chapter in book.state.chapters:
                if chapter.fault is not None:
                    chapter.fault = None
                    chapter.attempt += 1
            await self._speaking().run(self._store.save, book.id, book.state)
        self._wake()

    async def remove(self, book: KeptBook) -> None:
        """Stop it, and delete it with all that was spoken. Raises OSError."""
        async with self._changing:
            book.removed = True
            await self._stop(book)
            self._books.pop(book.id, None)
            await self._speaking().run(self._store.remove, book.id)
        self._wake()

    async def _stop(self, book: KeptBook) -> None:
        """Speak a book no further, now."""
        owner = book.stored.owner
        runner = self._runners.get(owner)
        if book.running and runner is not None:
            del self._runners[owner]
            runner.cancel()
            await asyncio.wait([runner])
        self._speaking().cancel(book)

    # -- speaking ---------------------------------------------------------------------------------

    def _wake(self) -> None:
        """Begin with what is to be spoken, as far as there is room."""
        for book in self._books.values():
            if len(self._runners) >= OWNERS_AT_ONCE:
                return
            if book.to_do and book.stored.owner not in self._runners:
                task = asyncio.get_running_loop().create_task(self._speak(book))
                self._runners[book.stored.owner] = task

    async def _speak(self, book: KeptBook) -> None:
        book.begin()
        try:
            await self._speaking().speak(book)
        except Exception:
            log.exception("book %s failed", book.id)
            book.state.fault = BookFault("failed", "the gateway failed; see its log")
        finally:
            book.end()
        self._runners.pop(book.stored.owner, None)
        self._wake()

    async def _open(self) -> None:
        """Take the books up as soon as they can be."""
        told = ""
        while not self._opened:
            try:
                self._opened = await self._speaking().run(self._take_up)
            except OSError as error:
                if str(error) != told:
                    log.warning("books: %s cannot be used: %s", self._store.folder(""), error)
                told = str(error)
            if not self._opened:
                await asyncio.sleep(_LOOK_AGAIN_S)
        self._wake()

    def _take_up(self) -> bool:
        if not self._store.open():
            return False
        for stored, state in self._store.load():
            self._books[stored.id] = KeptBook(stored, state)
        return True

    def _ready(self) -> None:
        if not self._opened:
            raise ApiError(
                503,
                "books are kept by another gateway of this machine, or their folder cannot be "
                "written; see this gateway's log",
                type=SERVER,
                code="books_unavailable",
                retry_after_s=_RETRY_S,
            )

    def _speaking(self) -> BookSpeaker:
        if self._speaker is None:
            raise RuntimeError("the books were not started")
        return self._speaker
