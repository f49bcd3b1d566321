"""How a book is to be spoken, as a request or its form says, and what is kept of that."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Final, NamedTuple

from aiohttp import web

from supervisor.books.book import Book
from supervisor.gateway.books.reception import Received
from supervisor.gateway.books.store import StoredBook, StoredChapter
from supervisor.gateway.errors import ApiError
from supervisor.gateway.speech.asking import NAME_CHARS, engine_and_voice
from supervisor.gateway.speech.pace import pace_of
from supervisor.wire.client import Welcome
from supervisor.wire.languages import is_read, is_tag, reader_of
from supervisor.wire.voices import is_mix

_FILE_NAME_CHARS: Final = 255


class Wish(NamedTuple):
    """How a book is to be spoken; `anyhow`: neither engine nor voice nor language was asked for."""

    engine: str | None
    voice: str | None
    language: str | None
    speed: float
    anyhow: bool


def wished(fields: Mapping[str, str], welcome: Welcome) -> Wish:
    """How a book is to be spoken, what is left open as it is now. Raises ApiError."""
    for name in ("model", "voice", "language"):
        if len(fields.get(name, "")) > NAME_CHARS:
            raise ApiError(400, f"{name} is too long", code="bad_value", param=name)
    language = fields.get("language") or None
    if language is not None and not is_tag(language):
        text = "language is a tag such as en or pt-BR"
        raise ApiError(400, text, code="out_of_range", param="language")
    engine, voice = engine_and_voice(
        fields.get("model") or None, fields.get("voice") or None, language, welcome
    )
    if engine is None and (voice is not None or language is None):
        engine = welcome.default_engine
    described = welcome.engines.get(engine or welcome.default_engine)
    if described is None:
        raise ApiError(404, f"no engine {engine!r}", code="unknown_engine", param="model")
    if voice is not None and voice not in described.get("voices", ()) and not is_mix(voice):
        text = f"engine {engine} has no voice {voice!r}"
        raise ApiError(400, text, code="unknown_voice", param="voice")
    if language is not None and not is_read(language, welcome.engines):
        raise ApiError(400, f"no voice reads {language}", code="unknown_language", param="language")
    speed = _speed(fields.get("speed") or "1")
    pace_of(speed, engine, None if voice else language, welcome)
    anyhow = not (fields.get("model") or voice or language)
    return Wish(engine, voice, language, speed, anyhow)


def _speed(given: str) -> float:
    try:
        speed = float(given)
    except ValueError:
        speed = math.nan
    if not math.isfinite(speed):
        raise ApiError(400, "speed is a number such as 1.2", code="bad_value", param="speed")
    return speed


def in_its_language(wish: Wish, book: Book, welcome: Welcome) -> Wish:
    """The wish, with a voice that reads the book where nobody asked for a voice or a language."""
    if wish.voice is not None or wish.language is not None:
        return wish
    asked = None if wish.anyhow else wish.engine
    reader = reader_of(book.language, asked, welcome.default_engine, welcome.engines)
    if reader.language is not None:
        return wish._replace(engine=reader.engine, language=reader.language)
    described = welcome.engines.get(wish.engine or welcome.default_engine, {})
    return wish._replace(voice=described.get("default_voice"))


def file_name(request: web.Request, received: Received) -> str:
    """What the document's file is called."""
    name = request.query.get("name") or received.fields.get("name") or "book"
    return "".join(filter(str.isprintable, name)).replace("/", " ")[:_FILE_NAME_CHARS] or "book"


def stored_book(id: str, owner: str | None, name: str, wish: Wish, book: Book) -> StoredBook:
    """What is kept of a book, but for its texts and its cover."""
    return StoredBook(
        id=id,
        owner=owner,
        name=name,
        title=book.title,
        author=book.author,
        language=wish.language or book.language,
        engine=wish.engine,
        voice=wish.voice,
        speed=wish.speed,
        read_in=wish.language,
        created_at=time.time(),
        cover_type=None if book.cover is None else book.cover.media_type,
        chapters=tuple(
            StoredChapter(each.title, each.characters, each.markup) for each in book.chapters
        ),
    )
