"""Bounds of the job machine, out of the settings."""

from __future__ import annotations

from supervisor.config import Settings
from supervisor.core.jobs.classes import CLASSES, Classes, ClassRules
from supervisor.core.jobs.limits import Bounds, CacheLimits, HeldLimits, Keep, Limits

_MB = 1_000_000


def bounds(settings: Settings) -> Bounds:
    """The job machine's bounds under these settings."""
    broker, admission = settings.broker, settings.admission
    jobs, journal, cache = settings.jobs, settings.journal, settings.cache
    return Bounds(
        limits=Limits(
            jobs=broker.max_queued_jobs,
            jobs_per_client=broker.max_jobs_per_client,
            work_s=admission.max_work_s,
            work_s_per_client=admission.max_client_work_s,
            bytes=admission.max_bytes,
            bytes_per_client=admission.max_client_bytes,
        ),
        classes=_classes(settings),
        held=HeldLimits(broker.max_held_audio_mb * _MB, broker.max_client_held_audio_mb * _MB),
        plain=Keep(jobs.retention_s, jobs.retention_bytes, jobs.retention_jobs),
        durable=Keep(journal.retention_s, journal.retention_bytes, journal.retention_jobs),
        cache=CacheLimits(
            bytes=cache.memory_mb * _MB if cache.enabled else 0,
            disk_bytes=cache.disk_mb * _MB if cache.enabled else 0,
            segment_chars=cache.max_segment_chars,
            min_uses=cache.min_uses,
            ttl_s=cache.ttl_s,
        ),
    )


def _classes(settings: Settings) -> Classes:
    classes = settings.classes
    return Classes(
        rules={name: ClassRules(**getattr(classes, name).model_dump()) for name in CLASSES},
        contended_s=classes.contended_s,
        preempt=classes.preempt,
        preempt_left_s=classes.preempt_left_s,
    )
