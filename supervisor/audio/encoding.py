"""Encoder of one stream of speech: samples in, bytes of a file out, piece by piece.

FFmpeg does the work through PyAV, for every format the same way. Its calls let other
threads run, and the gateway makes them in one (`gateway.speech`), for an encoder takes about as
long as the engine that feeds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import IO

import av
import numpy as np
from av.audio.stream import AudioStream

from supervisor.audio.formats import AudioFormat, EncodingError
from supervisor.audio.info_frame import set_padding
from supervisor.audio.samples import Samples

BUFFER_BYTES = 4096
"""Bytes that FFmpeg may keep before it writes; it writes after each packet anyway."""


class StreamEncoder:
    """Encodes mono samples at `sample_rate` Hz. Not for two threads at once.

    `file`: one that is empty and can be sought, to be written to instead of giving the bytes
    away; its header is completed at the end. Nothing has to be closed: what is not finished is
    dropped. Each call raises EncodingError where FFmpeg cannot, and OSError of the file.
    """

    def __init__(
        self, format: AudioFormat, sample_rate: int, file: IO[bytes] | None = None
    ) -> None:
        self._sample_rate = sample_rate
        self._time_base = Fraction(1, sample_rate)
        self._taken = 0
        self._sink = _Sink()
        self._file = file
        self._with_info_frame = format.container == "mp3"
        options = {"flush_packets": "1", **format.stream_options} if file is None else {}
        with ffmpeg_errors():
            self._container = av.open(
                self._sink if file is None else file,
                "w",
                format=format.container,
                buffer_size=BUFFER_BYTES,
                container_options={**options, **format.options},
            )
            stream = self._container.add_stream(
                format.codec, rate=format.rate or sample_rate, options=dict(format.effort)
            )
            if not isinstance(stream, AudioStream):
                raise TypeError(f"{format.codec} is no audio codec")
            stream.layout = "mono"
            stream.codec_context.thread_count = 1
            if format.bit_rate is not None:
                stream.bit_rate = format.bit_rate
            if format.encoder is not None:
                stream.metadata["encoder"] = format.encoder
        self._stream = stream

    def encode(self, samples: Samples) -> bytes:
        """Bytes that can be sent after these samples; may be empty."""
        plane = np.ascontiguousarray(samples, np.float32).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(plane, format="flt", layout="mono")
        frame.sample_rate = self._sample_rate
        # Without a time FFmpeg counts what the encoder adds in front as a part of the length.
        frame.pts, frame.time_base = self._taken, self._time_base
        self._taken += len(samples)
        with ffmpeg_errors():
            self._container.mux(self._stream.encode(frame))
        return self._sink.take()

    def finish(self) -> bytes:
        """The last bytes, with the ending that the format wants."""
        with ffmpeg_errors():
            self._stream.codec_context.open(strict=False)  # As it is not where nothing was spoken.
            self._container.start_encoding()
            self._container.mux(self._stream.encode(None))
            self._container.close()
        if self._file is not None and self._with_info_frame:
            set_padding(self._file, self._taken, self._sample_rate)
        return self._sink.take()


class _Sink:
    """File object for FFmpeg that can only be written to, and not sought."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        # No function of our own: PyAV would lose what a signal's handler raises in it.
        self.write = self._parts.append

    def take(self) -> bytes:
        """Bytes written since the last call."""
        data = b"".join(self._parts)
        self._parts.clear()
        return data


@contextmanager
def ffmpeg_errors() -> Iterator[None]:
    """Raise FFmpeg's errors as EncodingError; errors of the file stay as they are."""
    try:
        yield
    except OSError:
        raise
    except av.FFmpegError as error:
        raise EncodingError(str(error)) from error
