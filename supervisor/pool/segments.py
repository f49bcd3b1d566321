"""The work channel: a segment goes out to a worker, and its audio comes back.

What a worker says there is believed only if it answers for the segment that it was given.
Decides nothing: a whole segment becomes one event for the jobs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import msgspec

from supervisor.core.jobs import events as job_events
from supervisor.core.pool.health import Running
from supervisor.pool.heartbeat import Heartbeat
from supervisor.pool.worker import SegmentName, Worker
from supervisor.wire import worker as wire

_PACKETS_PER_WAKEUP = 32
_MAX_AUDIO_BYTES = 4 << 20
_MAX_AUDIO_BYTES_PER_CHAR = 2 * 48_000 * 4
"""A segment's audio at most: 2 s of 48 kHz for each character, and something on top. An engine
that makes more is broken, and would fill our memory."""


class Segments:
    """Of all workers, which are looked up `by_epoch`; `to_jobs` is told what was spoken."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        by_epoch: Mapping[int, Worker],
        heartbeat: Heartbeat,
        to_jobs: Callable[[job_events.Event], None],
    ) -> None:
        self._loop = loop
        self._by_epoch = by_epoch
        self._heartbeat = heartbeat
        self._to_jobs = to_jobs

    def run(self, command: job_events.RunSegment) -> None:
        """Send a worker what it is to speak; one that does not take it is killed."""
        worker = self._by_epoch.get(command.worker)
        if worker is None:
            return
        request = command.request
        seed = segment_seed(request.speech.seed, command.segment)
        run = wire.Run(
            job=command.job,
            segment=command.segment,
            attempt=command.attempt,
            epoch=worker.epoch,
            speech=msgspec.structs.replace(request.speech, seed=seed),
            reproducible=request.reproducible,
            text=command.text,
            ends=command.ends,
            silence_s=request.pauses.after(command.ends, request.speech.speed),
        )
        worker.running = run
        worker.told = Running(self._loop.time(), len(run.text), command.expected_s)
        try:
            worker.work.send(wire.encode(run))
        except OSError as error:
            worker.unreachable(error)

    def read(self, worker: Worker) -> None:
        """Take audio packets; a whole segment becomes one event."""
        try:
            for _ in range(_PACKETS_PER_WAKEUP):
                packet = worker.work.recv(wire.MAX_PACKET_BYTES)
                if not packet:
                    self._loop.remove_reader(worker.work.fileno())
                    return
                self._take_piece(worker, *wire.decode_piece(packet))
        except BlockingIOError:
            return
        except msgspec.MsgspecError:
            self._disown(worker, "it wrote nonsense instead of audio")
        except OSError:
            self._loop.remove_reader(worker.work.fileno())

    def _disown(self, worker: Worker, reason: str) -> None:
        """It breaks the contract: whatever it sends from now on means nothing."""
        self._loop.remove_reader(worker.work.fileno())
        worker.running, worker.pieces = None, []
        worker.kill(reason)

    def _take_piece(self, worker: Worker, piece: wire.Piece, pcm: memoryview) -> None:
        run = worker.running
        if run is None or _name(piece) != _name(run):
            self._take_stale(worker, piece)
            return
        worker.received += len(pcm)
        if worker.received > _MAX_AUDIO_BYTES + len(run.text) * _MAX_AUDIO_BYTES_PER_CHAR:
            self._disown(worker, f"{worker.received} bytes of audio for one segment")
            return
        if pcm:
            worker.pieces.append(pcm)
        if not piece.last:
            return
        pieces, worker.pieces = tuple(worker.pieces), []
        worker.running, worker.received = None, 0
        now = self._loop.time()
        worker.segments_done += piece.error is None
        self._heartbeat.ended(worker)
        if piece.terminated and worker.condemned is not None:
            return  # Nobody cancelled it: it hung, and runs again when this worker has ended.
        worker.answered.append(_name(piece))
        if piece.error is None:
            self._to_jobs(
                job_events.SegmentSpoken(
                    now=now,
                    worker=worker.epoch,
                    job=piece.job,
                    segment=piece.segment,
                    attempt=piece.attempt,
                    pieces=pieces,
                    synthesis_s=piece.synthesis_s,
                )
            )
        else:
            self._to_jobs(
                job_events.SegmentRefused(
                    now=now,
                    worker=worker.epoch,
                    job=piece.job,
                    segment=piece.segment,
                    attempt=piece.attempt,
                    message=f"segment {piece.segment}: {piece.error}",
                    unreadable=piece.unreadable,
                )
            )

    def _take_stale(self, worker: Worker, piece: wire.Piece) -> None:
        """A reply that came late or twice is dropped, and counted; any other is nonsense."""
        if _name(piece) not in worker.answered:
            self._disown(worker, "it answered for a segment that it was not given")
        elif piece.last:
            self._to_jobs(job_events.StaleAnswer(self._loop.time()))


def _name(message: wire.Run | wire.Piece) -> SegmentName:
    return message.job, message.segment, message.attempt, message.epoch


def segment_seed(seed: int, segment: int) -> int:
    """The seed of one segment: the same for every attempt, unlike its neighbours'."""
    return (seed * 6_364_136_223_846_793_005 + segment) % (1 << 63)
