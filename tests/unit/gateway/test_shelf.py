"""Finished files on the shelf: who holds them, what bounds them, when they are gone."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from supervisor.audio.formats import FORMATS
from supervisor.config.sections.http import Http
from supervisor.gateway.errors import ApiError
from supervisor.gateway.speech.shelf import KEPT_FILES, FinishedFile, Shelf

MB = 1_000_000


def written(file: FinishedFile, size: int) -> None:
    """Have so many bytes in a file."""
    file.stream.write(bytes(size))
    file.stream.flush()
    file.measure()


async def read(file: FinishedFile) -> bytes:
    """All of it."""
    return b"".join([piece async for piece in file.pieces(0, file.size)])


def test_files_have_no_name_and_are_private(cache_directory: Path) -> None:
    """Nothing is to be seen in the directory, so nothing stays there after a kill."""
    before = os.listdir(cache_directory)
    shelf = Shelf(Http())
    with shelf.file(FORMATS["wav"]) as file:
        written(file, 1000)
        assert os.listdir(cache_directory) == before
        found = os.fstat(file.stream.fileno())
        assert (found.st_nlink, found.st_mode & 0o777) == (0, 0o600)
    assert file.stream.closed


def test_who_reads_keeps_what_the_shelf_drops() -> None:
    """A file that has to make room is there until its last reader has it; a busy one is spared."""

    async def tried() -> None:
        shelf = Shelf(Http(max_files_mb=3))
        with shelf.file(FORMATS["wav"]) as read_now:
            written(read_now, MB)
            assert shelf.keep(read_now)
            with shelf.file(FORMATS["wav"]) as unused:
                written(unused, MB)
                shelf.keep(unused)
            with shelf.file(FORMATS["wav"]) as new:
                written(new, 2 * MB)
                assert shelf.find(unused.name, None) is None
                assert unused.stream.closed
                with pytest.raises(ApiError, match="other files take all the room") as refused:
                    written(new, MB // 2)
                assert (refused.value.status, refused.value.code) == (503, "no_room")
            shelf.close()
            assert shelf.find(read_now.name, None) is None
            assert len(await read(read_now)) == MB
        assert read_now.stream.closed

    asyncio.run(tried())


def test_a_format_has_a_longest_file() -> None:
    """One whose header could not say its length is refused, with what to do."""
    shelf = Shelf(Http())
    with shelf.file(FORMATS["wav"]._replace(most_bytes=1000)) as file:
        written(file, 1000)
        with pytest.raises(
            ApiError, match="a wav file cannot be that long; choose flac"
        ) as refused:
            written(file, 1)
        assert (refused.value.status, refused.value.code) == (413, "file_too_large")


def test_the_oldest_goes_where_there_are_too_many() -> None:
    """Each kept file is an open one."""

    async def tried() -> None:
        shelf, names = Shelf(Http()), []
        for _ in range(KEPT_FILES + 3):
            with shelf.file(FORMATS["pcm"], "key:a") as file:
                shelf.keep(file)
                names.append(file.name)
        found = [shelf.find(name, "key:a") is not None for name in names]
        assert found.index(True) >= 3
        assert all(found[found.index(True) :])
        assert shelf.find(names[-1], "key:b") is None
        shelf.close()

    asyncio.run(tried())


def test_where_there_is_no_cache_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The one for temporary files takes its place."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("SUPERVISOR_CACHE_DIR", str(tmp_path / "file"))
    with Shelf(Http()).file(FORMATS["wav"]) as file:
        written(file, 10)
        assert asyncio.run(read(file)) == bytes(10)
