"""What the pool does and why, its state in a word, and what needs somebody's attention."""

from __future__ import annotations

from typing import Final

from supervisor.telling.times import span
from supervisor.wire.status import Status, WorkerStatus
from supervisor.wording import counted

_LATE_S: Final = 3.0
"""A status of this age is told with its age."""

_DOES: Final = {
    "starting": "getting ready",
    "idle": "listening",
    "busy": "speaking",
    "reshaping": "changing its cores",
    "standby": "takes over in a moment",
    "retiring": "finishing its last sentence",
    "leaving": "leaving",
    "ending": "did not answer, is being ended",
    "backoff": "failed, waits",
    "fatal": "keeps failing",
}


def state(status: Status, age_s: float) -> tuple[str, str]:
    """The state of the whole: its kind, for a colour, and a word or two for it."""
    if age_s > _LATE_S:
        return "late", f"last heard of {span(age_s)} ago"
    now = status.supervisor.state
    if now == "draining":
        return now, "stopping"
    if now != "running":
        return now, now
    if not any(worker.takes_work for worker in status.workers):
        return "starting", "getting ready"
    return ("busy", "speaking") if status.jobs.segments_running else ("running", "ready")


def why(status: Status) -> str:
    """One sentence on what goes on."""
    waiting, running = status.jobs.segments_waiting, status.jobs.segments_running
    if status.supervisor.state == "draining":
        left = counted(waiting + running, "sentence")
        return f"Stopping: {left} will still be spoken, and nothing new is taken."
    if not any(worker.takes_work for worker in status.workers):
        return "Getting ready: the first worker is on its way."
    return (
        _short_of_memory(status)
        or _held_back(status)
        or (_under_load(status) if waiting else _at_ease(status))
    )


def _short_of_memory(status: Status) -> str | None:
    memory = status.allocation.memory
    if memory.state not in {"short", "critical"} or memory.available_bytes is None:
        return None
    held = status.allocation.allocation_stats.current_allocation.allocated_cores
    kept = f"{counted(held, 'core')} {'is' if held == 1 else 'are'} kept"
    only = ", and only short texts are taken" if memory.state == "critical" else ""
    return f"Short of memory, {memory.available_bytes // 1_000_000:,} MB are left: {kept}{only}."


def _held_back(status: Status) -> str | None:
    """What keeps the pool from having more, where it is not its own settings."""
    stats = status.allocation.allocation_stats
    kind = stats.decisions[-1].kind if stats.decisions else ""
    speak, many = _speak(status), _many(status)
    waiting = status.jobs.segments_waiting
    if kind == "starved_by_others":
        taken = f"{stats.starved_by_others_percent or 0:.0f} %"
        return (
            f"Waiting for cores that others use: other programs take {taken} of the time on ours."
        )
    if kind == "thermal_cap":
        awaited = f" while {many}" if waiting else ""
        return f"Going slow because the machine is hot: {speak}{awaited}."
    if not waiting:
        return None
    if kind == "bound_memory" or kind.startswith("memory_"):
        return f"{speak}: there is no memory for more, and {many}."
    if others := len(status.allocation.leases.leased_by_others):
        return f"{speak} while {many}: another supervisor has {counted(others, 'core')}."
    return None


def _under_load(status: Status) -> str:
    system = status.allocation.system_info
    speak, many = _speak(status), _many(status)
    if status.allocation.allocation_stats.current_allocation.allocated_cores < system.bounds.upper:
        return f"{speak}; {many}, so more cores join in."
    if system.bounds.upper < system.effective_cpus.usable_count:
        return f"{speak}, as many as the settings allow, because {many}."
    return f"{speak} because {many}."


def _at_ease(status: Status) -> str:
    if status.jobs.segments_running:
        return f"{_speak(status)}, and nothing has to wait."
    held = status.allocation.allocation_stats.current_allocation.allocated_cores
    awhile = " for a while" if held > status.allocation.system_info.bounds.lower else ""
    stay = f"{counted(held, 'core')} {'stays' if held == 1 else 'stay'}"
    return f"Resting: nothing to say. {stay} ready{awhile}."


def _speak(status: Status) -> str:
    held = status.allocation.allocation_stats.current_allocation.allocated_cores
    usable = counted(status.allocation.system_info.effective_cpus.usable_count, "core")
    return f"{held} of {usable} {'speaks' if held == 1 else 'speak'}"


def _many(status: Status) -> str:
    return counted(status.jobs.segments_waiting, "sentence waits", "sentences wait")


def trouble(status: Status) -> str | None:
    """What needs somebody's attention, in a sentence."""
    if error := status.supervisor.configuration_error:
        kept = "What was in force before still is."
        return f"Your last change of the settings is not in force: {error}. {kept}"
    if error := status.allocation.error or status.allocation.leases.error:
        return error
    if slots := status.pool.fatal_slots:
        named = f"Worker{'s' * (len(slots) > 1)} {', '.join(map(str, slots))}"
        return f"{named} {'keeps' if len(slots) == 1 else 'keep'} failing; the log says why."
    return None


def doing(worker: WorkerStatus) -> str:
    """What a worker does; a state of a later supervisor is told as it is."""
    does = _DOES.get(worker.state, worker.state)
    return does if worker.retry_in_s is None else f"{does}, again in {span(worker.retry_in_s)}"
