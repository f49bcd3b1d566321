"""Audio files that appear whole or not at all, and audio streams into pipes.

Audio is written as it arrives, so that an hour of speech needs no memory here and a player at the
end of a pipe starts with the first chunk.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from supervisor.audio.formats import AudioFormat
from supervisor.audio.plain import PlainEncoder, is_plain, plain_header
from supervisor.audio.samples import Samples
from supervisor.files import replace_file

if TYPE_CHECKING:
    from supervisor.audio.encoding import StreamEncoder

Write = Callable[[Samples], object]


@contextmanager
def audio_file(path: Path, format: AudioFormat, sample_rate: int) -> Iterator[Write]:
    """Put the audio into `path` when the block ends; on an error the old file stays.

    A pipe or a device is written as a stream. Raises OSError, EncodingError.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as stream, audio_stream(stream, format, sample_rate) as write:
            yield write
        return
    with (
        replace_file(path.resolve(), durable=False) as file,
        _seekable(file, format, sample_rate) as write,
    ):
        yield write


@contextmanager
def audio_stream(stream: IO[bytes], format: AudioFormat, sample_rate: int) -> Iterator[Write]:
    """Write to a pipe as audio arrives; at the end where the format or a file needs the sizes.

    Raises OSError, EncodingError.
    """
    if format.streams and not stream.seekable():
        encoder = open_encoder(format, sample_rate)
        yield lambda samples: _send(stream, encoder.encode(samples))
        _send(stream, encoder.finish())
        return
    with tempfile.TemporaryFile() as aside:
        with _seekable(aside, format, sample_rate) as write:
            yield write
        aside.seek(0)
        shutil.copyfileobj(aside, stream)
    stream.flush()


def open_encoder(
    format: AudioFormat, sample_rate: int, file: IO[bytes] | None = None
) -> PlainEncoder | StreamEncoder:
    """Encoder for mono samples at `sample_rate` Hz; FFmpeg is loaded where it is needed.

    Raises EncodingError.
    """
    if file is None and is_plain(format, sample_rate):
        return PlainEncoder(format, sample_rate)
    from supervisor.audio.encoding import StreamEncoder  # noqa: PLC0415 - loads FFmpeg

    return StreamEncoder(format, sample_rate, file)


@contextmanager
def _seekable(file: IO[bytes], format: AudioFormat, sample_rate: int) -> Iterator[Write]:
    """Fill an empty file that can be sought; its header gets the true lengths at the end."""
    if not is_plain(format, sample_rate):
        encoder = open_encoder(format, sample_rate, file)
        yield encoder.encode
        encoder.finish()
        return
    plain = PlainEncoder(format, sample_rate)
    yield lambda samples: file.write(plain.encode(samples))
    file.write(plain.finish())
    unknown = plain_header(format, sample_rate)
    header = plain_header(format, sample_rate, file.tell() - len(unknown))
    file.seek(0)
    file.write(header)


def _send(stream: IO[bytes], data: bytes) -> None:
    stream.write(data)
    stream.flush()
