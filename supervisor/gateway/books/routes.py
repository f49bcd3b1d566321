"""`/v1/books`: documents become audiobooks that are kept.

The book of a file is the same for the same voice and settings, however often it is sent.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final

import msgspec
from aiohttp import web

from supervisor.books.book import BookError
from supervisor.books.names import digest
from supervisor.books.process import read_apart
from supervisor.gateway.bodies import when_wanted
from supervisor.gateway.books import files
from supervisor.gateway.books.addresses import BOOK, BOOKS, PAUSE, RESUME
from supervisor.gateway.books.asking import file_name, in_its_language, stored_book, wished
from supervisor.gateway.books.kept_book import KeptBook
from supervisor.gateway.books.reception import receive
from supervisor.gateway.books.records import BookList
from supervisor.gateway.context import Context
from supervisor.gateway.errors import SERVER, ApiError
from supervisor.gateway.speech.finished import owner_of

_READING: Final = 2
"""Documents that are read at once."""
_TOO_LARGE: Final = "too_large"


def routes(context: Context) -> list[web.RouteDef]:
    """All of /v1/books."""
    reading = asyncio.Semaphore(_READING)

    async def create(request: web.Request) -> web.Response:
        with _errors():
            book, is_new = await _created(request, context, reading)
        return _document(book, 201 if is_new else 200)

    async def list_all(request: web.Request) -> web.Response:
        mine = context.books.of(owner_of(request, context))
        return _json(BookList([book.document() for book in mine]))

    async def one(request: web.Request) -> web.Response:
        return _document(_asked(request, context))

    async def remove(request: web.Request) -> web.Response:
        with _errors():
            await context.books.remove(_asked(request, context))
        return web.Response(status=204)

    async def pause(request: web.Request) -> web.Response:
        book = _asked(request, context)
        with _errors():
            await context.books.pause(book)
        return _document(book)

    async def resume(request: web.Request) -> web.Response:
        book = _asked(request, context)
        with _errors():
            await context.books.resume(book)
        return _document(book)

    return [
        web.post(BOOKS, create, expect_handler=when_wanted),
        web.get(BOOKS, list_all),
        *files.routes(context),
        web.get(BOOK, one),
        web.delete(BOOK, remove),
        web.post(PAUSE, pause),
        web.post(RESUME, resume),
    ]


async def _created(
    request: web.Request, context: Context, reading: asyncio.Semaphore
) -> tuple[KeptBook, bool]:
    """The book of the document that a request brings, and whether it is new. Raises ApiError,
    BookError, OSError.
    """
    owner = owner_of(request, context)
    await context.books.check_room(owner)
    most_bytes = context.settings.max_book_file_mb * 1_000_000
    file: IO[bytes]
    with await asyncio.to_thread(_file, context) as file:
        received = await receive(request, most_bytes, file)
        wish = wished({**received.fields, **request.query}, await context.welcome())
        name = file_name(request, received)
        id = digest(owner, received.digest, wish)
        known = context.books.known(id)
        if known is not None:
            return known, False
        async with reading:
            book = await asyncio.to_thread(read_apart, file, name)
    wish = in_its_language(wish, book, await context.welcome())
    return await context.books.add(stored_book(id, owner, name, wish, book), book), True


def _file(context: Context) -> IO[bytes]:
    return tempfile.TemporaryFile(dir=context.shelf.directory())


def _asked(request: web.Request, context: Context) -> KeptBook:
    return context.books.find(request.match_info["id"], owner_of(request, context))


@contextmanager
def _errors() -> Iterator[None]:
    """Raise what is wrong with a document, or with the disk, as ApiError."""
    try:
        yield
    except BookError as error:
        status = 413 if error.code == _TOO_LARGE else 400
        raise ApiError(status, str(error), code=error.code, param="file") from None
    except ConnectionError:
        raise
    except OSError as error:
        text = f"the book cannot be written: {error.strerror or error}"
        raise ApiError(507, text, type=SERVER, code="disk_full") from error


def _document(book: KeptBook, status: int = 200) -> web.Response:
    return _json(book.document(), status)


def _json(record: msgspec.Struct, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(record),
        status=status,
        content_type="application/json",
        charset="utf-8",
    )
