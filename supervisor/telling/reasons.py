"""Why the allocator decided so, in a person's words: from a decision's kind and its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

_WORDS: Final[Mapping[str, str]] = {
    "backlog": "a sentence has waited {0:.1f} s",
    "bound_max_cores": "the settings allow no more than {0:.0f}",
    "bound_memory": "there is memory for {0:.0f}",
    "bound_min_cores": "the settings ask for at least {0:.0f}",
    "bound_reserve": "one core is left to the machine",
    "bound_share": "its share is {0:.0f}, and another supervisor wants the rest",
    "bound_usable": "there are no more to be had",
    "configured": "the settings were changed",
    "cooldown": "the last change is too fresh, {0:.0f} s to go",
    "disabled": "the settings say so",
    "draining_backlog": "what has waited is being spoken",
    "first_sample": "the first look at the load",
    "forecast": "a rise is foretold that takes {0:.0f}",
    "fresh_samples": "{0:.0f} of {1:.0f} looks since the last change",
    "high_utilization": "{0:.0f} % busy is much",
    "low_utilization": "{0:.0f} % busy is little",
    "memory_critical": "memory is nearly used up, {0:.0f} MB are left",
    "memory_pressure": "programs wait for memory {0:.0f} % of the time",
    "memory_short": "memory is short, {0:.0f} MB are left",
    "monitor_failed": "the load could not be measured",
    "optimal_range": "{0:.0f} % busy is as it should be",
    "scale_down_wait": "little to do; given back once it was so for {0:.0f} s",
    "sessions_building": "workers build their sessions",
    "starved_by_others": "other programs take {0:.0f} % of them",
    "thermal_cap": "the processor is hot",
    "work_waiting": "no worker was free, and a sentence has waited {0:.1f} s",
    "yield_to": "supervisor {0:.0f} has less than its share",
}


def explain(kind: str, figures: Sequence[float], reason: str, profile: str = "") -> str:
    """The words for this kind; for one that is not known here, as the supervisor has it.

    profile: the time profile that has set the bound which decided; "" for none.
    """
    try:
        said = _WORDS[kind].format(*figures)
    except (IndexError, KeyError, ValueError):
        return reason.replace("_", " ")  # It names the profile.
    return f"{said} (profile {profile})" if profile else said
