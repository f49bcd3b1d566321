"""The audio of a job: as it is spoken, and as a finished file once it is done.

Who listens while it is spoken is alone in that: one who comes later takes the audio over, as the
supervisor has it, and the first one's answer is cut short. A finished file is made once for all
who ask for it, and kept on the shelf for a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, NamedTuple
from weakref import WeakValueDictionary

from aiohttp import hdrs, web

from supervisor.client import JobFailed
from supervisor.gateway.context import Context
from supervisor.gateway.errors import RETRY_AFTER_S, ApiError
from supervisor.gateway.jobs.road import Found
from supervisor.gateway.jobs.roads import Roads
from supervisor.gateway.speech.asking import SpeechRequest, headers_of
from supervisor.gateway.speech.delivery import Delivery, delivery, encoded
from supervisor.gateway.speech.finished import fill, send_part
from supervisor.gateway.speech.pace import PacedJob, SpokenJob
from supervisor.gateway.speech.sending import send
from supervisor.gateway.speech.shelf import FinishedFile

MOST_KNOWN: Final = 1_000
"""Files whose place on the shelf is remembered."""

_DIGITS: Final = 6


class FileName(NamedTuple):
    """What a finished file is made of."""

    job: str
    format: str
    rate: int | None


class GivenFiles:
    """The finished files of jobs, as long as the shelf has them."""

    def __init__(self, context: Context, roads: Roads) -> None:
        self._context = context
        self.roads = roads
        self._names: dict[FileName, str] = {}
        self._making: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def file(self, found: Found, how: Delivery) -> AsyncIterator[FinishedFile]:
        """The finished file of a job that is done, held within the block. Raises ApiError,
        SupervisorError.
        """
        lock = self._making.setdefault(found.document.id, asyncio.Lock())
        async with lock:  # Two who listen at once would take the audio from each other.
            file = self._known(found, how) or await self._made(found, how)
        try:
            yield file
        finally:
            file.let_go()

    def drop(self, id: str) -> None:
        """Keep no file of this job any more."""
        for name in [name for name in self._names if name.job == id]:
            self._context.shelf.drop(self._names.pop(name))

    def _known(self, found: Found, how: Delivery) -> FinishedFile | None:
        name = self._names.get(_name(found, how))
        file = None if name is None else self._context.shelf.find(name, found.label.owner)
        if file is not None:
            file.hold()
        return file

    async def _made(self, found: Found, how: Delivery) -> FinishedFile:
        """A new file, which is held."""
        shelf = self._context.shelf
        with shelf.file(how.format, found.label.owner) as file:
            async with _spoken(self._context, self.roads, found) as job:
                await fill(self._context, job, file)
            if shelf.keep(file):
                self._names[_name(found, how)] = file.name
                while len(self._names) > MOST_KNOWN:
                    del self._names[next(iter(self._names))]
            file.hold()
            return file


async def give(
    context: Context, files: GivenFiles, request: web.Request, found: Found, wait_s: float
) -> web.StreamResponse:
    """Answer with the audio of a job, or what is there of it; its first sound is waited for.

    Raises ApiError, SupervisorError before the first byte.
    """
    document = found.document
    if document.error is not None:
        raise gone(f"there is no audio: {document.error.message}", document.error.code)
    if document.state == "done":
        async with files.file(found, _asked(request, found, finished=True)) as file:
            return await send_part(request, file, file.format.media_type, context)
    how = _asked(request, found)
    if how.finished:
        raise _not_ready(f"{how.format.name} is to be had once all of it is spoken")
    headers: dict[str, str] = {
        hdrs.CONTENT_TYPE: how.format.media_type,
        hdrs.ACCEPT_RANGES: "none",
    }
    if request.method == hdrs.METH_HEAD:
        return web.Response(headers=headers)
    async with _spoken(context, files.roads, found) as job:
        pieces = _begun(encoded(context, job, how), wait_s)
        return await send(request, {**headers, **headers_of(job)}, pieces, context.metrics)


def gone(message: str, code: str | None = None) -> ApiError:
    """The error of a job that has no audio, and will have none."""
    return ApiError(410, message, code=code)


@asynccontextmanager
async def _spoken(context: Context, roads: Roads, found: Found) -> AsyncIterator[SpokenJob]:
    """The job's audio from its beginning, at the speed that was asked for."""
    tempo = found.label.tempo
    try:
        id = found.document.id
        async with roads.of(id).listening(id) as job:
            yield job if tempo == 1.0 else PacedJob(job, tempo, context.encoders)
    except JobFailed as error:
        if error.code == "conflict":
            raise ApiError(409, str(error), code=error.code) from None
        raise gone(f"there is no audio: {error}", error.code) from None


def _asked(request: web.Request, found: Found, *, finished: bool = False) -> Delivery:
    """How the audio is wanted: as the query says, or else as the job was handed in."""
    label, query = found.label, request.query
    rate = query.get("sample_rate")
    if rate is not None and not (rate.isascii() and rate.isdecimal() and len(rate) <= _DIGITS):
        reason = "`sample_rate` is a number of samples per second"
        raise ApiError(400, reason, code="bad_value", param="sample_rate")
    wanted = SpeechRequest(
        input="",
        response_format=query.get("response_format", label.format),
        sample_rate=label.rate if rate is None else int(rate),
        stream=False if finished else None,
    )
    return delivery(request, wanted)


def _name(found: Found, how: Delivery) -> FileName:
    return FileName(found.document.id, how.format.name, how.format.rate)


async def _begun(pieces: AsyncIterator[bytes], wait_s: float) -> AsyncIterator[bytes]:
    """The pieces; the first one is waited for so long. Raises ApiError where none came."""
    try:
        async with asyncio.timeout(wait_s):
            first = b""
            while not first:
                first = await anext(pieces)
    except TimeoutError:
        raise _not_ready("nothing of it is spoken yet") from None
    except StopAsyncIteration:
        return
    yield first
    async for piece in pieces:
        yield piece


def _not_ready(message: str) -> ApiError:
    return ApiError(409, message, code="not_ready", retry_after_s=RETRY_AFTER_S)
