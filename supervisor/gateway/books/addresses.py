"""Addresses of the books."""

from __future__ import annotations

from typing import Final

BOOKS: Final = "/v1/books"
BOOK: Final = "/v1/books/{id}"
PAUSE: Final = "/v1/books/{id}/pause"
RESUME: Final = "/v1/books/{id}/resume"
COVER: Final = "/v1/books/{id}/cover"
CHAPTER: Final = "/v1/books/{id}/chapters/{number}"
AUDIOBOOK: Final = "/v1/books/{id}/audiobook.m4b"
