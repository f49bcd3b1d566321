"""Cached segments on disk: whole or not there, bounded, and of no name that tells anything."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from supervisor.core.jobs import events as e
from supervisor.core.jobs.audio import Worded
from supervisor.core.jobs.segment_cache import Spoken
from supervisor.journal.segment_store import (
    DIRECTORY,
    DamagedError,
    SegmentStore,
    pack,
    remove_all,
    unpack,
)
from supervisor.speech import Word

WORDS = (Word("Good", 0.0, 0.2), Word("morning.", 0.2, 0.7))


def key(number: int) -> bytes:
    """A key, as digests are."""
    return hashlib.blake2b(bytes([number]), digest_size=16).digest()


def spoken(size: int = 1000, at: float = 0.0) -> Spoken:
    """A segment with words, in two pieces."""
    first = Worded(b"a" * size, WORDS)
    return Spoken((first, memoryview(b"b" * size)), "model 1", exact=True, seconds=0.25, at=at)


def test_what_is_packed_is_unpacked() -> None:
    """Audio, words, maker, and its age in this process's time."""
    data = b"".join(pack(key(1), spoken(), 1_000.0))
    found = unpack(key(1), data, now=50.0, wall=1_010.0)
    first, second = found.pieces
    assert first == Worded(b"a" * 1000, WORDS)
    assert second == b"b" * 1000
    assert (found.made_by, found.exact, found.seconds, found.at) == ("model 1", True, 0.25, 40.0)


@pytest.mark.parametrize("cut", [0, 1, 3, 40, 1_500])
def test_a_torn_file_is_no_segment(cut: int) -> None:
    """Wherever it is torn."""
    data = b"".join(pack(key(1), spoken(), 0.0))
    with pytest.raises(DamagedError):
        unpack(key(1), data[:cut], 0.0, 0.0)


def test_a_damaged_or_exchanged_file_is_no_segment() -> None:
    """One bit is enough; and the file of another key is not taken for this one's."""
    data = bytearray(b"".join(pack(key(1), spoken(), 0.0)))
    with pytest.raises(DamagedError):
        unpack(key(2), bytes(data), 0.0, 0.0)
    for place in range(0, len(data), 97):
        data[place] ^= 1
        with pytest.raises(DamagedError):
            unpack(key(1), bytes(data), 0.0, 0.0)
        data[place] ^= 1


class Told:
    """A store, and the events that it tells."""

    def __init__(self, directory: Path, most: int) -> None:
        self.events: list[e.Event] = []
        self.happened = asyncio.Event()
        self.store = SegmentStore(asyncio.get_running_loop(), directory, self.tell)
        self.store.configure(most)

    def tell(self, event: e.Event) -> None:
        self.events.append(event)
        self.happened.set()

    async def told(self, count: int) -> e.Event:
        """The event of this number, from 1 on."""
        async with asyncio.timeout(20):
            while len(self.events) < count:
                self.happened.clear()
                await self.happened.wait()
        return self.events[count - 1]

    def do(self, command: e.Command) -> None:
        self.store.effects[type(command)](command)

    async def read(self, number: int) -> Spoken | None:
        """The segment of this number, as it comes from the disk."""
        before = len(self.events)
        self.do(e.ReadCached(-1, key(number)))
        event = await self.told(before + 1)
        assert isinstance(event, e.CachedRead)
        return event.spoken


def on_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test that is a coroutine."""

    @functools.wraps(test)
    def run(*fixtures: Any, **named: Any) -> None:
        asyncio.run(test(*fixtures, **named))

    return run


@asynccontextmanager
async def store_in(directory: Path, most: int) -> AsyncIterator[Told]:
    """A store that is closed at the end."""
    told = Told(directory, most)
    try:
        yield told
    finally:
        told.store.close()


def files(directory: Path) -> list[Path]:
    """What is there, if there is a directory."""
    path = directory / DIRECTORY
    return sorted(path.iterdir()) if path.exists() else []


@on_a_loop
async def test_it_is_there_after_a_start(tmp_path: Path) -> None:
    """For its owner's eyes alone, by a name that is a digest; and gone when it is cleared."""
    async with store_in(tmp_path, 100_000) as told:
        told.do(e.WriteCached(key(1), spoken()))
        assert await told.told(1) == e.CachedFound(told.events[0].now, (key(1),))
        (file,) = files(tmp_path)
        assert file.name == key(1).hex()
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.parent.stat().st_mode & 0o777 == 0o700
        assert told.store.bytes == file.stat().st_size
    async with store_in(tmp_path, 100_000) as told:
        found = await told.told(1)
        assert isinstance(found, e.CachedFound)
        assert found.keys == (key(1),)
        assert (await told.read(1)) is not None
        told.do(e.ClearCached())
        assert (await told.read(1)) is None
        assert (files(tmp_path), told.store.bytes) == ([], 0)
        told.do(e.WriteCached(key(2), spoken()))
        await told.told(4)
        assert [file.name for file in files(tmp_path)] == [key(2).hex()]


