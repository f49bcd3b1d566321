"""The bounds of the gateway's reading process: how long, how many, for how long it stays."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from supervisor.client import SupervisorError
from supervisor.config import Settings
from supervisor.config.loading import Place
from supervisor.gateway.errors import ApiError
from supervisor.gateway.speech import reader as bounds
from supervisor.gateway.speech.reader import Reader
from supervisor.wire.client import Submit
from tests.fixtures import processes
from tests.fixtures.staged import register_stunts
from tests.supervised import eventually

STUNTS = Submit(id="x", engine="stunts")

OTHERS: set[int] = set()
"""Children of other tests' fixtures."""

Work = Callable[[Reader], Awaitable[None]]


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the engine `stunts` leaves and finds its files; it is installed for this test."""
    OTHERS.update(children())
    stage = tmp_path / "stage"
    stage.mkdir()
    monkeypatch.setenv("PYTHONPATH", register_stunts(stage))
    return stage


def settings_of(stage: Path) -> Settings:
    """Settings with the stage of the stunts."""
    return Settings.model_validate({"engines": {"options": {"stunts": {"stage": str(stage)}}}})


def within(work: Work, settings: Settings, place: Place | None = None) -> None:
    """Do this with a reader, close it, and see that nothing is left."""

    async def run() -> None:
        reader = Reader(settings, place)
        try:
            await work(reader)
        finally:
            await reader.close()

    asyncio.run(run())
    assert children() == []


def children() -> list[int]:
    """The reading processes of this one, ended ones that nobody has reaped among them."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            parent = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[1]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == os.getpid() and int(name) not in OTHERS:
            found.append(int(name))
    return found


async def spoken(reader: Reader, text: str = "HELLO.", client: str = "one") -> str:
    """What is said for a text of a client."""
    submit = Submit(id="x", engine="stunts", on_behalf=client)
    found = await reader.read(submit, text.encode())
    return found.segments[0].spoken


async def begun(stage: Path, stunt: str) -> int:
    """Wait until the process does this; returns its pid."""
    mark = stage / stunt
    await until(lambda: mark.exists() and mark.read_text(), f"{stunt} on the stage")
    return int(mark.read_text())


async def until(probe: Callable[[], object], what: str) -> None:
    """Wait, while the loop goes on."""
    await asyncio.to_thread(eventually, probe, what)


def test_one_process_reads_all_and_is_gone_in_the_end(stage: Path) -> None:
    """It is started with the first text and not before, below the priority of speech."""

    async def work(reader: Reader) -> None:
        assert children() == []
        assert await spoken(reader) == "hello."
        first = children()
        assert await spoken(reader, "AGAIN.") == "again."
        assert children() == first
        assert os.getpriority(os.PRIO_PROCESS, first[0]) > os.getpriority(os.PRIO_PROCESS, 0)

    within(work, settings_of(stage))


