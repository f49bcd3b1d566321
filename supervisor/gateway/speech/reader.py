"""The gateway's reading process: at most one, started when a text is to be read, within bounds.

One text is read at a time, and few wait, of one client fewer: what is shown to operators must not
cost those who listen, nor one client the others. The process ends when nobody has asked for a
while, when a text takes too long, and with the gateway.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Final

from supervisor.config import ConfigError, Settings, load
from supervisor.config.loading import Place
from supervisor.gateway.errors import SERVER, ApiError
from supervisor.logs import get_logger
from supervisor.reading.process import ReadingEnded, ReadingProcess
from supervisor.reading.text import ReadText, read
from supervisor.service.settings import make_setup
from supervisor.wire.client import Submit
from supervisor.wire.worker import Setup

LIMIT_S: Final = 10.0
"""Seconds that a text may take."""
START_S: Final = 60.0
"""Seconds that the process may take to import the engines: one, on a machine that is not busy."""
IDLE_S: Final = 60.0
"""Seconds without a text after which the process ends."""
WAITING: Final = 4
"""Texts that may wait while one is read."""
OF_A_CLIENT: Final = 2
"""Texts of one client that may wait or be read, so that it keeps no place from the others."""
RETRY_S: Final = 1
_NICE: Final = 5
"""Priority of the process: speech comes first."""

log = get_logger(__name__)


class Reader:
    """Reads texts as they would be spoken under the settings in force.

    These are looked up in their `place` for each text, where the supervisor has told it.
    """

    def __init__(self, settings: Settings, place: Place | None = None) -> None:
        self._settings = settings
        self._place = place
        self._busy = asyncio.Lock()
        self._texts = Counter[str | None]()
        """Those that wait or are read, by client."""
        self._process: ReadingProcess | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._ending: asyncio.Task[None] | None = None

    async def read(self, submit: Submit, text: bytes) -> ReadText:
        """How this text, UTF-8, is read for this SUBMIT, whose client is that on whose behalf it
        is. Raises SupervisorError, ApiError.
        """
        client, texts = submit.on_behalf, self._texts
        if texts[client] >= OF_A_CLIENT:
            raise _later("texts of yours are being read; try again", "busy")
        if texts.total() > WAITING:
            raise _later("too many texts are being read; try again", "busy")
        texts[client] += 1
        try:
            async with self._busy:
                return await self._read(submit, text)
        finally:
            texts[client] -= 1
            texts += Counter()  # Without those that have none.

    async def close(self) -> None:
        """End the process; to be called once no text is read any more."""
        if self._idle is not None:
            self._idle.cancel()
        if self._ending is not None:
            await asyncio.wait([self._ending])
        await self._end()

    async def _read(self, submit: Submit, text: bytes) -> ReadText:
        settings = self._settings = await asyncio.to_thread(self._in_force)
        if self._idle is not None:
            self._idle.cancel()
        try:
            process = await self._started(make_setup(settings))
            async with asyncio.timeout(LIMIT_S):
                outcome = await read(process, submit, text, settings)
        except TimeoutError:
            await self._end()
            log.warning(
                "phonemes: a text took longer than %g s; the reading process is killed", LIMIT_S
            )
            reason = f"reading the text takes longer than {LIMIT_S:g} s"
            raise ApiError(500, reason, type=SERVER, code="failed", param="input") from None
        except ReadingEnded as error:
            await self._end()
            log.warning("phonemes: %s", error)
            raise _later(f"{error}; try again", "reader_ended") from None
        finally:
            if self._process is not None:
                loop = asyncio.get_running_loop()
                self._idle = loop.call_later(IDLE_S, self._expire)
        if outcome.error is not None:
            raise outcome.error
        return outcome.text

    async def _started(self, setup: Setup) -> ReadingProcess:
        """The process with these settings, started now if it does not run. Raises ReadingEnded."""
        process = self._process
        if process is not None and process.running and process.setup == setup:
            return process
        await self._end()
        # In the gateway's group the supervisor reaps it, should the gateway not live to do so.
        process = ReadingProcess(setup, 0 if self._place is None else os.getpgrp())
        try:
            async with asyncio.timeout(START_S):
                await process.start()
        except TimeoutError:
            await process.close()
            raise ReadingEnded(f"the reading process does not start in {START_S:g} s") from None
        except BaseException:
            await process.close()
            raise
        with suppress(OSError):  # It may have ended by now.
            os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
        self._process = process
        return process

    def _in_force(self) -> Settings:
        """The settings in force, as the supervisor has them: what is not valid changes nothing."""
        place = self._place
        if place is None:
            return self._settings
        config, override = (
            None if name is None else Path(name) for name in (place.config, place.override)
        )
        try:
            return load(config, override, os.environ, place.command_line).settings
        except ConfigError:
            return self._settings

    def _expire(self) -> None:
        self._ending = asyncio.get_running_loop().create_task(self._end_idle())

    async def _end_idle(self) -> None:
        async with self._busy:
            await self._end()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await process.close()


def _later(reason: str, code: str) -> ApiError:
    return ApiError(503, reason, type=SERVER, code=code, retry_after_s=RETRY_S)
