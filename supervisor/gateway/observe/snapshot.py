"""Cache of the supervisor's status, shared by all requests at the same time.

The supervisor is asked at most four times a second, however many requests there are, and a request
waits for a moment only: if the supervisor is slow to answer, the last report is returned with its
age.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, NamedTuple

from supervisor.client import AsyncClient, SupervisorError, WaitTimeout
from supervisor.client.errors import ProtocolError
from supervisor.wire.status import Status, UnreadableStatusError, read

FRESH_S = 0.25
"""A report of this age is not asked for again."""

PATIENCE_S = 0.03
"""Seconds that a new report is waited for where an older one could be given."""

FIRST_S = 1.0
"""The same where there is none."""

STALE_S = 5.0
"""Age in seconds beyond which a report says nothing about now; a request to the supervisor is
waited for as long in the background."""

RECORDED_S = 15.0
"""Highest age of the last report without requests: the page's recorder does so every 10 s, and
an answer may take STALE_S. A caller that wants an answer at once takes one of this age.
"""


class Snapshot(NamedTuple):
    """A status, its age in seconds, and the document as it came, to be passed on."""

    status: Status
    age_s: float
    document: dict[str, Any]


class StatusCache:
    """Asks `client` for the status, and keeps the last answer."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._last: tuple[Status, dict[str, Any]] | None = None
        self._taken_at: float | None = None
        self._asking: asyncio.Task[SupervisorError | None] | None = None
        self._missed = False
        """The last question got no answer."""

    async def get(self, oldest: float = STALE_S) -> Snapshot:
        """The newest report, at most `oldest` seconds old. Raises SupervisorError.

        If there is one of that age, a newer one is waited for during PATIENCE_S only. Once a
        request to the supervisor has been open for STALE_S, no older report is returned.
        """
        if self._age() > FRESH_S:
            await self._refresh(oldest)
        age = self._age()
        if self._last is None or age > (STALE_S if self._missed else oldest):
            raise WaitTimeout("the supervisor does not answer")
        status, document = self._last
        return Snapshot(status, age, document)

    async def close(self) -> None:
        """Cancel the request that is open."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])

    async def _refresh(self, oldest: float) -> None:
        """Wait for a new report within the bounds of the module. Raises SupervisorError."""
        task = self._asking
        if task is None or task.done():
            task = self._asking = asyncio.create_task(self._ask())
        await asyncio.wait([task], timeout=FIRST_S if self._age() > oldest else PATIENCE_S)
        if task.done():
            error = task.result()
            if error is not None:
                raise error

    async def _ask(self) -> SupervisorError | None:
        """Request the status; returns the error, for the waiting caller may be gone by then."""
        try:
            document = await self._client.status(STALE_S)
            self._last = read(document), document
            self._taken_at = time.monotonic()
            self._missed = False
        except WaitTimeout:
            self._missed = True
        except SupervisorError as error:
            self._taken_at = None
            return error
        except UnreadableStatusError as error:
            self._taken_at = None
            return ProtocolError(str(error), code="bad_version")
        return None

    def _age(self) -> float:
        return float("inf") if self._taken_at is None else time.monotonic() - self._taken_at
