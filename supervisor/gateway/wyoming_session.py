"""One client that speaks Home Assistant's protocol: events in, audio out.

A text comes whole (`synthesize`), or in pieces as a language model writes them
(`synthesize-start`, `-chunk`, `-stop`). Of the latter each sentence becomes a job as soon
as it is complete, so sentences are spoken in parallel; their audio is sent in order.
Reading goes on meanwhile: a client that leaves is noticed, and its jobs are cancelled.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import msgspec
import numpy as np
from sentencex import segment
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event, async_read_event, async_write_event
from wyoming.info import Describe
from wyoming.ping import Ping, Pong
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
    SynthesizeVoice,
)

from supervisor.client import AsyncJob, BadRequest, SupervisorError
from supervisor.client.audio import Samples
from supervisor.gateway import sending
from supervisor.gateway.context import Context
from supervisor.gateway.wyoming_info import find_voice, info
from supervisor.logs import get_logger

AHEAD = 8
"""Sentences of one client that may be jobs before the first of them has been sent."""

LONGEST_SENTENCE = 2000
"""Characters without an end of a sentence that are waited for."""

IDLE_S = 600.0
"""How long a connection may be silent: Home Assistant opens one for each text."""

_BYTES = 2
_CHANNELS = 1
log = get_logger()

_UNREADABLE = (
    EOFError,
    ConnectionError,
    TimeoutError,
    AttributeError,
    KeyError,
    TypeError,
    RecursionError,
)
"""What the library raises on a connection that ends, or on what is no event."""


class _End(msgspec.Struct, frozen=True):
    """After the last job of a text; `streamed` if that came in pieces."""

    streamed: bool


class _Dictation:
    """A text that comes in pieces."""

    def __init__(self, voice: SynthesizeVoice | None) -> None:
        self.voice = voice
        self._rest = ""

    def add(self, text: str) -> list[str]:
        """The sentences that are complete now; what goes on for too long counts as one."""
        *complete, self._rest = list(segment("en", self._rest + text)) or [""]
        if len(self._rest) > LONGEST_SENTENCE:
            complete.append(self._rest)
            self._rest = ""
        return [sentence for sentence in complete if sentence.strip()]

    def rest(self) -> list[str]:
        """What is left at the end."""
        return [self._rest] if self._rest.strip() else []


class WyomingSession:
    """Serves one connection until it ends."""

    def __init__(
        self, context: Context, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._context = context
        self._reader = reader
        self._writer = writer
        self._dictation: _Dictation | None = None
        self._out: asyncio.Queue[AsyncJob | SupervisorError | _End] = asyncio.Queue(AHEAD)
        self._started = False
        self._speaking = False
        """Whether something is being sent, or waited for to be."""

    async def run(self) -> None:
        """Read events and send audio until either side ends it."""
        sender = asyncio.create_task(self._send_all())
        reader = asyncio.create_task(self._read_all())
        try:
            await asyncio.wait([sender, reader], return_when=asyncio.FIRST_COMPLETED)
        finally:
            sender.cancel()
            reader.cancel()
            for outcome in await asyncio.gather(sender, reader, return_exceptions=True):
                if isinstance(outcome, Exception):
                    log.error("a Wyoming session failed", exc_info=outcome)
            while not self._out.empty():
                item = self._out.get_nowait()
                if isinstance(item, AsyncJob):
                    item.cancel()
            self._writer.close()

    # -- in -------------------------------------------------------------------------------

    async def _read_all(self) -> None:
        with suppress(*_UNREADABLE):
            while (event := await self._next()) is not None:
                await self._take(event)

    async def _next(self) -> Event | None:
        """The next event; None at the end. Silence counts only while nothing is being spoken."""
        reading = asyncio.ensure_future(async_read_event(self._reader))
        try:
            while not (await asyncio.wait([reading], timeout=IDLE_S))[0]:
                if not self._speaking and self._out.empty():
                    raise TimeoutError
            return reading.result()
        finally:
            reading.cancel()

    async def _take(self, event: Event) -> None:
        if Describe.is_type(event.type):
            await self._describe()
        elif Ping.is_type(event.type):
            await self._write(Pong(text=Ping.from_event(event).text).event())
        elif SynthesizeStart.is_type(event.type):
            self._dictation = _Dictation(SynthesizeStart.from_event(event).voice)
        elif SynthesizeChunk.is_type(event.type) and self._dictation is not None:
            for sentence in self._dictation.add(SynthesizeChunk.from_event(event).text):
                await self._submit(sentence, self._dictation.voice)
        elif SynthesizeStop.is_type(event.type) and self._dictation is not None:
            dictation, self._dictation = self._dictation, None
            for sentence in dictation.rest():
                await self._submit(sentence, dictation.voice)
            await self._out.put(_End(streamed=True))
        elif Synthesize.is_type(event.type) and self._dictation is None:
            # While a text comes in pieces it also comes whole, for servers that need that.
            whole = Synthesize.from_event(event)
            await self._submit(whole.text, whole.voice)
            await self._out.put(_End(streamed=False))

    async def _describe(self) -> None:
        try:
            await self._write(info(await self._context.welcome()).event())
        except SupervisorError as error:
            await self._send_error(error)

    async def _submit(self, text: str, wanted: SynthesizeVoice | None) -> None:
        client = self._context.client
        try:
            voice = find_voice(await self._context.welcome(), wanted)
            item: AsyncJob | SupervisorError = await client.submit(text, voice.name, voice.engine)
        except BadRequest as error:
            if error.code == "empty_text":
                return
            item = error
        except SupervisorError as error:
            item = error
        try:
            await self._out.put(item)
        except asyncio.CancelledError:
            if isinstance(item, AsyncJob):
                item.cancel()
            raise

    # -- out ------------------------------------------------------------------------------

    async def _send_all(self) -> None:
        with suppress(ConnectionError, TimeoutError):
            while True:
                self._speaking = False
                item = await self._out.get()
                self._speaking = True
                if isinstance(item, _End):
                    await self._send_end(item)
                elif isinstance(item, AsyncJob):
                    await self._send_audio(item)
                else:
                    await self._send_error(item)

    async def _send_audio(self, job: AsyncJob) -> None:
        try:
            async with job:
                async for samples in job:
                    await self._start(job.sample_rate)
                    chunk = AudioChunk(job.sample_rate, _BYTES, _CHANNELS, _pcm16(samples))
                    await self._write(chunk.event())
        except SupervisorError as error:
            await self._send_error(error)

    async def _send_error(self, error: SupervisorError) -> None:
        await self._write(Error(text=str(error), code=error.code).event())

    async def _send_end(self, end: _End) -> None:
        await self._write(AudioStop().event())
        self._started = False
        if end.streamed:
            await self._write(SynthesizeStopped().event())

    async def _start(self, sample_rate: int) -> None:
        if not self._started:
            self._started = True
            await self._write(AudioStart(sample_rate, _BYTES, _CHANNELS).event())

    async def _write(self, event: Event) -> None:
        async with asyncio.timeout(sending.STALL_S):
            await async_write_event(event, self._writer)


def _pcm16(samples: Samples) -> bytes:
    """Signed 16-bit little-endian."""
    return (np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()
