"""What the log says of trouble that repeats itself, and of faults that nobody foresaw."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from supervisor import logs
from supervisor.logs import REPEATED_S, RepeatedWarning

SPOKEN = "Xylophonquartett im Hinterhof"


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """Other tests find the logger without handlers."""
    yield
    logger = logs.get_logger()
    logger.handlers.clear()
    logger.propagate = True
    logger.setLevel(logging.NOTSET)


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What was logged since the last look, without the time."""
    return [line.partition(" ")[2] for line in capsys.readouterr().err.splitlines()]


def test_what_repeats_itself_is_said_once_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """A thousand times a second is two lines a minute; another reason is a line of its own."""
    logs.configure("info", "text")
    now = 0.0
    trouble = RepeatedWarning(logs.get_logger(), lambda: now)
    for _ in range(1000):
        trouble.warn("EAGAIN", "no worker: EAGAIN")
    assert lines(capsys) == ["WARNING | no worker: EAGAIN"]
    trouble.warn("ENOMEM", "no worker: ENOMEM")
    assert lines(capsys) == ["WARNING | no worker: ENOMEM"]
    now += REPEATED_S
    trouble.warn("EAGAIN", "no worker: EAGAIN")
    (line,) = lines(capsys)
    assert line == "WARNING | no worker: EAGAIN (999 more since the last such line)"


def test_that_it_is_over_is_said_once_and_trouble_that_flaps_is_no_flood(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each pair of failure and success is a line at most once in a while."""
    logs.configure("info", "text")
    trouble = RepeatedWarning(logs.get_logger(), lambda: 1.0)
    trouble.resolved("workers again")
    assert lines(capsys) == []
    for _ in range(100):
        trouble.warn("EAGAIN", "no worker")
        trouble.resolved("workers again")
    assert lines(capsys) == ["WARNING | no worker", "INFO | workers again"]


def test_a_line_for_people_has_its_time_but_in_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """systemd notes the time itself, for the stream that it reads and for no other."""
    with (tmp_path / "log").open("w+") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        found = os.fstat(stream.fileno())
        for journal in (f"{found.st_dev}:{found.st_ino}", f"{found.st_dev}:1", None):
            if journal is None:
                monkeypatch.delenv("JOURNAL_STREAM")
            else:
                monkeypatch.setenv("JOURNAL_STREAM", journal)
            logs.configure("info", "text")
            logs.get_logger("supervisor.pool.workers").info("it is ready")
        stream.seek(0)
        bare, *others = stream.read().splitlines()
    assert bare == "INFO | it is ready"
    for line in others:
        time, _, rest = line.partition(" ")
        assert abs(datetime.now(UTC) - datetime.fromisoformat(time)) < timedelta(minutes=1)
        assert rest == bare


def test_a_line_of_json_says_who_speaks_and_what_about(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The module, and the fields of what the line is about beside the message."""
    logs.configure("info", "json")
    about = {"data": {"worker": 7, "slot": 1}}
    logs.get_logger("supervisor.pool.workers").warning("worker %d hangs", 1, extra=about)
    line = json.loads(capsys.readouterr().err)
    assert line.pop("time") > 0
    assert line == {
        "level": "warning",
        "logger": "supervisor.pool.workers",
        "message": "worker 1 hangs",
        "worker": 7,
        "slot": 1,
    }


def test_a_component_may_have_a_level_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """For what is below it, too, and only as long as it is asked for."""
    pool, wyoming = (logs.get_logger(f"supervisor.{name}") for name in ("pool", "gateway.wyoming"))
    for levels in ({"gateway": "error", "pool": "debug"}, {}):
        logs.configure("info", "text", levels)
        pool.debug("pool")
        wyoming.warning("wyoming")
    assert lines(capsys) == ["DEBUG | pool", "WARNING | wyoming"]


def fault() -> None:
    """An exception of a kind that quotes what it was about, caused by another one."""
    try:
        dict[str, str]()[SPOKEN]
    except KeyError as error:
        raise ValueError(f"cannot take {SPOKEN}") from error


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_fault_is_told_by_type_and_place_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    """Its message may quote a text: neither a line of ours has it, nor what the event loop, a
    thread or the interpreter would say of what nobody caught.
    """
    logs.configure("info", format)
    try:
        fault()
    except ValueError:
        logs.get_logger().exception("it failed")

    async def story() -> None:
        loop = asyncio.get_running_loop()
        logs.log_uncaught(loop)
        loop.call_soon(lambda _text: fault(), SPOKEN)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    asyncio.run(story())
    thread = threading.Thread(target=fault)
    thread.start()
    thread.join()
    with pytest.raises(ValueError, match="cannot take") as caught:
        fault()
    sys.excepthook(caught.type, caught.value, caught.tb)
    written = capsys.readouterr().err
    assert SPOKEN not in written
    assert "ValueError" in written
    assert "KeyError" in written
    assert "in fault" in written
    for where in ("it failed", "Exception in callback", "a thread ended", "ends the process"):
        assert where in written
    if format == "json":
        assert all(json.loads(line)["level"] == "error" for line in written.splitlines())


def test_an_error_of_the_system_keeps_its_reason() -> None:
    """Those words are the system's, and say what to do."""
    with pytest.raises(OSError, match="nowhere") as caught:
        Path("/nowhere/at/all").read_bytes()
    assert logs.redacted_traceback(caught.value).endswith(
        "FileNotFoundError: No such file or directory"
    )