@on_a_loop
async def test_a_link_to_another_disk_is_emptied_as_well(tmp_path: Path) -> None:
    """What was cleared does not come back with the next supervisor."""
    disk = tmp_path / "disk"
    disk.mkdir()
    (tmp_path / DIRECTORY).symlink_to(disk)
    async with store_in(tmp_path, 100_000) as told:
        for number in (1, 2):
            told.do(e.WriteCached(key(number), spoken()))
        await told.told(2)
        told.do(e.ClearCached())
        assert (await told.read(1)) is None
        assert not list(disk.iterdir())
        told.do(e.WriteCached(key(3), spoken()))
        await told.told(4)
    assert remove_all(tmp_path) == 1
    assert not list(disk.iterdir())


@on_a_loop
async def test_another_supervisor_without_a_disk_has_removed_it(tmp_path: Path) -> None:
    """What is spoken from now on is kept, and the bound holds for that."""
    size = sum(map(len, pack(key(1), spoken(), 0.0)))
    async with store_in(tmp_path, 2 * size) as told:
        told.do(e.WriteCached(key(1), spoken()))
        await told.told(1)
        async with store_in(tmp_path, 0):
            pass
        assert not (tmp_path / DIRECTORY).exists()
        for number in (2, 3, 4):
            told.do(e.WriteCached(key(number), spoken()))
        await told.told(4)
        assert {file.name for file in files(tmp_path)} == {key(n).hex() for n in (3, 4)}
        assert told.store.bytes == 2 * size


@on_a_loop
async def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    """The bound holds for the files as they are."""
    size = sum(map(len, pack(key(1), spoken(), 0.0)))
    async with store_in(tmp_path, 3 * size) as told:
        for number in range(3):
            told.do(e.WriteCached(key(number), spoken()))
        await told.told(3)
        assert await told.read(0) is not None
        told.do(e.WriteCached(key(3), spoken()))
        await told.told(5)
        assert {file.name for file in files(tmp_path)} == {key(n).hex() for n in (0, 2, 3)}
        assert told.store.bytes == 3 * size
        told.store.configure(size)
        assert await told.read(3) is not None
        assert [file.name for file in files(tmp_path)] == [key(3).hex()]


@on_a_loop
async def test_without_a_disk_nothing_is_left(tmp_path: Path) -> None:
    """Also of an earlier supervisor."""
    async with store_in(tmp_path, 100_000) as told:
        told.do(e.WriteCached(key(1), spoken()))
        await told.told(1)
    async with store_in(tmp_path, 0):
        pass
    assert not (tmp_path / DIRECTORY).exists()


@on_a_loop
async def test_a_damaged_file_is_removed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With one line, and what killed writers left goes at the start."""
    async with store_in(tmp_path, 100_000) as told:
        for number in (1, 2):
            told.do(e.WriteCached(key(number), spoken()))
        await told.told(2)
        for file in files(tmp_path):
            file.write_bytes(file.read_bytes()[:-5])
        assert await told.read(1) is None
        assert await told.read(2) is None
        assert files(tmp_path) == []
    assert caplog.text.count("a segment is spoken again") == 1
    (tmp_path / DIRECTORY / f".{key(1).hex()}.part").write_bytes(b"torn")
    async with store_in(tmp_path, 100_000) as told:
        assert await told.read(1) is None
    assert files(tmp_path) == []


@on_a_loop
async def test_a_disk_that_takes_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is said once, and nothing else happens."""
    (tmp_path / DIRECTORY).write_text("no directory")
    async with store_in(tmp_path, 100_000) as told:
        for number in range(5):
            told.do(e.WriteCached(key(number), spoken()))
        assert await told.read(1) is None
        assert told.store.bytes == 0
    assert caplog.text.count("cannot be used") <= 2


def test_kill_9_in_the_midst_of_writing(tmp_path: Path) -> None:
    """Each file that is there is a whole segment, whenever that happens."""
    program = (
        "import asyncio, hashlib, itertools, sys\n"
        "from pathlib import Path\n"
        "from supervisor.core.jobs import events as e\n"
        "from supervisor.core.jobs.segment_cache import Spoken\n"
        "from supervisor.journal.segment_store import SegmentStore\n"
        "async def main():\n"
        "    loop = asyncio.get_running_loop()\n"
        "    store = SegmentStore(loop, Path(sys.argv[1]), lambda event: None)\n"
        "    store.configure(50_000_000)\n"
        "    for n in itertools.count():\n"
        "        key = hashlib.blake2b(n.to_bytes(4), digest_size=16).digest()\n"
        "        spoken = Spoken((bytes(200_000),), 'model', True, 0.1, 0.0)\n"
        "        store.effects[e.WriteCached](e.WriteCached(key, spoken))\n"
        "        await asyncio.sleep(0)\n"
        "asyncio.run(main())\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)])
    folder = tmp_path / DIRECTORY
    deadline = time.monotonic() + 20
    while not folder.exists() or len(os.listdir(folder)) < 20:
        assert time.monotonic() < deadline, "it writes nothing"
        time.sleep(0.001)
    child.send_signal(signal.SIGKILL)
    child.wait()
    whole = [path for path in files(tmp_path) if not path.name.startswith(".")]
    assert len(whole) >= 19
    for path in whole:
        unpack(bytes.fromhex(path.name), path.read_bytes(), 0.0, 0.0)
    assert remove_all(tmp_path) == len(whole)
