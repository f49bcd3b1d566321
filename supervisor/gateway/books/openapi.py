"""The books' addresses in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from supervisor.gateway.books.addresses import (
    AUDIOBOOK,
    BOOK,
    BOOKS,
    CHAPTER,
    COVER,
    PAUSE,
    RESUME,
)
from supervisor.gateway.books.files import M4B_TYPE, PLAYED
from supervisor.gateway.books.records import BookDocument, BookList
from supervisor.gateway.openapi_forms import get, json_of, ref, refused

_BOOK_ID: list[dict[str, Any]] = [
    {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
]
_RANGE = {"name": "Range", "in": "header", "schema": {"type": "string"}}
_PICTURES = ("jpeg", "png", "gif", "webp")


def described() -> dict[str, Any]:
    """The books and their files."""
    ids = _BOOK_ID
    number = {"name": "number", "in": "path", "required": True, "schema": {"type": "integer"}}
    fits = {"name": "response_format", "in": "query", "schema": {"enum": [PLAYED.name]}}
    m4b: dict[str, Any] = {M4B_TYPE: {"schema": {}}}
    covers: dict[str, Any] = {f"image/{name}": {"schema": {}} for name in _PICTURES}
    return {
        BOOKS: {"get": get("All books, the latest first.", BookList), "post": _new_book()},
        BOOK: {
            "get": _of_book("getBook", "A book, and how far it is."),
            "delete": {
                "operationId": "removeBook",
                "summary": "Stop a book, and delete it with all that was spoken.",
                "parameters": ids,
                "responses": {
                    "204": {"description": "It is gone."},
                    **{str(status): refused(status) for status in (401, 403, 404, 503, 507)},
                },
            },
        },
        PAUSE: {"post": _of_book("pauseBook", "Speak a book no further.")},
        RESUME: {"post": _of_book("resumeBook", "Go on with a book; what failed is tried again.")},
        COVER: {"get": _book_file("getCover", "The picture on its front.", covers, ids)},
        CHAPTER: {
            "get": _book_file(
                "getChapter",
                "A chapter that is spoken, or a range of it.",
                {PLAYED.media_type: {"schema": {}}},
                [*ids, number, fits],
            )
        },
        AUDIOBOOK: {
            "get": _book_file("getAudiobook", "All of it, with a mark for each chapter.", m4b, ids)
        },
    }


def _new_book() -> dict[str, Any]:
    described = {
        "name": "What the file is called; its ending says what it is where its bytes do not.",
        "model": "An engine.",
        "voice": "A voice; without one the default one, or one that reads the book's language.",
        "speed": "A factor, 0.25 to 4.",
        "language": "BCP 47 tag of the language to read it in.",
    }
    form = {
        "type": "object",
        "required": ["file"],
        "properties": {
            "file": {"type": "string", "contentMediaType": "application/octet-stream"},
            **{name: {"type": "string"} for name in described},
        },
    }
    told = "The book: new, to be spoken from now on, or that which is there of this file already."
    return {
        "operationId": "createBook",
        "summary": "An EPUB, a text, Markdown or HTML becomes an audiobook.",
        "parameters": [
            {"name": name, "in": "query", "description": what, "schema": {"type": "string"}}
            for name, what in described.items()
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/octet-stream": {"schema": {}},
                "multipart/form-data": {"schema": form},
            },
        },
        "responses": {
            "200": {"description": told, **json_of(ref(BookDocument))},
            "201": {"description": told, **json_of(ref(BookDocument))},
            **{
                str(status): refused(status)
                for status in (400, 401, 403, 404, 408, 413, 415, 429, 503, 507)
            },
        },
    }


def _of_book(name: str, summary: str) -> dict[str, Any]:
    """What is answered with a book."""
    return {
        "operationId": name,
        "summary": summary,
        "parameters": _BOOK_ID,
        "responses": {
            "200": {"description": summary, **json_of(ref(BookDocument))},
            **{str(status): refused(status) for status in (401, 403, 404, 415, 503, 507)},
        },
    }


def _book_file(
    name: str, summary: str, content: Mapping[str, Any], parameters: list[dict[str, Any]]
) -> dict[str, Any]:
    """A file of a book; where it is audio a range of it may be asked for."""
    return {
        "operationId": name,
        "summary": summary,
        "parameters": [*parameters, _RANGE],
        "responses": {
            "200": {"description": summary, "content": dict(content)},
            "206": {"description": "The range of it.", "content": dict(content)},
            **{str(status): refused(status) for status in (400, 401, 403, 404, 409, 416, 503)},
        },
    }
