"""Names of the page's files, in `static/` beside this module, and their media types."""

from __future__ import annotations

from collections.abc import Mapping

PAGE = "index.html"

ASSETS: Mapping[str, str] = {
    "page.css": "text/css",
    "icon.svg": "image/svg+xml",
    "main.js": "text/javascript",
    "dom.js": "text/javascript",
    "api.js": "text/javascript",
    "chart.js": "text/javascript",
    "live.js": "text/javascript",
    "tables.js": "text/javascript",
    "speech.js": "text/javascript",
    "tuning.js": "text/javascript",
}
"""Files that the page loads, by name."""

PREFIX = "/page/static/"
"""Path prefix of these files."""

ADDRESSES = frozenset(PREFIX + name for name in ASSETS)
"""Addresses that need no key: they hold nothing but the program."""
