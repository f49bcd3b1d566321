"""The story of a job in words: what a job machine notes, and what it does not yet."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from supervisor.core.jobs.job import OUTCOMES
from supervisor.speech import RequestClass
from supervisor.telling import stories
from supervisor.telling.stories import happened, job_state, urgency
from supervisor.telling.times import short, span

JOBS = Path(stories.__file__).parents[1] / "core/jobs"


@pytest.mark.parametrize(
    ("event", "details", "words"),
    [
        ("accepted", [1], "Accepted, and cut into 1 sentence"),
        ("running", [0, 3, 1], "Worker 3 begins sentence 1"),
        ("running", [0, 3, 2], "Worker 3 begins sentence 1, for the 2. time"),
        ("spoken", [1, 3, 0.25], "Worker 3 has spoken sentence 2, in 250 ms"),
        ("spoken again", [4, 5], "2 sentences spoken again: the audio was lost"),
        ("stored", [1], "Sentence 2 is on disk"),
        ("done", [None], "All was spoken"),
        ("cancelled", [None], "Stopped"),
        ("cancelled", ["by its client"], "Stopped: by its client"),
        (
            "demoted",
            ["interactive", "batch"],
            'Asked as "urgent", of which its client has enough: counts as "no hurry"',
        ),
        ("left out", [64], "64 events not kept"),
        ("of later", ["a", 1], "of later a 1"),
        ("running", ["of another version"], "running of another version"),
    ],
)
def test_an_event_is_a_sentence(event: str, details: list[object], words: str) -> None:
    """One that is not known, or has other details, is told as it came."""
    assert happened(event, details) == words


def test_what_the_machine_notes_has_words() -> None:
    """Each name that it writes into a story, and each outcome."""
    text = "".join(path.read_text(encoding="utf-8") for path in JOBS.glob("*.py"))
    noted = set(re.findall(r'\.note\([\w.]+, "([\w ]+)"', text)) | set(OUTCOMES)
    assert len(noted) > 15
    assert noted - set(stories._EVENTS) == set()
    assert [state for state in ("queued", "running", *OUTCOMES) if job_state(state) == ""] == []


def test_each_class_has_words() -> None:
    """None for a supervisor that has no classes; one of a later supervisor as it is."""
    assert not {urgency(name) for name in get_args(RequestClass)} & set(get_args(RequestClass))
    assert (urgency(None), urgency("later")) == ("", "later")


def test_times_as_people_say_them() -> None:
    """To the digits that matter."""
    assert [short(s) for s in (0.0004, 0.085, 0.996, 1.24, 12.4)] == [
        "0 ms",
        "85 ms",
        "1.0 s",
        "1.2 s",
        "12 s",
    ]
    assert [span(s) for s in (8, 89, 91, 3540, 3600, 7500)] == [
        "8 s",
        "89 s",
        "2 min",
        "59 min",
        "1 h",
        "2 h 5 min",
    ]
