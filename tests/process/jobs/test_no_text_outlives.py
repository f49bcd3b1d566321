"""Whatever becomes of a job, nothing of its text is left: in no log, record, or document."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.wire import client as wire
from tests.fixtures.staged import Staged
from tests.supervised import Wire, eventually

MARKED = "Xylophonquartett Zanzibarkaleidoskop Ксилофонквартет"
UNREADABLE = "ほととぎすのこえがとおくからきこえてくる"
WORDS = [
    *(word.casefold() for word in MARKED.split()),
    UNREADABLE,
    MARKED.split()[2].encode("unicode_escape").decode(),
    repr(MARKED.split()[2].encode())[2:-1],
]
"""How a text may be written; a third of any of them is too much."""

ENDS = {
    "error": "failed",
    "escaped": "failed",
    "refusal": None,
    "memory": "poison",
    "exit": "poison",
    "sleep": "poison",
    "abort": "poison",
    "die": "poison",
    "thread": None,
    "print": None,
}
"""The ways of the engine `stunts` to betray a text, and what becomes of the job."""

SETTINGS = {
    "logging.level": "debug",
    "engines.preload": ["stunts", "hibari"],
    "pool.hang_timeout_s": 1.0,
    "pool.restart_intensity": 100,
}


def betrayed(document: str) -> list[str]:
    """What of the marked words can be read there."""
    folded = document.casefold()
    thirds = {word[at : at + max(8, len(word) // 3)].casefold() for word in WORDS for at in (0, 4)}
    return sorted(third for third in thirds if third in folded)


def test_the_marked_words_would_be_found() -> None:
    """In any of the ways in which they may be written down."""
    for document in (MARKED, MARKED.upper(), ascii(MARKED), repr(MARKED.encode())):
        assert betrayed(f"… {document} …")
    assert not betrayed("RuntimeError in stunts.py:150 (its message quotes the text)")


@pytest.fixture(params=["forkserver", "spawn"])
def staged(request: pytest.FixtureRequest) -> Iterator[Staged]:
    """Two workers that misbehave on demand, and a log that leaves nothing out."""
    with Staged(request.param, SETTINGS) as supervised:
        supervised.workers(2)
        yield supervised


def outcome(peer: Wire, text: str, **fields: object) -> wire.End | wire.Error:
    """What becomes of this text."""
    peer.send(wire.Submit("a", credit=1 << 30, **fields), text.encode())  # type: ignore[arg-type]
    return peer.outcome()[0]


def story(staged: Staged, job: str) -> str:
    """`supervisor jobs story`, as a user reads it."""
    done = subprocess.run(
        [sys.executable, "-m", "supervisor", "jobs", "story", job],
        env=staged.environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return done.stdout


def test_no_way_to_fail_leaves_any_of_the_text(staged: Staged) -> None:
    """Jobs that end in every way, with engines that quote what they were given in every way: no
    answer to a client, no story, list, status, log of supervisor or worker, and no other file of
    the run and state directories has any of it.
    """
    jobs: dict[str, str] = {}
    with staged.wire() as peer:
        for way, code in ENDS.items():
            end = outcome(peer, f"Tell {way} {MARKED}")
            assert end.job is not None
            jobs[way] = end.job
            if code is None:
                assert isinstance(end, wire.End), f"{way}: {end}"
                assert not betrayed(repr(end)), f"{way}: {end}"
            else:
                assert isinstance(end, wire.Error), f"{way}: {end}"
                assert end.code == code, f"{way}: {end}"
                assert not betrayed(end.message), f"{way}: {end}"
        end = outcome(peer, UNREADABLE, engine="hibari")
        assert isinstance(end, wire.End)
        assert [place.what for place in end.left_out] == ["Hiragana"]
        assert not betrayed(repr(end))
        jobs["unreadable"] = str(end.job)
        end = outcome(peer, f"Tell hold {MARKED}", deadline_ms=300)
        assert isinstance(end, wire.Error)
        assert end.code == "expired"
        jobs["expired"] = str(end.job)
        peer.send(wire.Submit("a", credit=1 << 30), f"Tell hold {MARKED}".encode())
        accepted, _body = peer.receive()
        assert isinstance(accepted, wire.Accepted)
        staged.begun("holding")
        peer.send(wire.Cancel(accepted.job))
        assert isinstance(peer.outcome()[0], wire.Error)
        jobs["cancelled"] = accepted.job
        staged.workers(2)

        listed = []
        for way, job in jobs.items():
            peer.send(wire.Jobs(job, job=job))
            report, _body = peer.receive()
            assert isinstance(report, wire.Report)
            listed.append(document := json.dumps(report.status, ensure_ascii=False))
            assert not betrayed(document), f"{way}: {document}"
        assert not betrayed(json.dumps(staged.status(), ensure_ascii=False))
    assert "(its message quotes the text)" in "".join(listed), "what was left out is said"
    for way in ("error", "die", "sleep", "cancelled"):
        assert not betrayed(story(staged, jobs[way])), way
    assert staged.stop() == 0
    for path in files(staged):
        assert not betrayed(path.read_text(errors="replace")), path
    logs = "".join(path.read_text(errors="replace") for path in files(staged))
    assert "(a line that quotes the text)" in logs, "a line was printed, and is missed"
    assert "most recent call first" in logs, "there are tracebacks"


def files(staged: Staged) -> list[Path]:
    """Everything that is written down: logs, run directory, state directory."""
    root = staged.directory
    found = [path for path in root.rglob("*") if path.is_file() and "stage" not in path.parts]
    assert staged.log in found
    assert any(path.parent.name == "workers" for path in found)
    return found


def test_a_traceback_that_was_asked_for_says_nothing_either(staged: Staged) -> None:
    """Not even by SIGUSR1 while a text is spoken: it has files, lines and functions."""
    with staged.wire() as peer:
        peer.send(wire.Submit("a", credit=1 << 30), f"Tell hold {MARKED}".encode())
        worker = staged.begun("holding")
        subprocess.run(["kill", "-USR1", str(worker), str(staged.pid)], check=True)
        eventually(lambda: "most recent call first" in staged.output, "a traceback")
        staged.go()
        assert isinstance(peer.outcome()[0], wire.End)
    assert staged.stop() == 0
    for path in files(staged):
        assert not betrayed(path.read_text(errors="replace")), path
