"""The reading process as it is started: its answers, its ends, and what is left of it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from supervisor.broker.requests import complete, read_request
from supervisor.client import SupervisorError
from supervisor.config import Settings
from supervisor.reading.process import ReadingEnded, ReadingProcess
from supervisor.reading.text import Outcome, ReadSegment, read
from supervisor.service.settings import make_setup
from supervisor.wire.client import Submit
from tests.fixtures import processes
from tests.fixtures.staged import register_stunts
from tests.supervised import eventually

NOOP = Submit(id="x", engine="noop")


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the engine `stunts` leaves and finds its files; it is installed for this test."""
    stage = tmp_path / "stage"
    stage.mkdir()
    monkeypatch.setenv("PYTHONPATH", register_stunts(stage))
    return stage


def settings_of(stage: Path | None = None) -> Settings:
    """Settings with the stage of the stunts, if it is set."""
    options = {} if stage is None else {"stunts": {"stage": str(stage)}}
    return Settings.model_validate({"engines": {"options": options}})


def within(work: Callable[[ReadingProcess], Awaitable[None]], settings: Settings) -> int:
    """Do this with a process, and see it end; returns its pid."""

    async def run() -> int:
        async with ReadingProcess(make_setup(settings)) as process:
            assert process.running
            await work(process)
        assert not process.running
        return process.pid

    pid = asyncio.run(run())
    assert not Path(f"/proc/{pid}").exists()
    return pid


def outcome_of(text: str, submit: Submit = NOOP, settings: Settings | None = None) -> Outcome:
    """How a text is read."""
    found: list[Outcome] = []
    given = settings or Settings()

    async def work(process: ReadingProcess) -> None:
        found.append(await read(process, submit, text.encode(), given))

    within(work, given)
    return found[0]


def test_the_segments_are_those_of_a_job() -> None:
    """In text and order, over many slices, whatever is in them; the sound of each is told."""
    text = "Title\n\nOne. Two, and three: [pause:1s] four!\n- item\n- other\n\n" * 400
    settings = Settings()
    found: list[Outcome] = []
    expected: list[str] = []

    async def work(process: ReadingProcess) -> None:
        found.append(await read(process, NOOP, text.encode(), settings))
        request, reader = read_request(NOOP, text, process.catalogue, settings, 0.0)
        while not reader.ended:
            reader.step()
        request = complete(request, reader)
        expected.extend(part.text for part in request.segments)
        rest = request.rest
        while rest is not None:
            parts, rest = rest.slice()
            expected.extend(part.text for part in parts)

    within(work, settings)
    assert [segment.text for segment in found[0].text.segments] == expected
    assert len(expected) > 1000


def test_ends_and_pauses_are_those_that_are_heard() -> None:
    """By what ends; halved at twice the speed, but for a silence that the text asks for."""
    text = "[pause:2s]Title\n\nA word, and one. Two [pause:300ms] three.\n\nLast"
    segments = outcome_of(text, Submit(id="x", engine="noop", speed=2.0)).text.segments
    assert [(s.text, s.ends, s.pause_s) for s in segments] == [
        ("", "pause", 2.0),
        ("Title", "heading", 0.4),
        ("A word, and one.", "sentence", 0.3),
        ("Two", "pause", 0.3),
        ("three.", "paragraph", 0.5),
        ("Last", "sentence", 0.3),
    ]
    silence = ReadSegment(text="", spoken="", phonemes="", ends="pause", pause_s=2.0)
    assert segments[0] == silence


@pytest.mark.parametrize(
    ("text", "submit", "code", "field"),
    [
        ("", NOOP, "empty_text", "text"),
        (" \n", NOOP, "empty_text", "text"),
        ("a\0b", NOOP, "bad_text", "text"),
        ("Hi.", Submit(id="x", engine="none"), "unknown_engine", "engine"),
        ("Hi.", Submit(id="x", engine="noop", voice="none"), "unknown_voice", "voice"),
        ("Hi.", Submit(id="x", engine="noop", speed=9.0), "out_of_range", "speed"),
        ("Hi.", Submit(id="x", engine="noop", markup="tex"), "out_of_range", "markup"),
        ("中文", Submit(id="x", engine="hibari", unreadable="refuse"), "bad_text", "text"),
        ("<speak>", Submit(id="x", engine="noop", markup="ssml"), "bad_text", "text"),
    ],
)
def test_what_a_job_is_refused_for_is_refused(
    text: str, submit: Submit, code: str, field: str
) -> None:
    """With the same code, and the field that is wrong."""
    with pytest.raises(SupervisorError) as refused:
        outcome_of(text, submit)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_markup_decides_how_a_segment_is_read() -> None:
    """A voice and a pace of its own, a silence, a word that is said otherwise; an unknown tag is
    told with the segment in which it stands.
    """
    text = (
        '<speak>One. <prosody rate="200%">Two.</prosody> <blink>Three</blink> '
        '<sub alias="World Wide Web">WWW</sub>.<break time="1500ms"/></speak>'
    )
    segments = outcome_of(text, Submit(id="x", engine="hibari", markup="ssml")).text.segments
    assert [(s.text, s.ends, s.pause_s, s.skipped) for s in segments] == [
        ("One.", "sentence", 0.6, ()),
        ("Two.", "sentence", 0.3, ("<blink>",)),
        ("Three World Wide Web.", "pause", 1.5, ()),
    ]


