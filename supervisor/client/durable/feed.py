"""Gives a durable job's audio out: part after part as they are done, as far as credit goes.

It knows no connection to the listener: it is told of credit, and calls `send` with messages of
docs/PROTOCOL.md. While no server answers it waits; the job goes on without it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Final

import msgspec

from supervisor.client.durable.queue import Queue
from supervisor.nats.errors import FleetError
from supervisor.speech import LeftOut, Word
from supervisor.wire.client import Chunk, End, Error, Message
from supervisor.wire.codec import MAX_CHUNK_BYTES
from supervisor.wire.fleet.jobs import Outcome
from supervisor.wire.fleet.names import JobName

_FIRST_LOOK_S: Final = 0.03
_LONGEST_LOOK_S: Final = 1.0
_LATER: Final = 0.1
"""A job is looked at so much later, in shares of how long one has waited."""
_LOOKS: Final = 16
"""After so many looks for an outcome it is asked whether the job is there at all."""
FORMAT: Final = "f32le"

Send = Callable[[Message, bytes | None], None]


class _Sums(msgspec.Struct):
    """What END tells, as far as it is known."""

    bytes: int = 0
    segments: int = 0
    queued_s: float = 0.0
    synthesis_s: float = 0.0
    retried: int = 0
    cached: int = 0
    left_out: tuple[LeftOut, ...] = ()

    def add(self, outcome: Outcome) -> None:
        if not self.bytes and not self.segments:
            self.queued_s = outcome.queued_s
            self.left_out = outcome.left_out
        self.bytes += outcome.bytes
        self.segments += outcome.segments
        self.synthesis_s += outcome.synthesis_s
        self.retried += outcome.retried
        self.cached += outcome.cached


class JobFailedError(Exception):
    """The job will never be done; `code` and the text are those of ERROR."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Feed:
    """The audio of one job for one listener, from byte `offset` on. `request` is the digest that
    its outcomes must have, where it is known. `run` it; `grant` it more bytes.
    """

    def __init__(
        self,
        queue: Queue,
        name: JobName,
        send: Send,
        *,
        offset: int = 0,
        credit: int = 0,
        request: str | None = None,
        words: bool = True,
    ) -> None:
        self._queue = queue
        self._name = name
        self._parts = name.each()
        self._send = send
        self._offset = offset
        self._credit = credit
        self._request = request
        self._words = words
        self._granted = asyncio.Event()
        self._sums = _Sums()

    def grant(self, credit: int) -> None:
        """The listener takes so many bytes more."""
        self._credit += credit
        self._granted.set()

    async def run(self) -> None:
        """Give out all of it, and the end, be it an error."""
        job = str(self._name)
        try:
            for number, part in enumerate(self._parts):
                await self._give(part, await self._outcome(number, part))
        except JobFailedError as error:
            self._send(Error(error.code, str(error), job=job), None)
        except FleetError as error:
            code = "result_lost" if error.code == "not_found" else "failed"
            again = "; submit it again under another key" if code == "result_lost" else ""
            self._send(Error(code, f"{error}{again}", job=job), None)
        else:
            sums = self._sums
            end = End(
                job=job,
                bytes=sums.bytes,
                segments=sums.segments,
                queued_s=sums.queued_s,
                synthesis_s=sums.synthesis_s,
                retried=sums.retried,
                left_out=sums.left_out,
                cached=sums.cached,
            )
            self._send(end, None)

    # -- outcomes -----------------------------------------------------------------------

    async def _outcome(self, number: int, part: JobName) -> Outcome:
        """Wait for what becomes of a part; meanwhile the others are looked at, too, for one that
        failed is the end of the job.
        """
        others, other, looks = self._parts, number, 0
        began = asyncio.get_running_loop().time()
        while True:
            outcome = await self._look(part)
            if outcome is not None:
                return self._checked(outcome)
            other = number + 1 + (other - number) % max(1, len(others) - number - 1)
            if other < len(others) and (found := await self._look(others[other])) is not None:
                self._checked(found)
            looks += 1
            if looks % _LOOKS == 0 and await self._gone(part):
                raise JobFailedError("result_lost", f"{part} is gone, or was never handed in")
            waited = asyncio.get_running_loop().time() - began
            await asyncio.sleep(min(_LONGEST_LOOK_S, max(_FIRST_LOOK_S, waited * _LATER)))

    async def _gone(self, part: JobName) -> bool:
        try:
            return await self._queue.is_missing(part)
        except FleetError as error:
            if not error.transient:
                raise
            return False

    async def _look(self, part: JobName) -> Outcome | None:
        try:
            return await self._queue.outcome(part)
        except FleetError as error:
            if not error.transient:
                raise
            return None

    def _checked(self, outcome: Outcome) -> Outcome:
        if self._request is not None and outcome.request not in {"", self._request}:
            raise JobFailedError("conflict", "the key belongs to another request")
        if outcome.kind != "done":
            code = outcome.code if outcome.kind == "failed" else outcome.kind
            raise JobFailedError(code or "failed", outcome.message or f"the job is {outcome.kind}")
        if outcome.format != FORMAT:
            raise JobFailedError("failed", f"its audio is {outcome.format}: upgrade this client")
        return outcome

    # -- audio --------------------------------------------------------------------------

    async def _give(self, part: JobName, outcome: Outcome) -> None:
        """Give out a part that is done, but for what lies before the offset."""
        begin = self._sums.bytes
        self._sums.add(outcome)
        skipped = max(0, self._offset - begin)
        if outcome.bytes <= skipped:
            return
        words: tuple[Word, ...] = ()
        if self._words and outcome.word_pieces and not skipped:
            words = (await self._queue.words(outcome)).words
        digest = None if skipped or not outcome.sha256 else hashlib.sha256()
        at = skipped
        while at < outcome.bytes:
            piece = await self._piece(outcome, at)
            if digest is not None:
                digest.update(piece)
                if at + len(piece) == outcome.bytes and digest.hexdigest() != outcome.sha256:
                    what = f"the audio of {part} is not what was spoken"
                    raise JobFailedError("result_lost", what)
            for start in range(0, len(piece), MAX_CHUNK_BYTES):
                body = piece[start : start + MAX_CHUNK_BYTES]
                await self._chunk(outcome, begin, at, body, words)
                at, words = at + len(body), ()

    async def _piece(self, outcome: Outcome, at: int) -> bytes:
        """The next piece from byte `at` on; while no server has it, it is asked for again."""
        while True:
            try:
                return await self._queue.audio(outcome, at)
            except FleetError as error:
                if not error.transient:
                    raise
            await asyncio.sleep(_LONGEST_LOOK_S)

    async def _chunk(
        self, outcome: Outcome, begin: int, at: int, body: bytes, words: tuple[Word, ...]
    ) -> None:
        while self._credit <= 0:
            self._granted.clear()
            await self._granted.wait()
        self._credit -= len(body)
        spoken = outcome.segments * at // max(1, outcome.bytes)
        segment = outcome.first_segment + spoken
        self._send(Chunk(str(self._name), segment, begin + at, words), body)
