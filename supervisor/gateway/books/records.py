"""What is told of a book over HTTP."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

BookState = Literal["queued", "speaking", "paused", "done", "failed"]
ChapterState = Literal["queued", "speaking", "done", "failed"]

Fraction = Annotated[float, msgspec.Meta(ge=0, le=1)]


class BookFault(msgspec.Struct, frozen=True):
    """What is in a book's way: `code` is for programs, `message` one line for people."""

    code: str
    message: str


class ChapterDocument(msgspec.Struct, frozen=True):
    """A chapter of a book. `number` counts from 1; `duration_s` is known once it is done."""

    number: int
    title: str
    characters: int
    state: ChapterState
    progress: Fraction
    duration_s: float | None


class BookDocument(msgspec.Struct, frozen=True):
    """A book as it stands. `name` is the file's, `created_at` in seconds since 1970.

    `seconds_spoken` is audio; `remaining_s` what is left to wait, None while that is not known.
    `error` says why it failed, or what a book that is spoken waits for.
    """

    id: str
    name: str
    title: str
    author: str | None
    language: str | None
    model: str | None
    voice: str | None
    speed: float
    created_at: float
    state: BookState
    progress: Fraction
    seconds_spoken: float
    remaining_s: float | None
    cover: bool
    error: BookFault | None
    chapters: list[ChapterDocument]


class BookList(msgspec.Struct, frozen=True):
    """Answer of `GET /v1/books`, the latest first."""

    books: list[BookDocument]
