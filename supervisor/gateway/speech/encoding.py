"""One encoder for one stream of speech: samples in, bytes of a file out, piece by piece.

FFmpeg does the work through PyAV, for every format the same way. Its calls let other
threads run, and are made in one (`speech`), for an encoder takes about as long as the
engine that feeds it.
"""

from __future__ import annotations

import av
import numpy as np
from av.audio.stream import AudioStream

from supervisor.client.audio import Samples
from supervisor.gateway.speech.formats import AudioFormat

BUFFER_BYTES = 4096
"""What FFmpeg may keep before it writes; it writes after each packet anyway."""


class StreamEncoder:
    """Encodes mono samples at `sample_rate` Hz. Not for two threads at once.

    Nothing has to be closed: what is not finished is dropped.
    """

    def __init__(self, format: AudioFormat, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._sink = _Sink()
        self._container = av.open(
            self._sink,
            "w",
            format=format.container,
            buffer_size=BUFFER_BYTES,
            container_options={"flush_packets": "1", **format.options},
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
        self._stream = stream

    def encode(self, samples: Samples) -> bytes:
        """What can be sent after these samples; may be empty."""
        plane = np.ascontiguousarray(samples, np.float32).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(plane, format="flt", layout="mono")
        frame.sample_rate = self._sample_rate
        self._container.mux(self._stream.encode(frame))
        return self._sink.take()

    def finish(self) -> bytes:
        """The rest, with the ending that the format wants."""
        self._container.start_encoding()
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._sink.take()


class _Sink:
    """A file that can only be written to, and not from another place."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Keep it."""
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """What was written since the last time."""
        data = b"".join(self._parts)
        self._parts.clear()
        return data
