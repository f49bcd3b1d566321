"""Bounds from the settings, on waiting work, held audio, retained jobs and cached segments.

They are enforced by `admission`, `backpressure`, `release` and `segment_cache`.
"""

from __future__ import annotations

import msgspec

from supervisor.core.jobs.classes import Classes


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on waiting work, in predicted seconds of one worker, and on its bytes of text."""

    jobs: int
    jobs_per_client: int
    work_s: float
    work_s_per_client: float
    bytes: int
    bytes_per_client: int


class HeldLimits(msgspec.Struct, frozen=True):
    """Bounds on audio in memory that was spoken and not released, in bytes."""

    bytes: int
    bytes_per_client: int


class Keep(msgspec.Struct, frozen=True):
    """Bounds on the retention of ended jobs. `bytes` are audio, and text."""

    seconds: float
    bytes: int
    jobs: int


class CacheLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of the segment cache: on bytes in memory and on disk (both 0: there is none), on the
    characters of a segment, on its age; and how often it has to be spoken to be kept.
    """

    bytes: int = 0
    disk_bytes: int = 0
    segment_chars: int = 200
    min_uses: int = 2
    ttl_s: float = 604_800.0


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """All bounds of the job machine, and what holds for each class. `plain` and `durable`:
    retention of either kind of job.
    """

    limits: Limits
    held: HeldLimits
    classes: Classes
    plain: Keep
    durable: Keep
    cache: CacheLimits = CacheLimits()
