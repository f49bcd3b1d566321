"""Names of the page's files, in `static/` beside this module, and their media types."""

from __future__ import annotations

from collections.abc import Mapping

PAGE = "index.html"

MODULES = (
    "api",
    "book-card",
    "books",
    "choice",
    "cores",
    "course",
    "dock",
    "dom",
    "drawing",
    "follow",
    "gate",
    "hosts",
    "jobs",
    "live",
    "main",
    "picker",
    "playback",
    "speaker",
    "sse",
    "tuning",
    "upload",
    "voices",
    "wave",
    "words",
)
"""The JavaScript of the page, a subject each."""

ASSETS: Mapping[str, str] = {
    "page.css": "text/css",
    "icon.svg": "image/svg+xml",
    **{f"{name}.js": "text/javascript" for name in MODULES},
}
"""Files that the page loads, by name."""

PREFIX = "/page/static/"
"""Path prefix of these files."""

ADDRESSES = frozenset(PREFIX + name for name in ASSETS)
"""Addresses that need no key: they hold nothing but the program."""
