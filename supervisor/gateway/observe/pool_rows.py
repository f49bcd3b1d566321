"""Table of the pool's metrics: name, value in the status, and help text of each.

`pool_metrics` turns rows into samples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from supervisor.wire.status import (
    MEMORY_STATES,
    AllocationStats,
    ClassStatus,
    CoreShare,
    CurrentAllocation,
    Distribution,
    Status,
    SystemInfo,
    WorkerStatus,
)


class Row(NamedTuple):
    """One value of the status. A name that ends in `_total` is a counter's."""

    name: str
    value: Callable[[Status], object]
    help: str


class Labelled(NamedTuple):
    """A mapping in the status: each key is a value of `label`."""

    name: str
    values: Callable[[Status], Mapping[str, object]]
    label: str
    help: str


class OfWorker(NamedTuple):
    """One value of each worker."""

    name: str
    value: Callable[[WorkerStatus], float | None]
    help: str


class Histogram(NamedTuple):
    """One distribution in the status."""

    name: str
    distribution: Callable[[Status], Distribution]
    help: str


class OfClass(NamedTuple):
    """One distribution of each class of requests."""

    name: str
    distribution: Callable[[ClassStatus], Distribution]
    help: str


def _stats(status: Status) -> AllocationStats:
    return status.allocation.allocation_stats


def _current(status: Status) -> CurrentAllocation:
    return status.allocation.allocation_stats.current_allocation


def _system(status: Status) -> SystemInfo:
    return status.allocation.system_info


def _profiles(status: Status) -> Mapping[str, object]:
    found = status.allocation.profiles
    return {name: name in found.active for name in found.names}


def _throttling(status: Status) -> Mapping[str, object]:
    counters = _system(status).throttling
    return {} if counters is None else msgspec.structs.asdict(counters)


def _memory_states(status: Status) -> Mapping[str, object]:
    found = status.allocation.memory.state
    # A later supervisor may know more.
    return {state: int(state == found) for state in dict.fromkeys([*MEMORY_STATES, found])}


VALUES = (
    Row("tts_cores_leased", lambda s: _current(s).allocated_cores, "Cores held."),
    Row("tts_cores_decided", lambda s: _current(s).decided_cores, "Cores wanted."),
    Row(
        "tts_cores_usable",
        lambda s: _system(s).effective_cpus.usable_count,
        "Cores that affinity, cpuset and quota allow.",
    ),
    Row("tts_cores", lambda s: _system(s).total_cpu_cores, "Cores of the machine."),
    Row(
        "tts_utilization_percent",
        lambda s: _current(s).utilization_percent,
        "Utilization of the leased cores, last sample.",
    ),
    Row(
        "tts_utilization_average_percent",
        lambda s: _stats(s).average_utilization,
        "Utilization that decisions are made from.",
    ),
    Row(
        "tts_starved_by_others_percent",
        lambda s: _stats(s).starved_by_others_percent,
        "Share of the CPU time that the workers wanted which other programs had.",
    ),
    Row("tts_cpu_target_percent", lambda s: _stats(s).thresholds.cpu_target, "Grows above."),
    Row(
        "tts_scale_down_percent",
        lambda s: _stats(s).thresholds.scale_down_threshold,
        "Shrinks below.",
    ),
    Row("tts_demand", lambda s: _stats(s).demand, "Segments in flight, smoothed."),
    Row(
        "tts_cooldown_seconds", lambda s: _stats(s).cooldown_remaining_s, "Until the next decision."
    ),
    Row("tts_reallocations_total", lambda s: _stats(s).reallocations, "Changes of the cores held."),
    Row(
        "tts_memory_available_bytes",
        lambda s: s.allocation.memory.available_bytes,
        "Memory left of the machine or of its cgroup.",
    ),
    Row(
        "tts_memory_reserve_bytes",
        lambda s: s.allocation.memory.reserve_bytes,
        "Memory that no worker is added into.",
    ),
    Row(
        "tts_memory_pressure_percent",
        lambda s: s.allocation.memory.pressure_percent,
        "Part of the last 10 s in which all tasks waited for memory.",
    ),
    Row(
        "tts_forecast_load_cores",
        lambda s: next(iter(s.allocation.forecast.next_load), None),
        "Cores of work that were foretold for this minute.",
    ),
    Row(
        "tts_forecast_loss_ratio",
        lambda s: s.allocation.forecast.loss_ratio,
        "Losses of the forecast over a day, divided by those of expecting that all stays as it is.",
    ),
    Row(
        "tts_forecast_trusted",
        lambda s: s.allocation.forecast.trusted,
        "1: the forecast has proved itself, and acts where it may.",
    ),
    Row(
        "tts_forecast_rises_total",
        lambda s: s.allocation.forecast.rises,
        "Sharp rises of the load that were foretold.",
    ),
    Row(
        "tts_forecast_rises_came_total",
        lambda s: s.allocation.forecast.rises_came,
        "Those of them that came.",
    ),
    Row(
        "tts_forecast_core_seconds_total",
        lambda s: s.allocation.forecast.core_seconds,
        "Time of cores that were held for them and not needed.",
    ),
    Row("tts_temperature_celsius", lambda s: _system(s).temperature_c, "Hottest sensor."),
    Row("tts_jobs_queued", lambda s: s.jobs.queued, "Jobs that wait for their first worker."),
    Row("tts_jobs_running", lambda s: s.jobs.running, "Jobs whose segments are being spoken."),
    Row(
        "tts_segments_waiting",
        lambda s: s.jobs.segments_waiting,
        "Segments that wait for a worker.",
    ),
    Row("tts_segments_running", lambda s: s.jobs.segments_running, "Segments being spoken."),
    Row("tts_segments_spoken_total", lambda s: s.jobs.spoken, "Segments that were spoken."),
    Row(
        "tts_segments_retried_total", lambda s: s.jobs.retried, "Segments given to another worker."
    ),
    Row(
        "tts_segments_stale_total", lambda s: s.jobs.stale, "Answers of workers that came too late."
    ),
    Row(
        "tts_segments_preempted_total",
        lambda s: s.classes.preempted,
        "Segments of batch work that were interrupted for a sentence.",
    ),
    Row(
        "tts_thrown_away_seconds_total",
        lambda s: s.classes.thrown_away_s,
        "Time of workers that was lost with them.",
    ),
    Row(
        "tts_segments_shortened_total",
        lambda s: s.classes.shortened,
        "Segments that were cut in two because others wanted the workers.",
    ),
    Row("tts_flows", lambda s: s.queue.flows, "Clients that have work waiting or running."),
    Row(
        "tts_flow_work_seconds_max",
        lambda s: s.queue.largest_flow_work_s,
        "Predicted work of the client who has most of it.",
    ),
    Row("tts_queue_seconds", lambda s: s.queue.oldest_wait_s, "Age of the job that waits longest."),
    Row("tts_worker_restarts_total", lambda s: s.pool.restarts, "Workers that ended unasked."),
    Row("tts_cache_entries", lambda s: s.allocation.cache.entries, "Cached segments in memory."),
    Row("tts_cache_bytes", lambda s: s.allocation.cache.bytes, "Memory that they take."),
    Row("tts_cache_disk_bytes", lambda s: s.allocation.cache.disk_bytes, "Disk that they take."),
    Row("tts_cache_hits_total", lambda s: s.allocation.cache.hits, "Segments without a worker."),
    Row(
        "tts_cache_misses_total",
        lambda s: s.allocation.cache.misses,
        "Segments that a worker spoke, and that might have been cached.",
    ),
    Row(
        "tts_cache_evicted_total",
        lambda s: s.allocation.cache.evicted,
        "Cached segments that made room for others.",
    ),
    Row(
        "tts_cache_saved_seconds_total",
        lambda s: s.allocation.cache.saved_s,
        "Time of workers that the hits took when they were made.",
    ),
    Row("tts_watchers", lambda s: s.watchers.watching, "Connections that watch events."),
    Row("tts_events_total", lambda s: s.watchers.told, "Events that they were to get."),
    Row("tts_events_lost_total", lambda s: s.watchers.lost, "Those that a slow one did not get."),
    Row("tts_journal_writable", lambda s: s.journal.writable, "1: durable jobs are written down."),
    Row(
        "tts_journal_damaged_rows_total",
        lambda s: s.journal.damaged_rows,
        "Jobs that a damaged journal lost, in part or in whole.",
    ),
    Row(
        "tts_trace_spans_total",
        lambda s: s.tracing.get("exported_spans"),
        "Spans the collector took.",
    ),
    Row(
        "tts_trace_spans_lost_total",
        lambda s: s.tracing.get("lost_spans"),
        "Spans that it did not take.",
    ),
)


