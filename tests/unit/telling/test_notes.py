"""What else there is to know: nothing in the usual state, and each thing in words where it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from supervisor.telling.notes import Note, clock, notes, size
from supervisor.wire.status import read
from tests.fixtures.statuses import quiet, share, with_events

NOW = 1_780_000_000.0
"""28 May 2026, 20:26:40 UTC, a Thursday."""


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The wall clock is that of Greenwich."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def told(document: dict[str, Any], now: float = NOW) -> dict[str, Note]:
    """The notes by what they are about."""
    return {note.about: note for note in notes(read(document), now)}


def test_in_the_usual_state_there_is_nothing_to_know() -> None:
    """Memory is free, nobody shares the cores, and no cache or profile is used."""
    assert notes(read(quiet()), NOW) == []


def test_all_that_happens_is_told_the_most_pressing_first() -> None:
    """A line each, in words."""
    found = told(with_events(quiet()), NOW - 7200.0)
    assert {about: note.text for about, note in found.items()} == {
        "memory": "short, 120 MB left, 500 MB are to stay free: workers that are idle are ended; "
        "programs wait for memory 12 % of the time",
        "shared cores": "this one holds 2, wants 4, its share is 3 (weight 3); "
        "process 5000 holds 2, wants 1, its share is 1",
        "profile": "in force: morning; ends at 20:26 UTC",
        "forecast": "up to 10.5 cores of work in the next 4 min, 0.5 now; its errors are 28 % of "
        "expecting no change; acts before sharp rises",
        "classes": "urgent: 1 job, first sound within 550 ms; "
        "no hurry: 1 job, first sound within 950 ms; "
        "what is less urgent is cut shorter now; 3 sentences interrupted (1.4 s of work lost)",
        "cache": "38 % of 1,204 sentences came from it; 12 min of work saved; "
        "it holds 310 in 14 MB, 1.2 GB on disk",
    }
    assert list(found) == ["memory", "shared cores", "profile", "forecast", "classes", "cache"]
    assert [note.about for note in found.values() if note.tone] == ["memory", "shared cores"]


@pytest.mark.parametrize(
    ("state", "reason", "text", "tone"),
    [
        ("joined", "", "joined", ""),
        ("joining", "", "joining, no server has answered yet", ""),
        (
            "degraded",
            "no route",
            "degraded, this host works alone until a server answers: no route",
            "warn",
        ),
        ("refused", "no key", "refused, this host works alone: no key", "bad"),
        ("resting", "", "resting", ""),
    ],
)
def test_a_fleet_is_told_where_there_is_one(state: str, reason: str, text: str, tone: str) -> None:
    """How this host gets along with it, and why; also by a word of a later version."""
    note = told(quiet() | {"fleet": {"state": state, "reason": reason}})["fleet"]
    assert (note.text, note.tone) == (text, tone)


@pytest.mark.parametrize(
    ("forecast", "said"),
    [
        ({"mode": "off"}, None),
        ({"mode": "advise", "standing": "learning", "next_load": [None] * 15}, None),
        (
            {"mode": "act", "standing": "learning", "minutes_seen": 900, "minutes_needed": 1440},
            "learns the load for 9 h more",
        ),
        (
            {"mode": "advise", "standing": "trusted", "trusted": True, "next_load": [2.0]},
            "up to 2.0 cores of work in the next 1 min; trusted, but shown only",
        ),
        (
            {"mode": "act", "standing": "missed", "load": 0.0, "next_load": [2.0, None]},
            "up to 2.0 cores of work in the next 2 min, 0.0 now; not trusted: the last rises that",
        ),
        ({"mode": "act", "standing": "of_later", "next_load": [2.0]}, "up to 2.0 cores of work"),
    ],
)
def test_a_forecast_is_told_with_what_it_is_worth(
    forecast: dict[str, Any], said: str | None
) -> None:
    """Where there is none there is no line, unless it is to act and has not learned yet."""
    document = quiet()
    document["allocation"]["forecast"] = forecast
    notes = told(document)
    assert (said is None) == ("forecast" not in notes)
    assert said is None or notes["forecast"].text.startswith(said)


@pytest.mark.parametrize("state", ["tight", "short", "critical"])
def test_memory_that_is_not_free_is_told(state: str) -> None:
    """Also where nothing is known of it but its state."""
    document = quiet()
    document["allocation"]["memory"] = {"state": state, "claimed_by_others_bytes": 300_000_000}
    note = told(document)["memory"]
    assert note.text.startswith(f"{state}, 0 MB are to stay free: ")
    assert note.text.endswith("; other supervisors are about to take 300 MB")
    assert note.tone == ("bad" if state == "critical" else "warn")


def test_supervisors_that_share_are_told_up_to_four() -> None:
    """The rest in one sum; who has what he wants is no matter for concern."""
    document = quiet()
    own = share(1, held=1, wanted=1, fair=1, own=True)
    others = [share(pid, held=2, wanted=2, fair=2) for pid in range(2, 9)]
    document["allocation"]["leases"]["shares"] = [own, *others]
    note = told(document)["shared cores"]
    assert note.text.count("process") == 4
    assert note.text.endswith("; 3 others hold 6")
    assert note.tone == ""
    document["allocation"]["leases"]["shares"] = [own]
    assert told(document) == {}


@pytest.mark.parametrize(
    ("active", "following", "words"),
    [
        ([], ("evening", True), "none in force; evening begins on Sat at 20:26 UTC"),
        (["morning"], None, "in force: morning"),
        (
            ["morning", "day"],
            ("day", False),
            "in force: morning, day; day ends on Sat at 20:26 UTC",
        ),
        (["day"], ("evening", True), "in force: day; evening begins on Sat at 20:26 UTC"),
    ],
)
def test_profiles_in_force_and_the_next(
    active: list[str], following: tuple[str, bool] | None, words: str
) -> None:
    """With the wall clock's time."""
    document = quiet()
    edge = following and {"name": following[0], "at": NOW + 172_800.0, "begins": following[1]}
    document["allocation"]["profiles"] = {"names": [], "active": active, "next": edge}
    assert told(document)["profile"].text == words


def test_a_cache_that_has_nothing_yet_is_not_told() -> None:
    """Nor one that is off; one that keeps what was not asked for again is."""
    document = with_events(quiet())
    cache = document["allocation"]["cache"]
    cache |= {"hits": 0, "hit_ratio": None, "saved_s": 0.0, "disk_bytes": 0}
    assert told(document)["cache"].text == "it holds 310 in 14 MB"
    cache["entries"] = 0
    assert "cache" not in told(document)
    cache |= {"entries": 5, "enabled": False}
    assert "cache" not in told(document)


def test_one_class_alone_is_not_told() -> None:
    """Where all requests are alike there is nothing to compare."""
    document = with_events(quiet())
    none = {**document["classes"]["stream"], "jobs": 0}
    document["classes"]["batch"] = none
    assert "classes" not in told(document)


def test_sizes_and_times_as_people_say_them() -> None:
    """To the digits that matter."""
    assert [size(n) for n in (0, 400_000, 1_500_000, 80_000_000, 1_250_000_000)] == [
        "0 MB",
        "0.4 MB",
        "1.5 MB",
        "80 MB",
        "1.2 GB",
    ]
    assert [clock(NOW + days * 86_400, NOW) for days in (0, 1, 20)] == [
        "at 20:26 UTC",
        "on Fri at 20:26 UTC",
        "on 17 Jun at 20:26 UTC",
    ]
