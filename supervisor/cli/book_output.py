"""Where `supervisor say` puts a book: one file, a folder of chapters, or a pipe.

A chapter that is whole is kept under a key that follows from what was spoken and how, so that the
same command finds it again. The chapters of one file wait beside it in a hidden folder, which goes
when the file is there.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import msgspec

from supervisor.books.names import file_names
from supervisor.cli.common import fail
from supervisor.files import replace_file

if TYPE_CHECKING:
    from supervisor.audio.formats import AudioFormat
    from supervisor.audio.samples import Samples
    from supervisor.books.book import Book

M4B: Final = "m4b"
FOLDER_FORMAT: Final = "mp3"
_KEPT: Final = ".chapters.json"


class Spoken(msgspec.Struct, frozen=True):
    """A chapter that is spoken: the name of its file, if it has one, and its seconds."""

    file: str | None
    duration_s: float


class Recorder(NamedTuple):
    """A chapter on its way: `put` takes samples, `end` says that all have come, and may raise
    OSError and EncodingError, as `put` may.
    """

    put: Callable[[Samples], object]
    end: Callable[[], Spoken]


class KeptChapters:
    """Files of chapters in a directory, and the list of what is whole. Raises OSError."""

    def __init__(
        self, directory: Path, names: Sequence[str], form: AudioFormat, book: Book
    ) -> None:
        self.directory = directory
        self.names = names
        self._form = form
        self._book = book
        self._keys: Sequence[str] = ()
        self._whole: dict[str, Spoken] = {}

    def open(self, keys: Sequence[str]) -> None:
        """Find what an earlier run with these keys, in order, left."""
        self._keys = keys
        self.directory.mkdir(exist_ok=True)
        try:
            listed = (self.directory / _KEPT).read_bytes()
            whole = msgspec.json.decode(listed, type=dict[str, Spoken])
        except (FileNotFoundError, msgspec.MsgspecError):
            return
        wanted = dict(zip(keys, self.names, strict=True))
        self._whole = {
            key: spoken
            for key, spoken in whole.items()
            if wanted.get(key) == spoken.file and (self.directory / wanted[key]).is_file()
        }

    def known(self, number: int) -> Spoken | None:
        """The chapter of this number, if it is whole."""
        return self._whole.get(self._keys[number - 1])

    @contextmanager
    def recorder(self, number: int, sample_rate: int, volume: float) -> Iterator[Recorder]:
        """A context in which a chapter is recorded."""
        from supervisor.audio.recording import ChapterRecording
        from supervisor.audio.tags import chapter_tags

        name = self.names[number - 1]
        book = self._book
        title, place = book.chapters[number - 1].title, f"{number}/{len(book.chapters)}"
        tags = chapter_tags(title, book.title, book.author, place)
        with ChapterRecording(sample_rate, self.directory) as recording:

            def end() -> Spoken:
                recorded = recording.write({self.directory / name: self._form}, tags, volume)
                spoken = Spoken(name, recorded.duration_s)
                self._whole[self._keys[number - 1]] = spoken
                with replace_file(self.directory / _KEPT, durable=True) as file:
                    file.write(msgspec.json.encode(self._whole))
                return spoken

            yield Recorder(recording.put, end)

    @property
    def paths(self) -> list[Path]:
        """The files, in order."""
        return [self.directory / name for name in self.names]


class FolderOutput:
    """A file for each chapter, named after it."""

    def __init__(self, path: Path, form: AudioFormat, book: Book) -> None:
        self.path: Path | None = path
        self.format = form.name
        titles = [chapter.title for chapter in book.chapters]
        suffix = f".{form.suffixes[0] if form.name == 'opus' else form.name}"
        self.chapters = KeptChapters(path, file_names(titles, suffix), form, book)
        self.open = self.chapters.open
        self.known = self.chapters.known
        self.recorder = self.chapters.recorder

    def finish(self) -> None:
        """Nothing is left to be done."""


class FileOutput:
    """All chapters in one file; m4b has a mark for each."""

    def __init__(self, path: Path, form: AudioFormat | None, book: Book) -> None:
        from supervisor.audio.formats import FORMATS
        from supervisor.audio.recording import for_book

        self.path: Path | None = path
        self.format = M4B if form is None else form.name
        self._form = form
        self._book = book
        kept = for_book("m4a") if form is None else FORMATS["flac"]
        names = [f"{number:04}.{kept.name}" for number in range(1, len(book.chapters) + 1)]
        aside = path.with_name(f".{path.name}.chapters")
        self.chapters = KeptChapters(aside, names, kept, book)
        self.open = self.chapters.open
        self.known = self.chapters.known
        self.recorder = self.chapters.recorder

    def finish(self) -> None:
        """Put the chapters together. Raises OSError, EncodingError."""
        from supervisor.audio.joining import join_chapters

        assert self.path is not None  # noqa: S101 (for the type)
        if self._form is None:
            self._write_m4b(self.path)
        else:
            book = self._book
            tags = {"title": book.title, **({} if book.author is None else {"artist": book.author})}
            join_chapters(self.chapters.paths, self.path, self._form, tags)
        shutil.rmtree(self.chapters.directory, ignore_errors=True)

    def _write_m4b(self, path: Path) -> None:
        from supervisor.audio.audiobook import Plan, PlannedChapter, write_audiobook

        book = self._book
        cover = None
        if book.cover is not None:
            cover = self.chapters.directory / "cover"
            cover.write_bytes(book.cover.data)
        marked = zip(book.chapters, self.chapters.paths, strict=True)
        write_audiobook(
            Plan(
                path=str(path),
                title=book.title,
                author=book.author,
                chapters=tuple(PlannedChapter(each.title, str(file)) for each, file in marked),
                cover=None if cover is None else str(cover),
                cover_type=None if book.cover is None else book.cover.media_type,
            )
        )


class PipedOutput:
    """Standard output: chapters as they come, as loud as the voice speaks."""

    def __init__(self, form: AudioFormat) -> None:
        self.path: Path | None = None
        self.format = form.name
        self._form = form
        self._open = ExitStack()
        self._write: Callable[[Samples], object] | None = None

    def open(self, keys: Sequence[str]) -> None:
        """Nothing is there."""

    def known(self, number: int) -> Spoken | None:  # noqa: ARG002 (as the others have it)
        """Nothing was kept."""
        return None

    @contextmanager
    def recorder(self, number: int, sample_rate: int, volume: float) -> Iterator[Recorder]:  # noqa: ARG002
        """A context in which a chapter is written."""
        from supervisor.audio.files import audio_stream

        if self._write is None:
            stream = audio_stream(sys.stdout.buffer, self._form, sample_rate)
            self._write = self._open.enter_context(stream)
        write = self._write
        count = 0

        def put(samples: Samples) -> None:
            nonlocal count
            count += len(samples)
            write(samples)

        yield Recorder(put, lambda: Spoken(None, count / sample_rate))

    def finish(self) -> None:
        """Write the end."""
        self._open.close()


BookOutput: TypeAlias = FolderOutput | FileOutput | PipedOutput


def output_for(output: str | None, form: str | None, book: Book) -> BookOutput:
    """Where a book goes by the options `--output` and `--format`; else exit code 2."""
    path = None if output is None else Path(output)
    if path is None:
        if form == M4B:
            fail(2, "an m4b cannot be written to a pipe; use -o FILE.m4b")
        return PipedOutput(_format(form or "wav"))
    if path.exists() and not (path.is_file() or path.is_dir()):
        fail(2, f"a book is written to a file, and {path} is none; without -o it goes to a pipe")
    if str(output).endswith("/") or path.is_dir() or (form is None and not path.suffix):
        if form == M4B:
            fail(2, f"an m4b is one file: use -o {path / 'book.m4b'}")
        return FolderOutput(path, _format(form or FOLDER_FORMAT), book)
    is_m4b = form == M4B or (form is None and path.suffix.lower() == f".{M4B}")
    return FileOutput(path, None if is_m4b else _format(form or path.suffix), book)


def _format(name: str) -> AudioFormat:
    from supervisor.audio.formats import UnknownFormatError, find_format
    from supervisor.audio.recording import for_book

    try:
        return for_book(find_format(name).name)
    except UnknownFormatError as error:
        fail(2, f"{error}, or m4b, with --format")
