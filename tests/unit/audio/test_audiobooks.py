"""Even loudness, chapters in files, and the audiobook that they become."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import av
import msgspec
import numpy as np
import pytest
from av.filter import Graph

from supervisor.audio.audiobook import NO_ROOM, Plan, PlannedChapter, write_audiobook
from supervisor.audio.formats import FORMATS, EncodingError
from supervisor.audio.joining import join_chapters
from supervisor.audio.loudness import PEAK_DB, TARGET_LUFS, Gain, LoudnessMeter
from supervisor.audio.recording import ChapterRecording, for_book
from supervisor.audio.samples import Samples
from tests.epubs import PNG

RATE = 24_000


def bursts(level: float, peak: float = 0.0) -> Samples:
    """Ten seconds that are loud and faint in turn; with `peak` clicks that are louder."""
    times = np.arange(10 * RATE) / RATE
    samples = level * np.sin(2 * np.pi * 220 * times) * (np.sin(2 * np.pi * times) > 0)
    if peak:
        samples[RATE // 3 :: 4 * RATE] = peak
    return samples.astype(np.float32)


def record(directory: Path, name: str, samples: Samples, volume: float = 1.0) -> Path:
    """A chapter in a file of this name."""
    path = directory / name
    with ChapterRecording(RATE, directory) as recording:
        for at in range(0, len(samples), 5000):
            recording.put(samples[at : at + 5000])
        recording.write({path: for_book(path.suffix[1:])}, {"title": name}, volume)
    return path


def decoded(path: Path) -> Samples:
    """The samples of a file."""
    with av.open(str(path)) as file:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        pieces = [
            piece.to_ndarray().reshape(-1)
            for frame in file.decode(audio=0)
            for piece in resampler.resample(frame)
        ]
    return np.concatenate(pieces).astype(np.float32)


def lufs(samples: Samples) -> float:
    """How loud it is."""
    meter = LoudnessMeter(RATE)
    meter.put(samples)
    assert meter.lufs is not None
    return meter.lufs


def true_peak_db(samples: Samples) -> float:
    """The highest true peak, as FFmpeg's meter has it."""
    graph = Graph()
    chain = [graph.add_abuffer(sample_rate=RATE, format="flt", layout="mono")]
    chain += [graph.add("ebur128", "metadata=1:peak=true:framelog=quiet"), graph.add("abuffersink")]
    graph.link_nodes(*chain).configure()
    most = 0.0
    for at in range(0, len(samples), 2400):
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples[at : at + 2400]).reshape(1, -1),
            format="flt",
            layout="mono",
        )
        frame.sample_rate = RATE
        graph.push(frame)
        try:
            while True:
                pulled = graph.pull()
                told = pulled.metadata.get("lavfi.r128.true_peak", "0")
                most = max(most, float(told))
        except (av.BlockingIOError, av.EOFError):
            pass
    assert most > 0
    return 20 * float(np.log10(most))


@pytest.mark.parametrize(("level", "peak"), [(0.03, 0.0), (0.5, 0.0), (0.05, 0.9)])
def test_chapters_are_as_loud_as_each_other(tmp_path: Path, level: float, peak: float) -> None:
    """Faint and loud ones come to the target, each of its own length, and no peak is too high."""
    samples = bursts(level, peak)
    found = decoded(record(tmp_path, "a.flac", samples))
    assert len(found) == len(samples)
    assert abs(lufs(found) - TARGET_LUFS) < 0.5
    assert true_peak_db(found) < PEAK_DB + 0.1


def test_volume_is_beside_the_target(tmp_path: Path) -> None:
    """Half of it is 6 dB less."""
    found = decoded(record(tmp_path, "a.flac", bursts(0.1), volume=0.5))
    assert abs(lufs(found) - (TARGET_LUFS - 6.02)) < 0.3


def test_a_chapter_without_a_sound_is_a_short_silence(tmp_path: Path) -> None:
    """It has a file like any other."""
    found = decoded(record(tmp_path, "a.flac", np.empty(0, np.float32)))
    assert len(found) == RATE // 2
    assert not found.any()