def test_letters_that_are_left_out_are_shown() -> None:
    """With their script; emoji, too. Where they are spelled, their names are what is said."""
    text = "Yes 中文. No 😀 more."
    submit = Submit(id="x", engine="hibari")
    yes, no = outcome_of(text, submit).text.segments
    assert (yes.phonemes, yes.skipped) == ("jˈɛs.", ("中文 (Chinese characters)",))
    assert (no.text, no.skipped) == ("No more.", ("😀",))
    spelled = outcome_of("Yes Ж.", Submit(id="x", engine="hibari", unreadable="spell"))
    assert [(s.text, s.skipped) for s in spelled.text.segments] == [("Yes zhe .", ())]


def test_a_segment_that_its_engine_refuses_is_left_out_or_an_error(stage: Path) -> None:
    """As in a job: left out with the reason, or, where that is not allowed, the job's error."""
    text = "Fine. Tell refusal of this."
    skip = outcome_of(text, Submit(id="x", engine="stunts"), settings_of(stage))
    assert skip.error is None
    fine, told = skip.text.segments
    assert (fine.spoken, fine.skipped) == ("fine.", ())
    assert told.spoken == ""
    assert told.skipped[0].startswith("Tell refusal of this. (the engine cannot speak this text: ")
    refuse = Submit(id="x", engine="stunts", unreadable="refuse")
    refused = outcome_of(text, refuse, settings_of(stage))
    assert refused.error is not None
    assert refused.error.code == "bad_text"
    assert str(refused.error).startswith("segment 1: the engine cannot speak this text: ")


def test_a_killed_process_is_told_to_all_who_wait(stage: Path) -> None:
    """Each of them at once, and those who come later."""

    async def work(process: ReadingProcess) -> None:
        asked = [asyncio.create_task(process.read("stunts", "tone", ["Sleep."])) for _ in range(3)]
        await asyncio.to_thread(eventually, (stage / "sleeping").exists, "it is busy")
        os.kill(process.pid, signal.SIGKILL)
        for outcome in await asyncio.gather(*asked, return_exceptions=True):
            assert isinstance(outcome, ReadingEnded)
            assert str(outcome) == "the reading process has ended (signal SIGKILL)"
        with pytest.raises(ReadingEnded, match="SIGKILL"):
            await process.read("stunts", "tone", ["Hi."])

    within(work, settings_of(stage))


def test_a_process_that_is_stuck_can_be_ended(stage: Path) -> None:
    """A regex that never gives up the interpreter's lock does not hold up the end."""

    async def work(process: ReadingProcess) -> None:
        stuck = asyncio.create_task(process.read("stunts", "tone", ["Stuck."]))
        await asyncio.to_thread(eventually, (stage / "stuck").exists, "it is stuck")
        stuck.cancel()

    within(work, settings_of(stage))


def test_one_who_leaves_takes_nobody_s_answer(stage: Path) -> None:
    """The next request gets its own, though the one before is answered first."""

    async def work(process: ReadingProcess) -> None:
        left = asyncio.create_task(process.read("stunts", "tone", ["Hold."]))
        await asyncio.to_thread(eventually, (stage / "holding").exists, "it is busy")
        left.cancel()
        following = asyncio.create_task(process.read("stunts", "tone", ["NEXT."]))
        await asyncio.sleep(0)
        (stage / "go").touch()
        (said,) = await following
        assert said.spoken == "next."

    within(work, settings_of(stage))


def test_nothing_of_a_text_is_printed(stage: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """An engine that prints what it reads is kept from it; stdout is not even its own."""

    async def work(process: ReadingProcess) -> None:
        await process.read("stunts", "tone", ["Tell print about the tangerine"])

    within(work, settings_of(stage))
    printed = capfd.readouterr()
    assert printed.out == ""
    assert "tangerine" not in printed.err
    assert "quotes the text" in printed.err


PARENT = """
import asyncio
from supervisor.config import Settings
from supervisor.reading.process import ReadingProcess
from supervisor.service.settings import make_setup

async def main():
    async with ReadingProcess(make_setup(Settings())) as process:
        print(process.pid, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


def test_it_ends_with_its_parent() -> None:
    """Also where that one is killed and can do nothing for it."""
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert processes.alive(child)
        parent.kill()
    eventually(lambda: not processes.alive(child), "the reading process ends")


def test_a_machine_without_room_for_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line with the system's reason."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(ReadingEnded, match="cannot start the reading process: No such file"):
        outcome_of("Hi.")
