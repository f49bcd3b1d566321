"""The work channel: a segment goes out to a worker, and its audio comes back.

A reply counts only if it names the segment that the worker was given. Decides nothing: a whole
segment becomes one event for the jobs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import msgspec

from supervisor.core.jobs import events as job_events
from supervisor.core.jobs.audio import with_words
from supervisor.core.pool.health import Running
from supervisor.pool.heartbeat import Heartbeat
from supervisor.pool.worker import SegmentName, Worker
from supervisor.wire import worker as wire

_PACKETS_PER_WAKEUP = 32
_MAX_AUDIO_BYTES = 4 << 20
_MAX_AUDIO_BYTES_PER_CHAR = 2 * 48_000 * 4
"""Limit of a segment's audio: 2 s of 48 kHz for each character, and `_MAX_AUDIO_BYTES` on top. An
engine that makes more is broken, and would fill our memory."""


class Segments:
    """The work channels of all workers, which are looked up `by_epoch`; `to_jobs` takes events."""

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
        """Send a worker a segment; a worker that does not take it is killed."""
        worker = self._by_epoch.get(command.worker)
        if worker is None:
            return
        request, part = command.request, command.part
        speech, silence_s = request.manner(part, command.number)
        run = wire.Run(
            job=command.job,
            segment=command.segment,
            attempt=command.attempt,
            epoch=worker.epoch,
            speech=speech,
            reproducible=request.reproducible,
            text=part.text,
            ends=part.ends,
            silence_s=silence_s,
            tolerant=request.tolerant,
        )
        worker.engines.add(speech.engine)
        worker.running = run
        worker.health_run = Running(self._loop.time(), len(run.text), command.expected_s)
        try:
            worker.work.send(wire.encode(run))
        except OSError as error:
            worker.send_failed(error)

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
            self._reject(worker, "it wrote nonsense instead of audio")
        except OSError:
            self._loop.remove_reader(worker.work.fileno())

    def _reject(self, worker: Worker, reason: str) -> None:
        """Kill a worker that breaks the protocol, and read nothing more from it."""
        self._loop.remove_reader(worker.work.fileno())
        worker.running, worker.pieces = None, []
        worker.kill(reason)

    def _take_piece(self, worker: Worker, piece: wire.Piece, pcm: memoryview) -> None:
        run, name = worker.running, _name(piece)
        if run is None or name != _name(run):
            self._take_stale(worker, piece)
            return
        worker.received += len(pcm)
        if worker.received > _MAX_AUDIO_BYTES + len(run.text) * _MAX_AUDIO_BYTES_PER_CHAR:
            self._reject(worker, f"{worker.received} bytes of audio for one segment")
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
        if piece.terminated and worker.kill_reason is not None:
            return  # Not cancelled: it hung, and runs again when this worker has ended.
        worker.answered.append(name)
        if piece.error is None:
            self._to_jobs(
                job_events.SegmentSpoken(
                    now=now,
                    worker=worker.epoch,
                    job=piece.job,
                    segment=piece.segment,
                    attempt=piece.attempt,
                    pieces=with_words(pieces, piece.words),
                    synthesis_s=piece.synthesis_s,
                    left_out=piece.left_out,
                    made_by="" if worker.outdated else piece.made_by,
                    exact=piece.exact,
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
                    interrupted=piece.terminated,
                )
            )

    def _take_stale(self, worker: Worker, piece: wire.Piece) -> None:
        """Drop and count a reply that came late or twice; any other breaks the protocol."""
        if _name(piece) not in worker.answered:
            self._reject(worker, "it answered for a segment that it was not given")
        elif piece.last:
            self._to_jobs(job_events.StaleAnswer(self._loop.time()))


def _name(message: wire.Run | wire.Piece) -> SegmentName:
    return message.job, message.segment, message.attempt, message.epoch
