"""Kokoro's voices: read from every form they come in, checked, and pulled all or nothing."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from workers.engines.base import PullError
from workers.engines.kokoro import Kokoro, npm, stock, voices
from workers.languages import readers

TABLE = np.arange(voices.ROWS * voices.WIDTH, dtype="<f4").reshape(voices.ROWS, voices.WIDTH)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the test's own."""
    monkeypatch.setenv("SUPERVISOR_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def directory_of_voices(path: Path, **tables: np.ndarray) -> Path:
    """A directory as in the npm package."""
    path.mkdir()
    for name, table in tables.items():
        (path / f"{name}.bin").write_bytes(table.astype("<f4").tobytes())
    return path


def npm_package(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with one voice and other files, taken for the published one."""
    with tarfile.open(path, "w:gz") as archive:
        for name, data in {"voices/af_x.bin": TABLE.tobytes(), "README.md": b"#"}.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    digest = base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
    monkeypatch.setattr(npm, "SHA512", digest)
    return path


def test_wheel_holds_five_japanese_voices() -> None:
    """Without anything pulled, the wheels' voices are there and the default is one of them."""
    info = Kokoro({}).describe()
    spoken = "ja" if readers.can_read("ja") else "en-US"
    assert [voice.language for voice in info.voices] == [spoken] * 5
    assert info.default_voice == "jf_alpha"
    assert info.unavailable is None


def test_pull_from_directory(tmp_path: Path) -> None:
    """Voices of a directory of .bin files are there afterwards, unchanged, af_heart first."""
    source = directory_of_voices(tmp_path / "voices", af_heart=TABLE, bm_george=TABLE + 1)
    model = stock.pull("kokoro-voices", source)
    assert model.path == str(voices.pulled())
    assert np.array_equal(voices.style(voices.pulled(), "bm_george"), TABLE + 1)
    info = Kokoro({}).describe()
    assert info.default_voice == "af_heart"
    assert {voice.name: voice.language for voice in info.voices}["bm_george"] == "en-GB"


def test_pull_from_voices_file(tmp_path: Path) -> None:
    """A voices file in .npz format, whatever it is called, serves too."""
    source = tmp_path / "voices-v1.0.bin"
    source.write_bytes(voices.packed({"zf_xiaoyi": TABLE}))
    stock.pull("kokoro-voices", source)
    assert voices.names(voices.pulled()) == ["zf_xiaoyi"]


def test_pull_from_npm_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The published package's voices are taken, and nothing else in it."""
    stock.pull("kokoro-voices", npm_package(tmp_path / "kokoro-js-1.2.1.tgz", monkeypatch))
    assert voices.names(voices.pulled()) == ["af_x"]
    assert np.array_equal(voices.style(voices.pulled(), "af_x"), TABLE)


def test_altered_npm_package_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One changed byte, and nothing is stored."""
    package = npm_package(tmp_path / "kokoro-js-1.2.1.tgz", monkeypatch)
    package.write_bytes(package.read_bytes() + b"\0")
    with pytest.raises(PullError, match=r"is not kokoro-js@1\.2\.1 as published"):
        stock.pull("kokoro-voices", package)
    assert not voices.pulled().exists()


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        (TABLE[:-1], "has 130304 values, not 510 × 256"),
        (np.full_like(TABLE, np.nan), "holds values that are not finite"),
    ],
)
def test_bad_voice_leaves_the_old_ones(tmp_path: Path, table: np.ndarray, complaint: str) -> None:
    """A collection with one bad table changes nothing."""
    good = directory_of_voices(tmp_path / "good", af_heart=TABLE)
    bad = directory_of_voices(tmp_path / "bad", af_bella=TABLE, af_heart=table)
    stock.pull("kokoro-voices", good)
    with pytest.raises(PullError, match=complaint):
        stock.pull("kokoro-voices", bad)
    assert voices.names(voices.pulled()) == ["af_heart"]


@pytest.mark.parametrize("content", [b"no archive", b""])
def test_pull_from_something_else(tmp_path: Path, content: bytes) -> None:
    """A file that is no collection is refused in one line."""
    source = tmp_path / "voices.npz"
    source.write_bytes(content)
    with pytest.raises(PullError, match="holds no Kokoro voices"):
        stock.pull("kokoro-voices", source)
    with pytest.raises(PullError, match="does not exist"):
        stock.pull("kokoro-voices", tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        (np.zeros((510, 1, 2560), np.float32), "voice af_x is 5 MB of data, not 0.5 MB"),
        (np.array([{}], dtype=object), "cannot read voice af_x from .*voices.npz"),
    ],
)
def test_what_is_no_table_is_not_read(tmp_path: Path, table: np.ndarray, complaint: str) -> None:
    """However small the file that holds it; and nothing in it is run."""
    source = tmp_path / "voices.npz"
    np.savez_compressed(source, af_x=table)
    with pytest.raises(PullError, match=complaint):
        stock.pull("kokoro-voices", source)


def test_pull_into_a_place_that_cannot_be_written(tmp_path: Path, cache: Path) -> None:
    """A cache that is no directory is said in one line."""
    cache.write_bytes(b"in the way")
    source = directory_of_voices(tmp_path / "voices", af_heart=TABLE)
    with pytest.raises(PullError, match="cannot store the voices in"):
        stock.pull("kokoro-voices", source)


def test_no_npm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the npm client the user is told both ways out."""
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(PullError, match=r"npm is not installed: install Node\.js, or .* --from"):
        stock.pull("kokoro-voices", None)


def test_npm_that_fetches_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the npm client puts where it is told to is checked, and its voices are taken; it is
    asked for the one version whose checksum is known.
    """
    package = npm_package(tmp_path / "published.tgz", monkeypatch)
    client = tmp_path / "npm"
    client.write_text(
        f'#!/bin/sh\necho "$1 $2 $3 $4" > {tmp_path}/asked\ncp {package} "$5/kokoro-js-1.2.1.tgz"\n'
    )
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert stock.pull("kokoro-voices", None).path == str(voices.pulled())
    assert np.array_equal(voices.style(voices.pulled(), "af_x"), TABLE)
    asked = (tmp_path / "asked").read_text()
    assert asked == "pack kokoro-js@1.2.1 --silent --pack-destination\n"


def test_npm_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error that npm gives is in the line."""
    client = tmp_path / "npm"
    client.write_text("#!/bin/sh\necho 'npm error code ENOTFOUND' >&2\nexit 1\n")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(PullError, match=r"failed \(npm error code ENOTFOUND\): try again"):
        stock.pull("kokoro-voices", None)


def test_voices_path_of_the_configuration(tmp_path: Path) -> None:
    """A collection of the operator's own is added; one that is missing makes the engine say so."""
    source = directory_of_voices(tmp_path / "voices", am_custom=TABLE)
    names = [voice.name for voice in Kokoro({"voices_path": str(source)}).describe().voices]
    assert {"am_custom", "jf_alpha"} <= set(names)
    missing = Kokoro({"voices_path": str(tmp_path / "nowhere")}).describe().unavailable
    assert missing is not None
    assert "nowhere holds no Kokoro voices" in missing
