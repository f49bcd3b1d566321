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
from typing import IO, TYPE_CHECKING, TypeAlias

from supervisor.audio.formats import AudioFormat
from supervisor.audio.plain import PlainEncoder, PlainFile, is_plain
from supervisor.audio.samples import Samples
from supervisor.files import replace_file

if TYPE_CHECKING:
    from supervisor.audio.encoding import StreamEncoder
    from supervisor.audio.resampling import ResampledEncoder

Write = Callable[[Samples], object]
AnyEncoder: TypeAlias = "PlainEncoder | PlainFile | StreamEncoder | ResampledEncoder"


@contextmanager
def audio_file(path: Path, format: AudioFormat, sample_rate: int) -> Iterator[Write]:
    """Put the audio into `path` when the block ends; on an error the old file stays.

    A pipe or a device is written as a stream. Raises OSError, EncodingError.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as stream, audio_stream(stream, format, sample_rate) as write:
            yield write
        return
    _load_encoder(format, sample_rate)
    with (
        replace_file(path.resolve(), durable=False) as file,
        _whole(file, format, sample_rate) as write,
    ):
        yield write


def _load_encoder(format: AudioFormat, sample_rate: int) -> None:
    """Load FFmpeg, where it is needed, before there is a file: a signal that ends us while modules
    are loaded would be told of the files that they are read from.
    """
    if not is_plain(format, sample_rate):
        import supervisor.audio.encoding  # noqa: F401, PLC0415 - for its effect


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
        with _whole(aside, format, sample_rate) as write:
            yield write
        aside.seek(0)
        shutil.copyfileobj(aside, stream)
    stream.flush()


def open_encoder(
    format: AudioFormat, sample_rate: int, file: IO[bytes] | None = None
) -> AnyEncoder:
    """Encoder for mono samples at `sample_rate` Hz; FFmpeg is loaded where it is needed.

    `file`: one that is empty and can be sought, to be written to instead of giving the bytes away;
    its header gets the true lengths at the end. Raises EncodingError.
    """
    if format.rate not in {None, sample_rate}:
        from supervisor.audio.resampling import (  # noqa: PLC0415 - loads FFmpeg
            ResampledEncoder,
            Resampler,
        )

        encoder = open_encoder(format, format.rate, file)
        return ResampledEncoder(encoder, Resampler(sample_rate, format.rate))
    if is_plain(format, sample_rate):
        if file is None:
            return PlainEncoder(format, sample_rate)
        return PlainFile(format, sample_rate, file)
    from supervisor.audio.encoding import StreamEncoder  # noqa: PLC0415 - loads FFmpeg

    return StreamEncoder(format, sample_rate, file)


@contextmanager
def _whole(file: IO[bytes], format: AudioFormat, sample_rate: int) -> Iterator[Write]:
    encoder = open_encoder(format, sample_rate, file)
    yield encoder.encode
    encoder.finish()


def _send(stream: IO[bytes], data: bytes) -> None:
    stream.write(data)
    stream.flush()
