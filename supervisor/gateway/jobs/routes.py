"""`/v1/audio/jobs`: a text is handed in once, and its audio is fetched later.

Where keys are configured a job is for the key that handed it in, and for nobody else; without, for
who knows its id.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import time
from collections import OrderedDict
from typing import Final

import msgspec
from aiohttp import web

from supervisor.audio.formats import find_format
from supervisor.gateway.bodies import when_wanted
from supervisor.gateway.context import Context
from supervisor.gateway.errors import ApiError
from supervisor.gateway.jobs.addresses import AUDIO, JOB, JOBS
from supervisor.gateway.jobs.giving import GivenFiles, give, gone
from supervisor.gateway.jobs.records import KEY_CHARS, JobDocument, Label, SpeechJobRequest
from supervisor.gateway.jobs.road import Found
from supervisor.gateway.jobs.roads import AWAY_HEADER, Roads
from supervisor.gateway.speech.asking import asked, order_of, told_left_out
from supervisor.gateway.speech.delivery import delivery
from supervisor.gateway.speech.finished import owner_of

KEY_HEADER: Final = "Idempotency-Key"

LONGEST_WAIT_S: Final = 60.0
"""Bound on `wait`: proxies give up on who says nothing for longer."""

FIRST_SOUND_S: Final = 30.0
"""Seconds for which the first sound is waited for, without a `wait`."""

_FIRST_LOOK_S: Final = 0.05
_LONGEST_LOOK_S: Final = 1.0
"""Between two looks at a job that is waited for; doubled each time."""

_REMEMBERED: Final = 10_000
"""Jobs of which we know that they were removed."""


def routes(context: Context) -> list[web.RouteDef]:
    """All of /v1/audio/jobs."""
    jobs = _Jobs(context)
    return [
        web.post(JOBS, jobs.hand_in, expect_handler=when_wanted),
        web.get(JOB, jobs.show),
        web.delete(JOB, jobs.remove),
        web.get(AUDIO, jobs.audio),
    ]


class _Jobs:
    """The handlers, the finished files of jobs, and which jobs were removed, with their owners."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._roads = Roads(context)
        self._files = GivenFiles(context, self._roads)
        self._removed: OrderedDict[str, str | None] = OrderedDict()

    async def hand_in(self, request: web.Request) -> web.Response:
        """Take a job, or find the one that has this key."""
        wanted, ignored = await asked(request, SpeechJobRequest)
        label = _label(self._context, request, wanted)
        key = _key(wanted.key, request.headers.get(KEY_HEADER), label.owner)
        order = await order_of(self._context, request, wanted)
        label = msgspec.structs.replace(label, tempo=order.pace.tempo)
        (job, known), left_out = await self._roads.hand_in(wanted, order, label, key)
        if not known.is_like(label):
            form = known.format if known.rate is None else f"{known.format} at {known.rate} Hz"
            reason = f"the key belongs to job {job.id}, which is handed in as {form}"
            raise ApiError(409, reason, code="conflict", param="response_format")
        headers = {
            "Location": f"{JOBS.rpartition('/')[2]}/{job.id}",  # Right below any prefix of a proxy.
            "X-Job-Id": job.id,
            **told_left_out(left_out),
            **ignored,
        }
        if job.note is not None:
            headers[AWAY_HEADER] = "away"
        return _answer(job, headers, 202 if known.request == label.request else 200)

    async def show(self, request: web.Request) -> web.Response:
        """A job as it stands, or as it ends within `wait`."""
        deadline = time.monotonic() + _wait(request, 0.0)
        look = _FIRST_LOOK_S
        while True:
            found = await self._asked(request)
            left = deadline - time.monotonic()
            if left <= 0 or found.document.state not in ("queued", "running"):
                return _answer(found.document)
            await asyncio.sleep(min(look, left))
            look = min(_LONGEST_LOOK_S, 2 * look)

    async def audio(self, request: web.Request) -> web.StreamResponse:
        """The audio of a job."""
        wait_s = _wait(request, FIRST_SOUND_S)
        found = await self._asked(request)
        return await give(self._context, self._files, request, found, wait_s)

    async def remove(self, request: web.Request) -> web.Response:
        """Stop a job, and forget it with its audio."""
        found = await self._asked(request)
        id = found.document.id
        await self._roads.of(id).forget(id)
        self._files.drop(id)
        self._removed[id] = found.label.owner
        while len(self._removed) > _REMEMBERED:
            self._removed.popitem(last=False)
        return web.Response(status=204)

    async def _asked(self, request: web.Request) -> Found:
        """The job of a request, if it is the client's to see. Raises ApiError, SupervisorError."""
        id = request.match_info["id"]
        owner = owner_of(request, self._context)
        found = await self._roads.of(id).find(id)
        if found is None and id in self._removed and self._removed[id] == owner:
            raise gone("this job was removed", "removed")
        if found is None or (owner is not None and found.label.owner != owner):
            kept = "fleet" if self._roads.of(id).name == "fleet" else "journal"
            reason = f"there is no such job, or it is not kept any more ({kept}.retention_s)"
            raise ApiError(404, reason, code="not_found")
        return found


def _label(context: Context, request: web.Request, wanted: SpeechJobRequest) -> Label:
    """The note at a new job. Raises ApiError for what no audio of a job can be."""
    if wanted.stream_format != "audio":
        reason = "the audio of a job is fetched as audio: leave out `stream_format`"
        raise ApiError(400, reason, code="bad_value", param="stream_format")
    if wanted.timestamp_granularities:
        reason = "a job has no times of words; `/v1/audio/speech` has them"
        raise ApiError(400, reason, code="bad_value", param="timestamp_granularities")
    delivery(request, msgspec.structs.replace(wanted, stream=False))
    return Label(
        owner=owner_of(request, context),
        format=find_format(wanted.response_format).name,
        rate=wanted.sample_rate,
        request=secrets.token_hex(8),
    )


def _key(body: str | None, header: str | None, owner: str | None) -> str | None:
    """The key for the supervisor, to whom all clients here are one: where each has a key of the
    gateway, nobody meets the job of another. Raises ApiError.
    """
    if body is not None and header is not None and body != header:
        raise ApiError(400, f"`key` and {KEY_HEADER} differ", code="bad_value", param="key")
    key = header if body is None else body
    if key is None:
        return None
    if not 0 < len(key) <= KEY_CHARS:
        reason = f"{KEY_HEADER} has 1 to {KEY_CHARS} characters"
        raise ApiError(400, reason, code="bad_value", param="key")
    if owner is None:
        return key
    digest = hashlib.sha256(f"{owner}\0{key}".encode("utf-8", "surrogateescape")).digest()
    return f"http-{base64.b32encode(digest).decode().rstrip('=').lower()}"


def _wait(request: web.Request, default: float) -> float:
    """Seconds that the client would wait. Raises ApiError."""
    try:
        wait_s = float(request.query.get("wait", default))
    except ValueError:
        wait_s = -1.0
    if not 0 <= wait_s <= LONGEST_WAIT_S:
        reason = f"`wait` is a number of seconds from 0 to {LONGEST_WAIT_S:g}"
        raise ApiError(400, reason, code="bad_value", param="wait")
    return wait_s


def _answer(
    job: JobDocument, headers: dict[str, str] | None = None, status: int = 200
) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(job),
        status=status,
        headers={"Cache-Control": "no-store", **(headers or {})},
        content_type="application/json",
        charset="utf-8",
    )
