"""Memory claims: bytes that workers which start now will take, told to the supervisors beside us.

A worker that was just started has not taken its memory yet, so it still shows as available to
every supervisor of the host. For `CLAIM_S` its bytes stand in a file of ours (`claim_files`), and
are taken off what is available. Whoever writes first and reads afterwards has two that start at
once see each other. What is no claim counts as nothing.
"""

from __future__ import annotations

import math
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import msgspec

from supervisor.pool.claim_files import ClaimFiles
from supervisor.pool.leases import UnusableError

CLAIM_S = 10.0
"""Time after which a started worker has taken its memory."""

_MOST_BYTES = 1 << 44
"""More is no claim: the sum of all has to fit into 64 bits."""


class _Claim(msgspec.Struct):
    """Bytes, until a second of the host's monotonic clock, which all its processes share."""

    bytes: Annotated[int, msgspec.Meta(ge=-_MOST_BYTES, le=_MOST_BYTES)]
    until: int


class MemoryClaims:
    """Our claims and those of others; without a directory that can be used ours alone."""

    def __init__(self, directory: Path) -> None:
        self._files = ClaimFiles(directory, "memory")
        self._claims: dict[int, int] = {}
        """Bytes by the second until which they are claimed."""

    @property
    def own(self) -> int:
        """Bytes that we claim now."""
        now = time.monotonic()
        return sum(size for until, size in self._claims.items() if until > now)

    def claim(self, size: int) -> None:
        """Claim so many bytes from now on; fewer than none where a worker did not start."""
        now = time.monotonic()
        self._claims = {until: each for until, each in self._claims.items() if until > now}
        until = math.ceil(now + CLAIM_S)
        self._claims[until] = self._claims.get(until, 0) + size
        claims = [_Claim(size, until) for until, size in self._claims.items()]
        with suppress(OSError, UnusableError):
            self._files.write(msgspec.json.encode(claims))

    def others(self) -> int:
        """Bytes that other supervisors claim now."""
        now = time.monotonic()
        with suppress(OSError, UnusableError):
            return sum(_bytes(found.document or b"", now) for found in self._files.others())
        return 0

    def close(self) -> None:
        """Give our claims up."""
        self._files.close()


def _bytes(document: bytes, now: float) -> int:
    """Bytes that are claimed there now."""
    try:
        claims = msgspec.json.decode(document, type=list[_Claim])
    except (ValueError, RecursionError):  # The second of fields that are none of ours.
        return 0
    # Nobody claims for longer than we do: a file with another time is no claim of this boot.
    latest = now + CLAIM_S + 1
    return max(0, sum(claim.bytes for claim in claims if now < claim.until <= latest))
