"""Bounds that the settings set: what may wait, what may be held, and what is kept of what ended.

What they mean is said by those who keep to them: `admission`, `backpressure`, `release`.
"""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on what waits. Work is in predicted seconds of one worker, bytes are of text."""

    jobs: int
    jobs_per_client: int
    work_s: float
    work_s_per_client: float
    bytes: int
    bytes_per_client: int


class HeldLimits(msgspec.Struct, frozen=True):
    """Bytes of audio that was spoken and not released, at which nothing more is spoken."""

    bytes: int
    bytes_per_client: int


class Keep(msgspec.Struct, frozen=True):
    """Bounds on what is kept of ended jobs. `bytes` are audio, and text."""

    seconds: float
    bytes: int
    jobs: int


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """All of them. `plain` and `durable`: what is kept of ended jobs of either kind."""

    limits: Limits
    held: HeldLimits
    plain: Keep
    durable: Keep
