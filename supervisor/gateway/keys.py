"""API keys: random, shown once, stored by their hashes only.

A key has 256 random bits, so a plain SHA-256 is enough: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable

_PREFIX = "sha256:"


def new_key() -> str:
    """A new random key."""
    return f"sk-{secrets.token_urlsafe(32)}"


def hash_key(key: str) -> str:
    """Hash of a key, as `http.api_keys` holds it."""
    return _PREFIX + hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def is_known(key: str, hashes: Iterable[str]) -> bool:
    """Whether the key is one of these; takes the same time whichever it is, or none."""
    mine = hash_key(key).encode()
    known = False
    for hash in hashes:
        known |= hmac.compare_digest(mine, hash.encode())
    return known
