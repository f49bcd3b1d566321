"""Packed dictionaries answer what the dictionaries that they were made from answer."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.engines import files
from workers.engines.packed import Packed, packed

WORDS = {
    "a": "ɐ",
    "ab": {"DEFAULT": "æb", "NN": None},
    "abc": 1.5,
    "naïve": "nɑˈiv",
    "": "nothing",
    "ÿ": [1, 2],
}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache directory that is not there yet."""
    monkeypatch.setenv("SUPERVISOR_CACHE_DIR", str(tmp_path / "cache"))
    return files.cache("lexicons")


def write(path: Path, document: Any) -> Path:
    """A dictionary as hibari ships them."""
    path.write_bytes(gzip.compress(json.dumps(document).encode()))
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """WORDS in a file."""
    return write(tmp_path / "words.json.gz", WORDS)


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Packed:
    """WORDS, packed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SUPERVISOR_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        return packed(write(tmp_path_factory.mktemp("source") / "words.json.gz", WORDS))


_KEYS = st.one_of(st.sampled_from([*WORDS, "a\0", "ab\0c", "a\xff", "\ud800", "b", "A"]), st.text())


@settings(max_examples=500, deadline=None)
@given(_KEYS)
def test_it_answers_as_the_dictionary_does(words: Packed, key: str) -> None:
    """Whatever is asked for, half of a surrogate pair and NUL among it."""
    assert words.get(key) == WORDS.get(key)
    assert (key in words) == (key in WORDS)


def test_it_has_the_same_keys(words: Packed) -> None:
    """All of them, once."""
    assert sorted(words) == sorted(WORDS)
    assert len(words) == len(WORDS)


def test_parts_of_a_document(cache: Path, tmp_path: Path) -> None:
    """A part is a dictionary, or a list of what is in it."""
    source = write(tmp_path / "tagger.json.gz", {"tags": ["NN", "VB"], "weights": {"b": {"NN": 1}}})
    assert list(packed(source, "tags")) == ["NN", "VB"]
    assert "NN" in packed(source, "tags")
    assert packed(source, "weights").get("b") == {"NN": 1}
    assert len(list(cache.glob("tagger-tags-*.marisa"))) == 1


@pytest.mark.parametrize("part", ["none", "number"])
def test_what_is_no_dictionary_is_refused(cache: Path, tmp_path: Path, part: str) -> None:
    """And nothing is left of it."""
    source = write(tmp_path / "words.json.gz", {"number": 1})
    with pytest.raises(ValueError, match="no dictionary"):
        packed(source, part)
    assert not list(cache.glob("*.marisa"))


def test_it_is_packed_once(cache: Path, source: Path) -> None:
    """The second process finds it; another source gets a file of its own."""
    packed(source)
    (file,) = cache.glob("*.marisa")
    before = file.stat()
    packed(source)
    assert file.stat().st_mtime_ns == before.st_mtime_ns
    write(source, {"a": "other"})
    assert packed(source).get("a") == "other"
    assert len(list(cache.glob("*.marisa"))) == 2


def test_a_damaged_file_is_replaced(cache: Path, source: Path) -> None:
    """One that was cut off by a full disk or a bad one."""
    packed(source)
    (file,) = cache.glob("*.marisa")
    whole = file.read_bytes()
    for length in (0, 10, len(whole) - 1):
        file.write_bytes(whole[:length])
        assert packed(source).get("a") == "ɐ"
        assert file.read_bytes() == whole


def test_without_a_place_to_keep_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is made in memory, and answers the same."""
    source = write(tmp_path / "words.json.gz", WORDS)
    (tmp_path / "file").touch()
    monkeypatch.setenv("SUPERVISOR_CACHE_DIR", str(tmp_path / "file"))
    assert packed(source).get("ab") == WORDS["ab"]


def test_a_full_disk_leaves_nothing(
    cache: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither half a file nor an error."""

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device", str(fd))

    monkeypatch.setattr("os.fsync", full)
    assert packed(source).get("a") == "ɐ"
    assert {path.suffix for path in cache.iterdir()} == {".lock"}
