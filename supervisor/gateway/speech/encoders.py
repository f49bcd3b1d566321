"""Encoders for many streams at once, in threads beside the event loop.

Two threads do all the compression: more would only take cores from the workers. Uncompressed
formats are made on the loop (`audio.plain`): that takes 0.02 ms a piece, the way to a thread and
back many times as long. FFmpeg's libraries are loaded in a thread with the first stream that needs
them, so a gateway that is only asked for diagnostics stays small.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import IO, ParamSpec, TypeVar

from supervisor.audio.files import AnyEncoder, open_encoder
from supervisor.audio.formats import AudioFormat
from supervisor.audio.plain import is_plain
from supervisor.audio.samples import Samples

THREADS = 2

P = ParamSpec("P")
T = TypeVar("T")


class Encoders:
    """The threads, and encoders that run in them."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="encode")

    async def open(
        self, format: AudioFormat, sample_rate: int, file: IO[bytes] | None = None
    ) -> Encoder:
        """An encoder for one stream of mono samples at `sample_rate` Hz, or for a `file`, which is
        written in a thread.
        """
        if file is None and is_plain(format, sample_rate):
            return Encoder(None, open_encoder(format, sample_rate))
        return Encoder(self, await self.run(open_encoder, format, sample_rate, file))

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function in one of the threads. After a cancellation the call runs to its end."""
        return await asyncio.wrap_future(self._threads.submit(call, *args, **kwargs))

    def close(self) -> None:
        """Start no more calls."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class Encoder:
    """Encoder of one stream: `audio.encoding.StreamEncoder`, to be awaited."""

    def __init__(self, encoders: Encoders | None, encoder: AnyEncoder) -> None:
        self._encoders = encoders
        self._encoder = encoder

    async def encode(self, samples: Samples) -> bytes:
        """Bytes that can be sent after these samples; may be empty."""
        if self._encoders is None:
            return self._encoder.encode(samples)
        return await self._encoders.run(self._encoder.encode, samples)

    async def finish(self) -> bytes:
        """The rest, with the ending that the format wants."""
        if self._encoders is None:
            return self._encoder.finish()
        return await self._encoders.run(self._encoder.finish)
