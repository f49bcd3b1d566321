"""The status document: what `supervisor status --json` prints."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

from supervisor import __version__
from supervisor.core.jobs.job import OUTCOMES
from supervisor.core.pool.slot import Slot
from supervisor.pool.observed import pss_bytes, thread_affinities
from supervisor.service.diagnostics import diagnostics_document

if TYPE_CHECKING:
    from supervisor.service.supervisor import Service


def status_document(service: Service) -> dict[str, Any]:
    """Supervisor, workers and jobs as they are now. Sizes in MB are 10^6 bytes."""
    return {
        "supervisor": {
            "pid": os.getpid(),
            "epoch": service.broker.epoch,
            "version": __version__,
            "state": service.state,
            "template_pid": service.workers.launcher.pid,
            "configuration_error": service.configuration_error,
        },
        "host_profile": _host_profile(service),
        "allocation": diagnostics_document(service),
        "pool": {
            "restarts": service.pool.restarts.total,
            "fatal_slots": [slot.number for slot in service.pool.fatal],
        },
        "workers": [_worker(service, slot) for slot in service.pool.workers],
        "jobs": _jobs(service),
        "queue": _queue(service),
        "timings": service.jobs.timings.document(),
        "journal": {
            "enabled": service.settings.journal.enabled,
            "sync": service.settings.journal.sync,
            "recovered": service.broker.recovered,
            "problem": service.journal.problem,
            "writable": _writable(service),
            "damaged_rows": service.journal.damage.rows,
            "warnings": service.journal.warnings(),
            "kept_bytes": service.jobs.retained.stored_bytes,
        },
        "tracing": service.tracer.document(),
    }


def _writable(service: Service) -> bool | None:
    """Whether durable jobs can be written down; None while that is not known, or not asked."""
    if not service.settings.journal.enabled or not service.broker.recovered:
        return None
    return service.journal.problem is None


def _host_profile(service: Service) -> dict[str, Any]:
    """The measured engines whose figures are in force, since when, and why others are not."""
    profile = service.profile
    return {
        "engines": sorted(profile.engines),
        "measured_at": profile.measured_at,
        "ignored": profile.ignored,
    }


def _worker(service: Service, slot: Slot) -> dict[str, Any]:
    worker, shaped = service.workers.by_epoch.get(slot.epoch), service.shaped(slot.epoch)
    masks = thread_affinities(worker.pid) if worker is not None and worker.pid else []
    return {
        "slot": slot.number,
        "epoch": slot.epoch,
        "pid": (worker.pid or None) if worker is not None else None,
        "state": _state(service, slot),
        "cpus": list(slot.shape.cpus),
        "observed_cpus": sorted({cpu for mask in masks for cpu in mask}),
        "intra_op_threads": shaped.threads if shaped is not None else slot.shape.threads,
        "os_threads": len(masks),
        "session_generation": shaped.session_generation if shaped is not None else 0,
        "session_build_s": shaped.session_build_s if shaped is not None else None,
        "reshape_error": shaped.error if shaped is not None else None,
        "segments_done": worker.segments_done if worker is not None else 0,
        "pss_mb": _pss_mb(worker.pid) if worker is not None and worker.pid else None,
        "last_exit": slot.last_exit,
        "retry_in_s": _retry_in_s(slot),
    }


def _state(service: Service, slot: Slot) -> str:
    """The slot's state, where it is ready in more words.

    busy, idle; ending: it hung and is being ended; standby: it starts to speak when the
    worker that it replaces has finished.
    """
    if slot.state != "ready":
        return slot.state
    if service.jobs.is_idle(slot.epoch):
        return "idle"
    worker = service.workers.by_epoch.get(slot.epoch)
    if worker is not None and worker.condemned is not None:
        return "ending"
    return "busy" if slot.employed else "standby"


def _retry_in_s(slot: Slot) -> float | None:
    """Seconds until a slot without a process is tried again."""
    if not slot.waiting or slot.wake_at is None:
        return None
    return round(max(0.0, slot.wake_at - asyncio.get_running_loop().time()), 1)


def _jobs(service: Service) -> dict[str, int]:
    jobs = service.jobs
    states = [job.state for job in jobs.jobs.values()]
    outcomes: dict[str, int] = {state: jobs.counts[state] for state in sorted(OUTCOMES)}
    return {
        "queued": states.count("queued"),
        "running": states.count("running"),
        **outcomes,
        "spoken": jobs.counts["spoken"],
        "retried": jobs.counts["retried"],
        "stale": jobs.counts["stale"],
        "refused": jobs.counts["refused"],
        "segments_running": jobs.running_segments,
        "segments_waiting": jobs.waiting_segments,
    }


def _queue(service: Service) -> dict[str, float]:
    """What waits or runs, as admission counts it; a flow is a client."""
    admission = service.jobs.admission
    return {
        "jobs": admission.jobs,
        "flows": admission.flows,
        "largest_flow_work_s": round(admission.largest_flow_work_s, 3),
        "text_bytes": admission.bytes,
        "predicted_work_s": round(admission.work_s, 3),
        "oldest_wait_s": round(service.jobs.oldest_wait(asyncio.get_running_loop().time()), 3),
        "drain_rate": round(admission.drain.rate(len(service.pool.workers)), 3),
    }


def _pss_mb(pid: int) -> float | None:
    size = pss_bytes(pid)
    return None if size is None else round(size / 1e6, 1)
