"""What happened to a job, in a person's words: its state, its class, each event of its story."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from supervisor.telling.times import short
from supervisor.wording import counted

_STATES: Final = {
    "queued": "waits",
    "running": "is being spoken",
    "done": "spoken",
    "cancelled": "stopped",
    "failed": "failed",
    "expired": "came too late",
    "quarantined": "given up: it kept ending workers",
}

_CLASSES: Final = {
    "interactive": "urgent",
    "stream": "to listen to",
    "batch": "no hurry",
}


def job_state(state: str) -> str:
    """The state of a job; one of a later supervisor as it is."""
    return _STATES.get(state, state)


def urgency(name: str | None) -> str:
    """What a class of requests means; "" where an older supervisor tells none."""
    return "" if name is None else _CLASSES.get(name, name)


def _sentence(index: int) -> str:
    return f"sentence {index + 1}"


def _sentences(number: int) -> str:
    return counted(number, "sentence")


def _running(index: int, worker: int, attempt: int) -> str:
    again = f", for the {attempt}. time" if attempt > 1 else ""
    return f"Worker {worker} begins {_sentence(index)}{again}"


_EVENTS: Final[dict[str, Callable[..., str]]] = {
    "accepted": lambda segments: f"Accepted, and cut into {_sentences(segments)}",
    "running": _running,
    "spoken": lambda index, worker, seconds: (
        f"Worker {worker} has spoken {_sentence(index)}, in {short(seconds)}"
    ),
    "cached": lambda index: (
        f"{_sentence(index).capitalize()} was there already, and not spoken anew"
    ),
    "not cached": lambda index: f"{_sentence(index).capitalize()} has to be spoken after all",
    "unreadable": lambda index: f"Nothing in {_sentence(index)} could be read",
    "refused": lambda index, worker: (
        f"Worker {worker} could not take {_sentence(index)}; another will"
    ),
    "demoted": lambda asked, counts: (
        f'Asked as "{urgency(asked)}", of which its client has enough: '
        f'counts as "{urgency(counts)}"'
    ),
    "interrupted": lambda index, worker: (
        f"Worker {worker} left {_sentence(index)} for something more urgent"
    ),
    "worker lost": lambda index, worker, reason: (
        f"Worker {worker} was lost with {_sentence(index)}: {reason}"
    ),
    "spoken again": lambda *lost: f"{_sentences(len(lost))} spoken again: the audio was lost",
    "suspended": lambda: "Set aside until its client takes what is there",
    "attached": lambda _offset: "A client came for it",
    "client lost": lambda: "Its client left",
    "stored": lambda index: f"{_sentence(index).capitalize()} is on disk",
    "not stored": lambda index, error: f"{_sentence(index).capitalize()} is not on disk: {error}",
    "not written": lambda error: f"Not on disk: {error}",
    "told unwritten": lambda: "Its end could not be written down, and was told all the same",
    "recovered": lambda stored: f"Found again after a restart, with {_sentences(stored)} on disk",
    "left out": lambda events: f"{counted(events, 'event')} not kept",
    "done": lambda *_: "All was spoken",
    "cancelled": lambda message=None: f"Stopped: {message}" if message else "Stopped",
    "failed": lambda message: f"Failed: {message}",
    "quarantined": lambda message: f"Given up: {message}",
    "expired": lambda message: f"Came too late: {message}",
}


def happened(event: str, details: Sequence[Any]) -> str:
    """What an event of a story means; one that is not known here is told as it came."""
    try:
        return _EVENTS[event](*details)
    except (KeyError, TypeError, ValueError):
        return " ".join([event, *map(str, details)])
