"""Encoder of files that say what they are: title, author, number of the chapter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Final

from supervisor.audio.encoding import StreamEncoder
from supervisor.audio.formats import AudioFormat

_TAGGED: Final = frozenset(["mp3", "m4a", "flac", "opus"])
_ID3: Final = {"id3v2_version": "3"}


def can_be_tagged(format: AudioFormat) -> bool:
    """Whether files of this format have a place for tags."""
    return format.name in _TAGGED


def chapter_tags(title: str, book: str, author: str | None, place: str) -> dict[str, str]:
    """Tags of a chapter's file; `place` is its number and that of all, as `3/12`."""
    tags = {"title": title, "album": book, "track": place}
    return tags if author is None else {**tags, "artist": author}


class TaggedEncoder(StreamEncoder):
    """A `StreamEncoder` into a file, with FFmpeg's names of tags and their values."""

    def __init__(
        self, format: AudioFormat, sample_rate: int, file: IO[bytes], tags: Mapping[str, str]
    ) -> None:
        options = {**format.options, **_ID3} if format.name == "mp3" else format.options
        super().__init__(format._replace(options=options), sample_rate, file)
        # An Ogg file has its tags in the stream.
        bearer = self._stream if format.container == "ogg" else self._container
        bearer.metadata.update(tags)
