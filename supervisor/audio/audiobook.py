"""Chapters as one audiobook: an m4b with a mark for each, title, author and cover.

The audio is copied as it is. Run as a program it reads a plan as JSON from stdin, for those who
would not have the index of ten hours in their own memory; exit code 0, `NO_ROOM` where the disk is
full, else 1, with a line on stderr.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

import av
import msgspec
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.stream import Disposition

from supervisor import libc
from supervisor.audio.encoding import ffmpeg_errors
from supervisor.audio.formats import EncodingError
from supervisor.files import is_full, sync_directory

if TYPE_CHECKING:
    from av.container.core import Chapter

NO_ROOM: Final = 3
"""Exit code where the disk is full."""
_OPTIONS: Final = {"movflags": "+faststart", "brand": "M4B "}
"""The index in front, so that a player on the network need not read to the end; and the word by
which players tell a book from music. FFmpeg's own format for that has no room for a PNG."""
_TAGS: Final = {"genre": "Audiobook", "media_type": "2"}
_PICTURES: Final = frozenset(["image/jpeg", "image/png"])
"""Covers that such a file may have, by media type."""
_FRAME: Final = 1024
"""Samples of one packet of AAC."""


class PlannedChapter(msgspec.Struct, frozen=True):
    """A chapter: its title, and the m4a that it is in."""

    title: str
    path: str


class Plan(msgspec.Struct, frozen=True):
    """What the audiobook is made of; `cover` is a file, its type in `cover_type`."""

    path: str
    title: str
    chapters: tuple[PlannedChapter, ...]
    author: str | None = None
    cover: str | None = None
    cover_type: str | None = None


def write_audiobook(plan: Plan) -> float:
    """Write it whole or not at all, and return its seconds. Raises OSError, EncodingError."""
    path = Path(plan.path)
    part = path.with_name(f".{path.name}.part")
    try:
        with ffmpeg_errors():
            seconds = _write(plan, part)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(path)
        sync_directory(path.parent)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    return seconds


def _write(plan: Plan, path: Path) -> float:
    with av.open(plan.chapters[0].path) as first:
        source = first.streams.audio[0]
        rate = source.codec_context.sample_rate
        with av.open(str(path), "w", format="mp4", options=_OPTIONS) as book:
            stream = book.add_stream_from_template(source)
            book.metadata.update(_tags(plan))
            _put_cover(book, plan)
            return _put_chapters(book, stream, plan, rate) / rate


def _put_chapters(book: OutputContainer, stream: AudioStream, plan: Plan, rate: int) -> int:
    """Copy the chapters one after the other, and mark them; returns their samples."""
    base = Fraction(1, rate)
    marks: list[Chapter] = []
    at = 0
    for number, chapter in enumerate(plan.chapters, 1):
        begin = at
        with av.open(chapter.path) as source:
            if source.streams.audio[0].codec_context.sample_rate != rate:
                raise EncodingError(f"{chapter.path} has another sample rate than the first")
            for packet in source.demux(audio=0):
                if not packet.size:
                    continue
                packet.stream, packet.duration = stream, _FRAME
                packet.time_base = base
                packet.pts = packet.dts = at
                at += _FRAME
                book.mux(packet)
        title = {"title": chapter.title}
        marks.append(
            {"id": number, "start": begin, "end": at, "time_base": base, "metadata": title}
        )
    book.set_chapters(marks)
    return at


def _put_cover(book: OutputContainer, plan: Plan) -> None:
    """The cover, if it is a picture that can be in there; a damaged one is left out."""
    if plan.cover is None or plan.cover_type not in _PICTURES:
        return
    try:
        picture = av.open(plan.cover)
        packet = next(each for each in picture.demux(video=0) if each.size)
    except (av.FFmpegError, IndexError, StopIteration):
        return
    with picture:
        stream = book.add_stream_from_template(picture.streams.video[0])
        stream.disposition = Disposition.attached_pic
        packet.stream = stream
        packet.pts = packet.dts = 0
        book.mux(packet)


def _tags(plan: Plan) -> dict[str, str]:
    tags = {"title": plan.title, "album": plan.title, **_TAGS}
    if plan.author is not None:
        tags |= {"artist": plan.author, "album_artist": plan.author}
    return tags


def main() -> int:
    """Read the plan, write the audiobook, return the exit code."""
    # Whoever comes after a killed parent writes the same file.
    libc.set_parent_death_signal(signal.SIGKILL)
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)
    try:
        write_audiobook(plan)
    except (OSError, EncodingError) as error:
        sys.stderr.write(f"{error}\n")
        return NO_ROOM if is_full(error) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
