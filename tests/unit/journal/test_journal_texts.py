"""Texts of open jobs on disk: what a kill, a damaged disk and an end leave of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from supervisor.core.jobs.parts import Part
from supervisor.core.jobs.request import Unread
from supervisor.journal.texts import JournalTexts, OpenText, Piece, cut_record
from supervisor.speech import LeftOut, Prosody

PLACE = LeftOut(what="Han", at=3, chars=2)
PARTS = (Part("Ça va.", "paragraph"), Part("Bien.", 1.5, Prosody(rate=2.0)))


@pytest.fixture
def texts(tmp_path: Path) -> JournalTexts:
    """Texts with three pieces of one job, of which the first thirteen characters are cut."""
    texts = JournalTexts(tmp_path / "texts", durable=True)
    said = "Ça va. Bien. Et toi ? Ou".encode()
    texts.add("j", Piece(0, said[:10], flush=False, last=False))
    texts.add("j", Piece(10, said[10:22], flush=True, last=False))
    texts.add("j", cut_record(13, PARTS, (PLACE,)))
    texts.add("j", Piece(22, said[22:], flush=False, last=False))
    return texts


def path(texts: JournalTexts) -> Path:
    """The file of that job."""
    (found,) = texts._directory.iterdir()
    return found


def test_what_was_added_is_read(texts: JournalTexts) -> None:
    """Parts with all that they say; and what is not cut, in bytes behind a place in characters."""
    unread = Unread(b"Et toi ? Ou", 13, 25, flushed=8)
    assert texts.read("j") == OpenText(PARTS, (PLACE,), unread)
    texts.add("j", Piece(25, b"", flush=False, last=True))
    assert texts.read("j").unread == Unread(b"Et toi ? Ou", 13, 25, flushed=11, ended=True)
    assert texts.read("nobody") == OpenText()
    assert path(texts).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("lost", [1, 5, 12])
def test_a_torn_end_is_cut_off_and_the_next_is_added_behind_the_rest(
    texts: JournalTexts, lost: int
) -> None:
    """As a supervisor leaves it that was killed while it wrote."""
    os.truncate(path(texts), path(texts).stat().st_size - lost)
    assert texts.read("j").unread.size == 22
    texts.add("j", Piece(22, b"?", flush=False, last=True))
    assert texts.read("j").unread == Unread(b"Et toi ??", 13, 23, flushed=9, ended=True)


def test_a_damaged_record_ends_it(texts: JournalTexts) -> None:
    """What stands before is kept: at worst nothing."""
    data = bytearray(path(texts).read_bytes())
    data[-3] ^= 1
    path(texts).write_bytes(data)
    assert texts.read("j").unread.size == 22
    for content in (b"\0" * 100, b"\xff" * 100, data[9:]):
        path(texts).write_bytes(content)
        assert texts.read("j") == OpenText()


def test_a_character_in_two_pieces_and_none_at_all(tmp_path: Path) -> None:
    """Half of one may be the end of what is there; what is no UTF-8 is kept as it came."""
    texts = JournalTexts(tmp_path, durable=False)
    texts.add("j", Piece(0, b"a\xc3", flush=True, last=False))
    assert texts.read("j").unread == Unread(b"a\xc3", 0, 2, flushed=2)
    texts.add("j", cut_record(1, (Part("a"),), ()))
    assert texts.read("j").unread == Unread(b"\xc3", 1, 2, flushed=1)
    texts.add("j", Piece(2, b"\xff\xff", flush=False, last=False))
    assert texts.read("j").unread == Unread(b"\xc3\xff\xff", 1, 4, flushed=1)


def test_a_full_disk_leaves_it_as_it_was(
    texts: JournalTexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a record that was written in part nothing stays."""
    before, write = path(texts).read_bytes(), os.write

    def half(descriptor: int, data: bytes) -> int:
        if len(data) < 20:
            raise OSError(28, "No space left on device")
        return write(descriptor, data[:20])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(OSError, match="No space"):
        texts.add("j", Piece(25, b"x" * 50, flush=False, last=False))
    assert path(texts).read_bytes() == before


def test_nothing_is_left_of_a_text_that_is_forgotten(texts: JournalTexts, tmp_path: Path) -> None:
    """It is overwritten, then removed; so are those of jobs that nobody knows."""
    file = path(texts)
    with file.open("rb") as held:
        texts.forget("j")
        assert not any(held.read())
    texts.forget("j")
    for job in ("a", "b"):
        texts.add(job, Piece(0, b"x", flush=False, last=False))
    (tmp_path / "texts" / "litter").write_bytes(b"x")
    texts.keep_only({"b"})
    assert [each.name for each in (tmp_path / "texts").iterdir()] == ["b.text"]
