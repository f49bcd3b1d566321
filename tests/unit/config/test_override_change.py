"""override.json changed by a program: what stays, what is refused, and what may be in the way."""

from __future__ import annotations

import json
import os
import resource
import signal
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from supervisor.config import ConfigError, loading, override
from supervisor.config.loading import Place as Source
from supervisor.config.override import Changed, FileInTheWay, NotWritten
from tests.unit.config.places import Place, cpu

TARGET = "performance.dynamic_cpu_allocation.cpu_target"


def change(place: Place, by: dict[str, Any], **source: Any) -> Changed:
    """Change the override.json of this place, with nothing in the environment."""
    return override.change(Source(override=str(place.override), **source), by, {})


def written(place: Place) -> object:
    """What override.json holds now."""
    return json.loads(place.override.read_text())


def test_what_the_change_does_not_name_stays(place: Place) -> None:
    """Other settings of the same section, other sections, and the file's mode."""
    place.override.write_text(json.dumps({**cpu(min_cores=2, cpu_target=80), "pool": {}}))
    place.override.chmod(0o640)
    done = change(place, cpu(cpu_target=60.0, max_cores=None))
    assert written(place) == {**cpu(min_cores=2, cpu_target=60.0, max_cores=None), "pool": {}}
    assert stat.S_IMODE(place.override.stat().st_mode) == 0o640
    allocation = done.loaded.settings.performance.dynamic_cpu_allocation
    assert (allocation.cpu_target, allocation.min_cores) == (60.0, 2)
    assert done.held_back == {}
    assert os.listdir(place.override.parent) == ["override.json"]


def test_a_file_that_is_not_there_is_made(place: Place) -> None:
    """Readable for everybody, as it holds nothing else."""
    place.override.unlink()
    change(place, cpu(cpu_target=60))
    assert written(place) == cpu(cpu_target=60)
    assert stat.S_IMODE(place.override.stat().st_mode) == 0o644


@pytest.mark.parametrize(
    ("present", "config", "by", "says"),
    [
        ({}, {}, cpu(cpu_target=0), f"{TARGET} must be a number over 0 to 100, but is 0"),
        ({}, {}, cpu(cpu_target="60"), TARGET),
        ({}, {}, cpu(cpu_targett=60), f"nearest valid key: {TARGET}"),
        ({}, {}, {"performance": 5}, "performance"),
        (cpu(min_cores=4), {}, cpu(max_cores=2), "min_cores"),
        ({}, cpu(min_cores=4), cpu(max_cores=2), "min_cores"),
    ],
)
def test_what_would_not_be_valid_is_not_written(
    place: Place, present: object, config: object, by: dict[str, Any], says: str
) -> None:
    """Alone, with what override.json holds, or with what config.json holds."""
    place.override.write_text(json.dumps(present))
    place.config.write_text(json.dumps(config))
    before = place.override.stat()
    with pytest.raises(ConfigError) as caught:
        change(place, by, config=str(place.config))
    assert says in str(caught.value)
    assert not isinstance(caught.value, FileInTheWay | NotWritten)
    assert place.override.stat().st_mtime_ns == before.st_mtime_ns


def test_what_another_source_holds_back_is_told(place: Place) -> None:
    """It is written, and will count once the command line does not say otherwise."""
    done = change(place, cpu(cpu_target=60, min_cores=2), command_line={TARGET: "50"})
    assert done.held_back == {TARGET: f"command line {TARGET}"}
    assert done.loaded.settings.performance.dynamic_cpu_allocation.cpu_target == 50


def test_a_symbolic_link_stays_one(place: Place, tmp_path: Path) -> None:
    """Its target is replaced."""
    target = tmp_path / "elsewhere" / "real.json"
    target.parent.mkdir()
    target.write_text(json.dumps(cpu(min_cores=2)))
    place.override.unlink()
    place.override.symlink_to(target)
    done = change(place, cpu(cpu_target=60))
    assert place.override.is_symlink()
    assert json.loads(target.read_text()) == cpu(min_cores=2, cpu_target=60)
    assert done.held_back == {}


@pytest.mark.parametrize("present", ["{", '{"nonsense": 1}', "[]", '{"pool": {}, "pool": {}}'])
def test_a_file_that_the_supervisor_would_not_take_is_left_alone(
    place: Place, present: str
) -> None:
    """An operator is in the middle of something: nothing is made of it."""
    place.override.write_text(present)
    with pytest.raises(FileInTheWay, match=r"override\.json"):
        change(place, cpu(cpu_target=60))
    assert place.override.read_text() == present


@pytest.mark.parametrize("kind", ["directory", "pipe", "loop"])
def test_what_is_no_file_is_said(place: Place, kind: str) -> None:
    """In one line, without waiting for anybody to write into a pipe."""
    place.override.unlink()
    match kind:
        case "directory":
            place.override.mkdir()
        case "pipe":
            os.mkfifo(place.override)
        case _:
            place.override.symlink_to(place.override)
    with pytest.raises(FileInTheWay, match="cannot be read"):
        change(place, cpu(cpu_target=60))


def test_a_directory_that_is_gone_is_said(place: Place, tmp_path: Path) -> None:
    """A dangling link into nowhere cannot be followed by writing."""
    place.override.unlink()
    place.override.symlink_to(tmp_path / "gone" / "override.json")
    with pytest.raises(NotWritten, match="cannot be written: No such file or directory"):
        change(place, cpu(cpu_target=60))


@contextmanager
def no_room() -> Iterator[None]:
    """Let no file of this process grow beyond 8 bytes."""
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_without_room_everything_stays_as_it_was(place: Place) -> None:
    """The old file whole, and nothing beside it."""
    place.override.write_text(json.dumps(cpu(min_cores=2)))
    with no_room(), pytest.raises(NotWritten, match="cannot be written: File too large"):
        change(place, cpu(cpu_target=60))
    assert written(place) == cpu(min_cores=2)
    assert os.listdir(place.override.parent) == ["override.json"]


def test_an_edit_meanwhile_is_not_lost(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody saves the file between our reading and our writing: theirs stays."""
    theirs = json.dumps(cpu(min_cores=3, aggressive_mode=True))
    check = loading.load

    def load_slowly(*arguments: Any, **named: Any) -> object:
        place.override.write_text(theirs)
        return check(*arguments, **named)

    monkeypatch.setattr(loading, "load", load_slowly)
    with pytest.raises(FileInTheWay, match="changed by somebody else meanwhile; try again"):
        change(place, cpu(cpu_target=60))
    assert place.override.read_text() == theirs
    assert os.listdir(place.override.parent) == ["override.json"]


def test_changes_at_the_same_time_all_count(place: Place) -> None:
    """Six threads, six settings: none overwrites another's."""
    changes = [
        cpu(cpu_target=60),
        cpu(hysteresis_factor=0.5),
        cpu(allocation_cooldown=3),
        cpu(min_cores=2),
        cpu(max_cores=9),
        cpu(aggressive_mode=True),
    ]
    threads = [threading.Thread(target=change, args=(place, by)) for by in changes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert written(place) == cpu(
        cpu_target=60,
        hysteresis_factor=0.5,
        allocation_cooldown=3,
        min_cores=2,
        max_cores=9,
        aggressive_mode=True,
    )
