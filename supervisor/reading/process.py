"""The reading process as a child: started, asked, ended.

The engines' readers are in it (`workers.reading_process`), so that nothing of the supervisor's
holds engine code. It ends with the process that started it, whatever that one's end was.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from io import FileIO
from typing import Final, Self

import msgspec

from supervisor.host import children
from supervisor.pool.channels import close_all, make_lifeline
from supervisor.pool.interpreters import start_interpreter
from supervisor.wire.reading import (
    LENGTH_BYTES,
    Read,
    Readings,
    Said,
    decode_answer,
    framed,
    length,
)
from supervisor.wire.worker import Catalogue, Setup

_END_S: Final = 5.0
"""Longest wait for a killed process to be gone: one in the middle of a disk's work goes later."""


class ReadingEnded(Exception):
    """The reading process has ended, or could not be started; one line that says how."""


class ReadingProcess:
    """A reading process with these engines' settings. As an async context it runs within it.

    `group`: the process group that it is to be in, 0 for one of its own. Several requests may be
    under way; they are answered in order. Who is cancelled while he waits for an answer disturbs
    nobody else.
    """

    def __init__(self, setup: Setup, group: int = 0) -> None:
        self.catalogue = Catalogue(())
        self.setup = setup
        self.pid = 0
        self._group = group
        self._number = 0
        self._waiting: dict[int, asyncio.Future[tuple[Said, ...]]] = {}
        self._ready: asyncio.Future[Catalogue] | None = None
        self._gone = asyncio.Event()
        self._how = "it was not started"
        self._pidfd = -1
        self._lifeline: FileIO | None = None
        self._receiving: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._pidfd >= 0

    async def start(self) -> None:
        """Start it, and wait for its catalogue. Raises ReadingEnded."""
        loop = asyncio.get_running_loop()
        try:
            ours = self._launch()
        except OSError as error:
            raise ReadingEnded(f"cannot start the reading process: {error.strerror}") from None
        loop.add_reader(self._pidfd, self._ended)
        self._ready = loop.create_future()
        reader, self._writer = await asyncio.open_connection(sock=ours)
        self._receiving = asyncio.create_task(self._receive(reader))
        self._writer.write(framed(self.setup))
        self.catalogue = await self._ready

    async def read(
        self, engine: str, voice: str, texts: Sequence[str], language: str | None = None
    ) -> tuple[Said, ...]:
        """How these segments are read in this voice, in its own language or another one of its,
        in order. Raises ReadingEnded.
        """
        if self._writer is None or not self.running:
            raise self._lost()
        self._number = number = self._number + 1
        request = Read(
            number=number, engine=engine, voice=voice, texts=tuple(texts), language=language
        )
        answer: asyncio.Future[tuple[Said, ...]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            self._writer.write(framed(request))
            return await answer
        finally:
            del self._waiting[number]

    async def close(self) -> None:
        """Kill it, and wait until it is gone."""
        if self._pidfd >= 0:
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._gone.wait(), _END_S)
        if self._receiving is not None:
            self._receiving.cancel()
            await asyncio.wait([self._receiving])
        if self._writer is not None:
            self._writer.close()
            with suppress(OSError):
                await self._writer.wait_closed()

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _launch(self) -> socket.socket:
        """Start the process; returns our end of its stream. Raises OSError."""
        ours, theirs = socket.socketpair()
        lifeline = make_lifeline()
        try:
            fds = (theirs.fileno(), lifeline.reader.fileno())
            self.pid = start_interpreter("workers.reading_process", fds, {}, _log(), self._group)
            self._pidfd = os.pidfd_open(self.pid)
        except OSError:
            close_all(ours, lifeline.writer)
            raise
        finally:
            close_all(theirs, lifeline.reader)
        self._lifeline = lifeline.writer
        ours.settimeout(0)
        return ours

    async def _receive(self, reader: asyncio.StreamReader) -> None:
        """Hand out the answers, until the process has ended or sends what is none."""
        try:
            while True:
                head = await reader.readexactly(LENGTH_BYTES)
                answer = decode_answer(await reader.readexactly(length(head)))
                if isinstance(answer, Readings):
                    self._answered(answer)
                elif self._ready is not None and not self._ready.done():
                    self._ready.set_result(answer)
        except (OSError, EOFError, ValueError, msgspec.MsgspecError):
            if self._pidfd >= 0:
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def _answered(self, answer: Readings) -> None:
        waiting = self._waiting.get(answer.number)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer.said)

    def _ended(self) -> None:
        """It has ended: reap it, and tell everybody who waits for it."""
        asyncio.get_running_loop().remove_reader(self._pidfd)
        self._how = str(children.reap(self._pidfd))
        os.close(self._pidfd)
        self._pidfd = -1
        if self._lifeline is not None:
            self._lifeline.close()
        self._gone.set()
        for waiting in (self._ready, *self._waiting.values()):
            if waiting is not None and not waiting.done():
                waiting.set_exception(self._lost())

    def _lost(self) -> ReadingEnded:
        return ReadingEnded(f"the reading process has ended ({self._how})")


def _log() -> int:
    """Where it may print: to stderr, never among what we print ourselves."""
    try:
        os.fstat(2)
    except OSError:
        return subprocess.DEVNULL
    return 2
