"""Bounds that the settings set: what may wait, what may be held, and what is kept of what ended.

What they mean is said by those who keep to them: `admission`, `backpressure`, `release`.
"""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on what waits. Work is in predicted seconds of one worker, bytes are of text."""

    jobs: int = 10_000
    jobs_per_client: int = 1_024
    work_s: float = 3_600.0
    work_s_per_client: float = 900.0
    bytes: int = 64 << 20
    bytes_per_client: int = 16 << 20


class HeldLimits(msgspec.Struct, frozen=True):
    """Bytes of audio that was spoken and not released, at which nothing more is spoken."""

    bytes: int = 64 << 20
    bytes_per_client: int = 16 << 20


class Keep(msgspec.Struct, frozen=True):
    """Bounds on what is kept of ended jobs. `bytes` are audio, and text."""

    seconds: float = 60.0
    bytes: int = 8 << 20
    jobs: int = 256
