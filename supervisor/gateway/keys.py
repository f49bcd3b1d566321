"""API keys: made here, kept by their users, known to us by their hashes only.

A key has 256 random bits, so a plain SHA-256 is enough: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable

_PREFIX = "sha256:"


def new_key() -> str:
    """A key that nobody else has."""
    return f"sk-{secrets.token_urlsafe(32)}"


def hash_key(key: str) -> str:
    """What `http.api_keys` holds for this key."""
    return _PREFIX + hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def is_known(key: str, hashes: Iterable[str]) -> bool:
    """Whether the key is one of these; takes the same time whichever it is, or none."""
    mine = hash_key(key).encode()
    known = False
    for hash in hashes:
        known |= hmac.compare_digest(mine, hash.encode())
    return known
