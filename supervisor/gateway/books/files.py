"""Files of a book: its cover, a chapter that is spoken, and the whole in one."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final
from urllib.parse import quote

from aiohttp import hdrs, web

from supervisor.audio.formats import FORMATS
from supervisor.gateway.books.addresses import AUDIOBOOK, CHAPTER, COVER
from supervisor.gateway.books.disk_file import DiskFile
from supervisor.gateway.books.kept_book import KeptBook
from supervisor.gateway.context import Context
from supervisor.gateway.errors import ApiError
from supervisor.gateway.speech.finished import owner_of, send_part

M4B_TYPE: Final = "audio/mp4"
PLAYED: Final = FORMATS["mp3"]
"""What chapters are sent in: every browser plays it, and finds its way in it."""


def routes(context: Context) -> list[web.RouteDef]:
    """GET and HEAD of the cover, of chapters, and of the audiobook."""

    def asked(request: web.Request) -> KeptBook:
        return context.books.find(request.match_info["id"], owner_of(request, context))

    async def cover(request: web.Request) -> web.StreamResponse:
        book = asked(request)
        if book.stored.cover_type is None:
            raise ApiError(404, "this book has no cover", code="not_found")
        path = context.books.store.cover(book.id)
        return await _send(request, context, path, book.stored.cover_type, None)

    async def chapter(request: web.Request) -> web.StreamResponse:
        book = asked(request)
        number = _number(request.match_info["number"], len(book.stored.chapters))
        if request.query.get("response_format", PLAYED.name).lower() != PLAYED.name:
            text = f"chapters are {PLAYED.name}; the whole book is an m4b"
            raise ApiError(400, text, code="bad_value", param="response_format")
        if book.state.chapters[number - 1].duration_s is None:
            raise _not_ready("this chapter is not spoken yet")
        title = f"{number:02} {book.stored.chapters[number - 1].title}.{PLAYED.name}"
        path = context.books.store.chapter(book.id, number, PLAYED.name)
        return await _send(request, context, path, PLAYED.media_type, title)

    async def audiobook(request: web.Request) -> web.StreamResponse:
        book = asked(request)
        if not book.state.whole:
            raise _not_ready("this book is not all spoken yet")
        path = context.books.store.audiobook(book.id)
        return await _send(request, context, path, M4B_TYPE, f"{book.stored.title}.m4b")

    return [web.get(AUDIOBOOK, audiobook), web.get(COVER, cover), web.get(CHAPTER, chapter)]


def _number(given: str, chapters: int) -> int:
    number = int(given) if given.isascii() and given.isdigit() and len(given) < 8 else 0
    if not 1 <= number <= chapters:
        raise ApiError(404, f"this book has chapters 1 to {chapters}", code="not_found")
    return number


async def _send(
    request: web.Request, context: Context, path: Path, media_type: str, name: str | None
) -> web.StreamResponse:
    """Send a file of a book; `name` is what a browser calls it. Raises ApiError."""
    try:
        file = await asyncio.to_thread(DiskFile, path)
    except FileNotFoundError:
        raise ApiError(404, "this file is gone", code="not_found") from None
    headers: dict[str, str] = {
        hdrs.CACHE_CONTROL: "private, no-cache",
        "X-Content-Type-Options": "nosniff",
    }
    if name is not None:
        headers[hdrs.CONTENT_DISPOSITION] = f"inline; filename*=UTF-8''{quote(name, safe='')}"
    try:
        return await send_part(request, file, media_type, context, headers)
    finally:
        file.close()


def _not_ready(why: str) -> ApiError:
    return ApiError(409, why, code="not_ready")
