"""One connection of Home Assistant's protocol: events in, audio out.

A text comes whole (`synthesize`), or in pieces as a language model writes them
(`synthesize-start`, `-chunk`, `-stop`). Either is one job; of the latter the text is open, and
spoken while it comes. Reading goes on meanwhile: a client that disconnects is noticed, and its jobs
are cancelled.
Audio begins before it ends, also that of a text in which there is nothing to speak, or that is
refused: Home Assistant looks at no errors, and waits for the beginning to open its player.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

import msgspec
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event, async_write_event
from wyoming.info import Describe
from wyoming.ping import Ping, Pong
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
)

from supervisor.audio.samples import pcm16
from supervisor.client import AsyncJob, SupervisorError
from supervisor.gateway.connections.client_identity import connection_client
from supervisor.gateway.connections.connection import next_number
from supervisor.gateway.connections.slots import Slot
from supervisor.gateway.context import Context
from supervisor.gateway.speech import sending
from supervisor.gateway.wyoming.events import EventError, ReadEvent, VoiceQuery, read_event
from supervisor.gateway.wyoming.failures import Failures
from supervisor.gateway.wyoming.info import USUAL_RATE, find_voice, info, sample_rate
from supervisor.logs import get_logger

AHEAD = 8
"""Texts of one client that may be jobs before the first of them has been sent."""

IDLE_S = 600.0
"""Seconds that a connection may be silent: Home Assistant opens one for each text."""

_BYTES = 2
_CHANNELS = 1
log = get_logger(__name__)


class _Spoken(msgspec.Struct):
    """A job of a text, and when the first of that was there (monotonic seconds; None: not yet)."""

    job: AsyncJob
    asked_at: float | None


class _End(msgspec.Struct, frozen=True):
    """After the last job of a text; `streamed` if that came in pieces. `sample_rate` in Hz is its
    voice's.
    """

    streamed: bool
    sample_rate: int


_Item = _Spoken | SupervisorError | _End


class WyomingSession:
    """Serves one connection until it ends."""

    def __init__(
        self,
        context: Context,
        failures: Failures,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._context = context
        self._metrics = context.metrics
        self._failures = failures
        self._reader = reader
        self._writer = writer
        self._on_behalf = connection_client(writer.transport, next_number())
        self._dictated = False
        """Whether a text comes in pieces."""
        self._open: _Spoken | None = None
        """That text and its job; None also where it was refused."""
        self._sample_rate = USUAL_RATE
        """Of the voice that was asked for last, in Hz."""
        self._texts = 0
        """Texts that have begun and not ended."""
        self._out: asyncio.Queue[_Item] = asyncio.Queue(AHEAD)
        self._started = False
        """Whether the beginning of this text's audio has been sent."""
        self._sounded = False
        """Whether some of that audio has been."""
        self._speaking = False
        """Whether something is being sent, or waited for to be."""
        self._asking = False
        """Whether a text is being handed in."""
        self._silent = asyncio.Event()
        """Nothing is being said, and nothing is to be."""
        self._silent.set()
        self._loop = asyncio.get_running_loop()
        self._heard_at = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None

    async def run(self, slot: Slot) -> None:
        """Read events and send audio until either side ends it."""
        sender = asyncio.create_task(self._send_all(slot))
        reader = asyncio.create_task(self._read_all(slot))
        self._watch()
        try:
            await asyncio.wait([sender, reader], return_when=asyncio.FIRST_COMPLETED)
        finally:
            slot.leave()
            if self._timer is not None:
                self._timer.cancel()
            sender.cancel()
            reader.cancel()
            try:
                for outcome in await asyncio.gather(sender, reader, return_exceptions=True):
                    if isinstance(outcome, Exception):
                        log.error("gateway: a Wyoming session failed", exc_info=outcome)
            finally:
                self._drop()
                self._metrics.wyoming_running.dec(self._texts)
                self._writer.close()

    @property
    def unsent(self) -> bool:
        """Whether part of an answer has not been sent yet."""
        return self._writer.transport.get_write_buffer_size() > 0

    async def finish(self) -> None:
        """Speak the texts in progress, send all of their audio, and close."""
        await self._silent.wait()
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()

    def hang_up(self) -> None:
        """Abort the connection."""
        self._writer.transport.abort()

    @property
    def _busy(self) -> bool:
        return self._speaking or self._asking or not self._out.empty()

    def _settle(self, slot: Slot) -> None:
        """Mark the slot idle when nothing is spoken here, busy otherwise."""
        if self._busy:
            self._silent.clear()
            slot.mark_busy()
        else:
            self._silent.set()
            slot.mark_idle()

    def _drop(self) -> None:
        """Cancel the jobs whose audio cannot be sent any more."""
        while not self._out.empty():
            item = self._out.get_nowait()
            if isinstance(item, _Spoken):
                item.job.cancel()

    def _watch(self) -> None:
        """Hang up after a silence of IDLE_S, which counts only while nothing is being spoken."""
        left = self._heard_at + IDLE_S - self._loop.time()
        if left > 0 or self._busy:
            self._timer = self._loop.call_later(left if left > 0 else IDLE_S, self._watch)
        else:
            self.hang_up()

    # -- in -------------------------------------------------------------------------------

    async def _read_all(self, slot: Slot) -> None:
        try:
            while (event := await read_event(self._reader)) is not None:
                self._heard_at = self._loop.time()
                self._settle(slot)
                await self._take(event, slot)
                self._settle(slot)
                await asyncio.sleep(0)  # Thousands of events may have come at once.
        except EventError as error:
            self._failures.note("bad_event", str(error))
        except (ConnectionError, TimeoutError):
            pass

    async def _take(self, event: ReadEvent, slot: Slot) -> None:
        if Describe.is_type(event.type):
            await self._describe()
        elif Ping.is_type(event.type):
            await self._write(Pong(text=event.text or None).event())
        elif SynthesizeStart.is_type(event.type):
            await self._listen(event.voice, slot)
        elif SynthesizeChunk.is_type(event.type):
            if self._open is not None:
                self._open.asked_at = self._open.asked_at or time.monotonic()
                self._open.job.write(event.text)
        elif SynthesizeStop.is_type(event.type) and self._dictated:
            self._end_text()
            self._dictated = False
            await self._out.put(_End(streamed=True, sample_rate=self._sample_rate))
        elif Synthesize.is_type(event.type) and not self._dictated:
            # While a text comes in pieces it also comes whole, for servers that need that.
            self._begin("whole")
            await self._submit(event.text, event.voice, slot)
            await self._out.put(_End(streamed=False, sample_rate=self._sample_rate))

    async def _listen(self, voice: VoiceQuery | None, slot: Slot) -> None:
        """Begin a text that comes in pieces; one that has not ended ends as it stands."""
        if not self._dictated:
            self._begin("streamed")
        self._dictated = True
        self._end_text()
        self._open = await self._submit("", voice, slot, open=True)

    def _end_text(self) -> None:
        """End the text that comes in pieces."""
        spoken, self._open = self._open, None
        if spoken is not None:
            spoken.job.end_text()

    def _begin(self, kind: str) -> None:
        """Count a text that begins."""
        self._metrics.wyoming_requests.labels(kind).inc()
        self._metrics.wyoming_running.inc()
        self._texts += 1

    async def _describe(self) -> None:
        try:
            await self._write(info(await self._context.welcome()).event())
        except SupervisorError as error:
            await self._send_error(error)

    async def _submit(
        self, text: str, wanted: VoiceQuery | None, slot: Slot, *, open: bool = False
    ) -> _Spoken | None:
        """Hand a text in, and have its audio, or its error, sent in its turn."""
        self._asking = True
        self._settle(slot)
        try:
            item = await self._ask(text, wanted, open=open)
        finally:
            self._asking = False
        if item is None:
            return None
        spoken = item if isinstance(item, _Spoken) else None
        try:
            await self._out.put(item)
        except asyncio.CancelledError:
            if spoken is not None:
                spoken.job.cancel()
            raise
        return spoken

    async def _ask(
        self, text: str, wanted: VoiceQuery | None, *, open: bool
    ) -> _Spoken | SupervisorError | None:
        """The job, the error, or None where there is nothing to speak."""
        asked_at = None if open else time.monotonic()
        try:
            welcome = await self._context.welcome()
            voice = find_voice(welcome, wanted)
            self._sample_rate = sample_rate(welcome, voice)
            job = await self._context.client.submit(
                text,
                voice.name,
                voice.engine,
                language=voice.language,
                on_behalf=self._on_behalf,
                open=open,
                request_class="interactive",
            )
        except SupervisorError as error:
            return None if error.code == "empty_text" else error
        self._context.metrics.spoken_by(job.host)
        return _Spoken(job, asked_at)

    # -- out ------------------------------------------------------------------------------

    async def _send_all(self, slot: Slot) -> None:
        try:
            while True:
                self._speaking = False
                self._settle(slot)
                item = await self._out.get()
                self._speaking = True
                self._settle(slot)
                if isinstance(item, _End):
                    await self._send_end(item)
                elif isinstance(item, _Spoken):
                    await self._send_audio(item)
                else:
                    await self._send_error(item)
        except TimeoutError:
            self._failures.note("stalled", f"a client took nothing for {sending.STALL_S:g} s")
        except ConnectionError:
            pass

    async def _send_audio(self, spoken: _Spoken) -> None:
        job = spoken.job
        try:
            async with job:
                async for samples in job:
                    await self._start(job.sample_rate)
                    if not self._sounded and spoken.asked_at is not None:
                        self._sounded = True
                        waited_s = time.monotonic() - spoken.asked_at
                        self._metrics.wyoming_first_audio.observe(waited_s)
                    pcm = pcm16(samples).tobytes()
                    chunk = AudioChunk(job.sample_rate, _BYTES, _CHANNELS, pcm)
                    await self._write(chunk.event())
        except SupervisorError as error:
            await self._send_error(error)

    async def _send_error(self, error: SupervisorError) -> None:
        told = "the text cannot be spoken" if error.field == "text" else str(error)
        self._failures.note(error.code, told)
        await self._write(Error(text=str(error), code=error.code).event())

    async def _send_end(self, end: _End) -> None:
        await self._start(end.sample_rate)
        await self._write(AudioStop().event())
        self._started = self._sounded = False
        if end.streamed:
            await self._write(SynthesizeStopped().event())
        self._metrics.wyoming_running.dec()
        self._texts -= 1

    async def _start(self, sample_rate: int) -> None:
        if not self._started:
            self._started = True
            await self._write(AudioStart(sample_rate, _BYTES, _CHANNELS).event())

    async def _write(self, event: Event) -> None:
        async with asyncio.timeout(sending.STALL_S):
            await async_write_event(event, self._writer)
