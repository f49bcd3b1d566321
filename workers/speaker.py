"""The work loop: one segment at a time, its audio back in packets.

Runs on the worker's main thread. It shares the name of the running segment with the control
thread, so that exactly that segment can be interrupted.
"""

from __future__ import annotations

import math
import re
import socket
import threading
import time
from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from supervisor import marks
from supervisor.speech import Word
from supervisor.wire.worker import (
    MAX_ERROR_CHARS,
    MAX_PACKET_BYTES,
    PACKET_BYTES,
    Interrupt,
    Piece,
    Run,
    decode_run,
    encode_piece,
)
from workers import redaction
from workers.audio import at_volume, packets, pcm
from workers.engine_set import EngineSet
from workers.engines.base import Session, Spoken, Terminated, WordTime, spoken
from workers.memory import is_out_of_memory
from workers.silence import paced, silence, without_stops
from workers.word_times import settled

_INTERRUPT_AGAIN_S = 0.01
_GENTLY_S = 0.5
"""How long a segment is asked to stop that may go on otherwise: control messages wait meanwhile."""

_BREATH_S = 0.3
"""The longest silence within a sentence at speed 1; a comma makes 0.1 to 0.3 s."""
_LEFT_OUT_S = 0.08
"""Silence of a text that says nothing, at least: an answer without a sample is none."""
_WORD_BYTES = 24
"""Of a word in a packet, beside its characters, at most."""
_STOP = re.compile(r"(?:[!?…。！？]|\w{4}\.)[\"'”’)\]]*\s+\S")
"""A sentence that ends inside a segment, in a quotation say; no abbreviation."""


class Speaker:
    """Speaks the segments that come in on `work` until that socket ends."""

    def __init__(self, work: socket.socket, engines: EngineSet) -> None:
        self.steps = 0
        """Count of progress: a segment taken, an engine loaded, speech made, a packet sent."""
        self._work = work
        self._engines = engines
        self._changed = threading.Condition()
        self._running: tuple[str, int, int] | None = None
        self._session: Session | None = None

    def serve(self) -> None:
        """Take segments until the supervisor closes its end."""
        while packet := self._work.recv(MAX_PACKET_BYTES):
            self._answer(decode_run(packet))

    def interrupt(self, order: Interrupt) -> None:
        """Stop the named segment, from another thread; return when it no longer runs, or soon if it
        may go on.

        The order may arrive before the engine has begun to run, when there is nothing to stop
        yet: so it is repeated until it has had its effect.
        """
        name = (order.job, order.segment, order.attempt)
        until = time.monotonic() + (_GENTLY_S if order.gently else math.inf)
        with self._changed:
            while self._running == name and time.monotonic() < until:
                if self._session is not None:
                    self._session.terminate()
                self._changed.wait(_INTERRUPT_AGAIN_S)

    def _answer(self, run: Run) -> None:
        started = time.perf_counter()
        redaction.speaking(run.text)
        error: str | None = None
        left_out: str | None = None
        terminated = unreadable = False
        data = memoryview(b"")
        words: tuple[Word, ...] = ()
        made_by, exact = "", False
        self._now_running((run.job, run.segment, run.attempt), None)
        try:
            session = self._engines.session(
                run.speech.engine, run.speech.voice, reproducible=run.reproducible
            )
            self._now_running((run.job, run.segment, run.attempt), session)
            speech = self._speak(session, run)
            data = pcm(at_volume(speech.samples, run.speech.volume))
            if run.speech.words:
                words = _told(run.text, settled(speech, self._rate(run)))
            made_by = self._engines.fingerprint(run.speech.engine, run.speech.voice, session)
            exact = self._engines.is_single(run.speech.engine, session)
        except Terminated:
            error, terminated = "interrupted", True
        except ValueError as refusal:
            why = redaction.of_refusal(refusal)[:MAX_ERROR_CHARS]
            if run.tolerant:
                left_out = why
                data = pcm(silence(self._rate(run), max(run.silence_s, _LEFT_OUT_S)))
            else:
                error, unreadable = why, True
        except Exception as failure:
            if is_out_of_memory(failure):
                raise  # This process is beyond help: the segment runs again in another one.
            error = redaction.of_failure(failure)[:MAX_ERROR_CHARS]
        finally:
            self._now_running(None, None)
        answer = Piece(
            job=run.job,
            segment=run.segment,
            attempt=run.attempt,
            epoch=run.epoch,
            last=False,
            synthesis_s=time.perf_counter() - started,
            error=error,
            terminated=terminated,
            unreadable=unreadable,
            left_out=left_out,
            made_by=made_by,
            exact=exact,
        )
        self._send(answer, data, words)

    def _speak(self, session: Session, run: Run) -> Spoken:
        """The segment with the silence after it. Raises what the engine raises."""
        info, rate = self._engines.info(run.speech.engine), self._rate(run)
        if not run.text:
            return Spoken(silence(rate, max(run.silence_s, _LEFT_OUT_S)))
        text = run.text if info.pronunciations else marks.written(run.text)
        speech = spoken(session.synthesize(text, run.speech))
        if info.silent_ends:
            longest_s, stops = _BREATH_S / run.speech.speed, len(_STOP.findall(run.text))
            speech = without_stops(speech, rate, longest_s, stops)
            return paced(speech, rate, run.silence_s)
        if isinstance(run.ends, float):
            more = silence(rate, run.silence_s)
            return Spoken(np.concatenate([speech.samples, more]), speech.words)
        return speech

    def _rate(self, run: Run) -> int:
        """The sample rate of the voice that speaks, in Hz."""
        return self._engines.sample_rate(run.speech.engine, run.speech.voice)

    def _now_running(self, name: tuple[str, int, int] | None, session: Session | None) -> None:
        self.steps += 1
        with self._changed:
            self._running, self._session = name, session
            self._changed.notify_all()

    def _send(self, answer: Piece, data: memoryview, words: tuple[Word, ...]) -> None:
        """Send the audio in as many packets as it takes, and the words in one more; the last of
        them is marked.
        """
        left = len(data)
        for part in packets(data):
            left -= len(part)
            piece = replace(answer, last=True) if left == 0 and not words else answer
            self._work.sendmsg(encode_piece(piece, part))
            self.steps += 1
        if words:
            self._work.sendmsg(encode_piece(replace(answer, last=True, words=words)))


def _told(text: str, words: Sequence[WordTime]) -> tuple[Word, ...]:
    """The words as they are written, as many as a packet has room for."""
    told: list[Word] = []
    left = PACKET_BYTES
    for word in words:
        written = " ".join(marks.written(text[word.start : word.end]).split())
        left -= len(written.encode()) + _WORD_BYTES
        if left < 0:
            break
        if written:
            told.append(Word(written, word.begin_s, word.end_s))
    return tuple(told)
