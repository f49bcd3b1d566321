"""Audio of durable jobs in files: whole or not there, and never somebody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.core.jobs.audio import Stored, Worded, with_words
from supervisor.journal.audio import JournalAudio
from supervisor.speech import Word


@pytest.mark.parametrize("durable", [False, True])
def test_audio_is_read_as_it_was_written(tmp_path: Path, durable: bool) -> None:
    """In packets in, in any cut out; a segment that is written again is replaced."""
    audio = JournalAudio(tmp_path / "audio", durable=durable)
    audio.write("j", 3, (b"old",))
    stored = audio.write("j", 3, (b"1234", memoryview(b"5678")))
    assert stored == Stored("j", 3, 0, 8)
    assert audio.read(stored) == b"12345678"
    assert audio.read(stored[2:100][1:3]) == b"45"
    assert list(audio.segments("j")) == [stored]
    assert list(audio.segments("other")) == []
    assert (tmp_path / "audio" / "j" / "3.pcm").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("kept", [0, 5, 8, 15])
def test_a_file_that_is_cut_off_is_no_audio(tmp_path: Path, kept: int) -> None:
    """After a power loss a name may be there without all of its content."""
    audio = JournalAudio(tmp_path, durable=False)
    stored = audio.write("j", 0, (b"12345678",))
    path = tmp_path / "j" / "0.pcm"
    path.write_bytes(path.read_bytes()[:kept])
    assert list(audio.segments("j")) == []
    if kept < 8:
        with pytest.raises(OSError, match="cut off"):
            audio.read(stored)


def test_what_was_not_renamed_does_not_count(tmp_path: Path) -> None:
    """A write that was interrupted leaves nothing that is taken for audio."""
    audio = JournalAudio(tmp_path, durable=False)
    (tmp_path / "j").mkdir()
    (tmp_path / "j" / ".0.pcm.part").write_bytes(b"half")
    assert list(audio.segments("j")) == []
    audio.forget("j")
    assert list(tmp_path.iterdir()) == []
    audio.forget("j")


def test_a_file_that_holds_a_part_of_a_sample_is_no_audio(tmp_path: Path) -> None:
    """Everything after it would be noise."""
    audio = JournalAudio(tmp_path, durable=False)
    audio.write("j", 0, (b"12345",))
    audio.write("j", 1, (b"1234",))
    assert list(audio.segments("j")) == [Stored("j", 1, 0, 4)]


def test_words_are_kept_with_the_first_byte_of_their_segment(tmp_path: Path) -> None:
    """What is read from later on has none; without their file the audio is there all the same."""
    audio = JournalAudio(tmp_path, durable=True)
    words = (Word("Hello,", 0.1, 0.4), Word("çà", 0.5, 0.8))
    stored = audio.write("j", 0, with_words((b"1234", b"5678"), words))
    assert stored == Stored("j", 0, 0, 8, words=True)
    assert list(audio.segments("j")) == [stored]
    assert audio.read(stored) == Worded(b"12345678", words)
    assert audio.read(stored[:4]) == Worded(b"1234", words)
    assert audio.read(stored[4:]) == b"5678"
    beside = tmp_path / "j" / "0.words"
    assert beside.stat().st_mode & 0o077 == 0
    beside.write_bytes(b"\xc1 no words")
    assert audio.read(stored) == b"12345678"
    beside.unlink()
    assert audio.read(stored) == b"12345678"
    assert list(audio.segments("j")) == [Stored("j", 0, 0, 8)]