def _shares(value: Callable[[CoreShare], float]) -> Callable[[Status], Mapping[str, float]]:
    """A value of each supervisor that shares cores with this one, itself included, by pid."""
    return lambda s: {str(each.pid): value(each) for each in s.allocation.leases.shares}


MAPPINGS = (
    Labelled(
        "tts_decisions_total",
        lambda s: _stats(s).decision_counts,
        "reason",
        "Decisions by their reason.",
    ),
    Labelled("tts_profile_active", _profiles, "name", "1: the time profile is in force."),
    Labelled("tts_memory_state", _memory_states, "state", "1: the memory is in this state."),
    Labelled(
        "tts_memory_predicted_worker_bytes",
        lambda s: s.allocation.memory.predicted_worker_bytes,
        "engine",
        "Memory that one more worker takes.",
    ),
    Labelled("tts_share_weight", _shares(lambda e: e.weight), "pid", "Weight of a supervisor."),
    Labelled("tts_share_held", _shares(lambda e: e.held), "pid", "Cores that it holds."),
    Labelled("tts_share_wanted", _shares(lambda e: e.wanted), "pid", "Cores that it asks for."),
    Labelled("tts_share_fair", _shares(lambda e: e.fair), "pid", "Cores that are its share."),
    Labelled("tts_throttling", _throttling, "kind", "The kernel's throttling counters."),
    Labelled(
        "tts_jobs_demoted_total",
        lambda s: {name: found.demoted for name, found in s.classes.by_name.items()},
        "class",
        "Jobs that count as less urgent, since their client had too much in this class.",
    ),
)

OF_WORKERS = (
    OfWorker("tts_worker_segments_total", lambda w: w.segments_done, "Segments spoken."),
    OfWorker("tts_worker_threads", lambda w: w.intra_op_threads, "Threads of its session."),
    OfWorker(
        "tts_worker_session_generation", lambda w: w.session_generation, "Sessions built so far."
    ),
    OfWorker(
        "tts_worker_session_build_seconds", lambda w: w.session_build_s, "What the last one took."
    ),
    OfWorker("tts_worker_pss_megabytes", lambda w: w.pss_mb, "Its share of memory, proportional."),
)

HISTOGRAMS = (
    Histogram(
        "tts_job_wait_seconds", lambda s: s.timings.wait_s, "From acceptance to the first segment."
    ),
    Histogram(
        "tts_segment_real_time_factor", lambda s: s.timings.real_time_factor, "Synthesis per audio."
    ),
)

OF_CLASSES = (
    OfClass("tts_job_first_audio_seconds", lambda c: c.first_audio_s, "To the first audio."),
)