def test_a_text_that_takes_too_long_costs_the_process_and_no_other_text(
    stage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is killed, even stuck in a regex; the answer says why, and the next text has another."""
    monkeypatch.setattr(bounds, "LIMIT_S", 0.5)

    async def work(reader: Reader) -> None:
        with pytest.raises(ApiError, match=r"takes longer than 0\.5 s") as refused:
            await spoken(reader, "Stuck.")
        assert (refused.value.status, refused.value.code) == (500, "failed")
        assert not processes.alive(await begun(stage, "stuck"))
        monkeypatch.setattr(bounds, "LIMIT_S", 20.0)
        assert await spoken(reader) == "hello."

    within(work, settings_of(stage))


@pytest.mark.parametrize("death", ["Die.", "Sleep."])
def test_a_process_that_dies_is_replaced(stage: Path, death: str) -> None:
    """Killed from outside, or by what it reads: one line, to try again; the next text is read."""

    async def work(reader: Reader) -> None:
        reading = asyncio.create_task(spoken(reader, death))
        if death == "Sleep.":
            os.kill(await begun(stage, "sleeping"), signal.SIGKILL)
        with pytest.raises(ApiError, match=r"has ended \(signal SIGKILL\); try again") as refused:
            await reading
        assert refused.value.status == 503
        assert refused.value.headers["Retry-After"] == "1"
        assert await spoken(reader) == "hello."

    within(work, settings_of(stage))


def test_one_that_was_killed_between_two_texts_is_not_missed(stage: Path) -> None:
    """The next text has a new one."""

    async def work(reader: Reader) -> None:
        await spoken(reader)
        (pid,) = children()
        os.kill(pid, signal.SIGKILL)
        await until(lambda: pid not in children(), "it is reaped")
        assert await spoken(reader) == "hello."

    within(work, settings_of(stage))


def test_few_wait_and_the_others_are_told_to_come_back(stage: Path) -> None:
    """One is read, `WAITING` wait and are read then, one after the other."""

    async def work(reader: Reader) -> None:
        held = asyncio.create_task(spoken(reader, "Hold."))
        await begun(stage, "holding")
        numbers = range(bounds.WAITING)
        waiting = [asyncio.create_task(spoken(reader, f"N{n}.", f"{n}")) for n in numbers]
        await asyncio.sleep(0)
        with pytest.raises(ApiError, match="too many texts") as refused:
            await spoken(reader)
        assert (refused.value.status, refused.value.code) == (503, "busy")
        assert refused.value.headers["Retry-After"] == "1"
        (stage / "go").touch()
        assert await held == "hold."
        assert await asyncio.gather(*waiting) == [f"n{n}." for n in range(bounds.WAITING)]
        assert await spoken(reader) == "hello."

    within(work, settings_of(stage))


def test_a_client_leaves_room_for_others(stage: Path) -> None:
    """It has two texts read or waiting, and is told so; the next client has its text read."""

    async def work(reader: Reader) -> None:
        held = asyncio.create_task(spoken(reader, "Hold."))
        await begun(stage, "holding")
        waiting = asyncio.create_task(spoken(reader, "ITS SECOND."))
        await asyncio.sleep(0)
        with pytest.raises(ApiError, match="texts of yours") as refused:
            await spoken(reader, "ITS THIRD.")
        assert (refused.value.status, refused.value.code) == (503, "busy")
        other = asyncio.create_task(spoken(reader, "ANOTHER.", "two"))
        (stage / "go").touch()
        said = [await held, await waiting, await other]
        assert said == ["hold.", "its second.", "another."]
        assert await spoken(reader, "ITS THIRD.") == "its third."

    within(work, settings_of(stage))


def test_who_leaves_makes_room(stage: Path) -> None:
    """Those that left while they waited, or were read, are no longer counted."""

    async def work(reader: Reader) -> None:
        left = [asyncio.create_task(spoken(reader, "Hold."))]
        await begun(stage, "holding")
        numbers = range(bounds.WAITING)
        left += [asyncio.create_task(spoken(reader, client=f"{number}")) for number in numbers]
        await asyncio.sleep(0)
        for task in left:
            task.cancel()
        await asyncio.wait(left)
        (stage / "go").touch()
        assert await asyncio.gather(*(spoken(reader) for _ in range(2))) == ["hello."] * 2

    within(work, settings_of(stage))


def test_a_process_without_work_ends(stage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while without a text; the next one starts another."""
    monkeypatch.setattr(bounds, "IDLE_S", 0.2)

    async def work(reader: Reader) -> None:
        assert await spoken(reader) == "hello."
        await until(lambda: children() == [], "it has ended")
        assert await spoken(reader) == "hello."

    within(work, settings_of(stage))


def test_one_that_is_stopped_while_it_starts_leaves_nothing(stage: Path) -> None:
    """A client may leave before the engines are imported."""

    async def work(reader: Reader) -> None:
        starting = asyncio.create_task(spoken(reader))
        await until(children, "it is started")
        starting.cancel()
        await asyncio.wait([starting])
        assert children() == []
        assert await spoken(reader) == "hello."

    within(work, settings_of(stage))


def test_one_that_does_not_start_is_given_up(stage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """503, and nothing is left of it."""
    monkeypatch.setattr(bounds, "START_S", 0.01)

    async def work(reader: Reader) -> None:
        with pytest.raises(ApiError, match="does not start") as refused:
            await spoken(reader)
        assert refused.value.status == 503
        assert children() == []

    within(work, settings_of(stage))


def test_what_an_engine_fails_at_is_its_fault(stage: Path) -> None:
    """The error of a job of that text, without a word of it; the process goes on."""

    async def work(reader: Reader) -> None:
        with pytest.raises(SupervisorError) as failed:
            await spoken(reader, "Fail.")
        assert failed.value.code == "failed"
        assert str(failed.value).startswith("segment 0: RuntimeError in stunts.py")
        assert await spoken(reader) == "hello."

    within(work, settings_of(stage))


def test_settings_that_change_are_followed(
    stage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the cut at once, those of an engine by another process; invalid ones not at all."""
    monkeypatch.chdir(tmp_path)
    options = {"stunts": {"stage": str(stage)}}
    override = tmp_path / "override.json"

    def write(**sections: object) -> None:
        override.write_text(json.dumps({"engines": {"options": options}, **sections}))

    async def work(reader: Reader) -> None:
        text = b"ONE, TWO, THREE, FOUR, FIVE, SIX, SEVEN, EIGHT, NINE, TEN, ELEVEN, TWELVE."
        (whole,) = (await reader.read(STUNTS, text)).segments
        (first,) = children()
        write(segments={"sentence_pause_s": 0.3})
        (same,) = (await reader.read(STUNTS, text)).segments
        assert (whole.pause_s, same.pause_s) == (0.6, 0.3)
        override.write_text("{")
        (same,) = (await reader.read(STUNTS, text)).segments
        assert same.pause_s == 0.3
        assert children() == [first]
        options["stunts"]["another"] = "setting"
        write()
        assert await spoken(reader) == "hello."
        assert children() != [first]

    write()
    within(work, settings_of(stage), Place(override=str(override)))