def test_a_limited_gain_keeps_every_sample_in_its_place() -> None:
    """What goes in comes out at the same time, however it is cut."""
    samples = bursts(0.1, 0.9)
    gain = Gain(6.0, RATE, limit=True)
    pieces = [gain.change(samples[at : at + 777]) for at in range(0, len(samples), 777)]
    found = np.concatenate([*pieces, gain.finish()])
    assert len(found) == len(samples)
    quiet = np.abs(samples) < 0.05
    assert np.argmax(np.correlate(found[:RATE], samples[:RATE], "full")) == RATE - 1
    assert np.abs(found[quiet]).mean() < 0.1


def test_an_audiobook_has_its_marks(tmp_path: Path) -> None:
    """Marks where chapters begin, tags, and a cover; a damaged cover costs only itself."""
    files = [record(tmp_path, f"{number}.m4a", bursts(0.1)) for number in (1, 2)]
    cover = tmp_path / "cover"
    chapters = tuple(PlannedChapter(f"Ch. {file.stem}", str(file)) for file in files)
    path = tmp_path / "book.m4b"
    for picture, pictures in ((PNG, 1), (b"\x89PNG broken", 0)):
        cover.write_bytes(picture)
        told = {"cover": str(cover), "cover_type": "image/png"}
        seconds = write_audiobook(Plan(str(path), "Böök", chapters, "A. Writer", **told))
        with av.open(str(path)) as book:
            starts = [float(mark["start"] * (mark["time_base"] or 0)) for mark in book.chapters()]
            assert [round(start) for start in starts] == [0, 10]
            assert (book.metadata["title"], book.metadata["artist"]) == ("Böök", "A. Writer")
            assert len(book.streams.video) == pictures
        assert abs(seconds - 20) < 0.3
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "1.m4a",
        "2.m4a",
        "book.m4b",
        "cover",
    ]


def test_a_missing_chapter_leaves_no_audiobook(tmp_path: Path) -> None:
    """What was there before stays."""
    path = tmp_path / "book.m4b"
    path.write_bytes(b"before")
    plan = Plan(str(path), "T", (PlannedChapter("One", str(tmp_path / "none.m4a")),))
    with pytest.raises((OSError, EncodingError)):
        write_audiobook(plan)
    assert [each.name for each in tmp_path.iterdir()] == ["book.m4b"]
    assert path.read_bytes() == b"before"


def test_a_full_disk_has_an_exit_code_of_its_own(tmp_path: Path) -> None:
    """Who waits for room tells it from a chapter that is not there; neither leaves a part."""
    chapter = record(tmp_path, "1.m4a", bursts(0.1))
    path = tmp_path / "book.m4b"

    def ended(part: Path) -> int:
        plan = Plan(str(path), "T", (PlannedChapter("One", str(part)),))
        done = subprocess.run(
            [sys.executable, "-m", "supervisor.audio.audiobook"],
            input=msgspec.json.encode(plan),
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
            capture_output=True,
            check=False,
        )
        assert len(done.stderr.splitlines()) == 1, done.stderr
        return done.returncode

    assert ended(chapter) == NO_ROOM
    assert ended(tmp_path / "none.m4a") == 1
    assert [each.name for each in tmp_path.iterdir()] == ["1.m4a"]


def test_a_damaged_chapter_is_said(tmp_path: Path) -> None:
    """A part that is no audio fails as what cannot be encoded does, and what was there stays."""
    path, part = tmp_path / "all.wav", tmp_path / "1.flac"
    path.write_bytes(b"before")
    part.touch()
    with pytest.raises(EncodingError):
        join_chapters([part], path, FORMATS["wav"], {})
    assert path.read_bytes() == b"before"


def test_chapters_are_joined(tmp_path: Path) -> None:
    """All samples of all chapters, one after the other."""
    files = [record(tmp_path, f"{number}.flac", bursts(0.1)) for number in (1, 2)]
    joined = tmp_path / "all.wav"
    assert join_chapters(files, joined, FORMATS["wav"], {}) == pytest.approx(20.0)
    assert len(decoded(joined)) == 20 * RATE
