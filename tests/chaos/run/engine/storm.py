"""An engine whose workers meet with one mishap at a time, for the chaos run.

Speaks like `noop`, but takes its time, so that segments are under way when something
happens. A mishap is ordered by a file of its name in the directory `stage`; the next
segment, whichever worker has it, takes the file away and suffers. So what goes wrong
does not depend on the job, and each job's audio can be checked.

A segment meets with a mishap at its first attempt alone. One that was lost runs before all others,
so it would meet with every order that waits, and be quarantined as it should after the third; that
is a promise of its own, with tests of its own, and not what becomes of a job in the storm.
"""

from __future__ import annotations

import os
import re
import resource
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from supervisor.speech import Speech
from supervisor.wire.worker import Piece, Run, encode_piece
from workers.engines.base import EngineInfo, Samples, Terminated, Voice
from workers.engines.noop import Noop
from workers.speaker import Speaker

S_PER_CHARACTER = 0.001
LATE_S = 0.7
_POLL_S = 0.002


class Storm(Noop):
    """The engine and its session. Setting `stage`: where mishaps are ordered."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self._stage = Path(settings["stage"])
        self._terminated = False
        self._mishaps: dict[str, Callable[[Samples], None]] = {
            "memory": _run_out_of_memory,
            "crash": _crash,
            "spin": _spin,
            "freeze": _freeze,
            "reply-late": _reply_late,
            "reply-doubled": _reply_doubled,
            "reply-lost": _reply_lost,
            "reply-forged": _reply_forged,
            "reply-garbled": _reply_garbled,
        }

    def describe(self) -> EngineInfo:
        voice = Voice("tone", "en", "Apache-2.0")
        return EngineInfo("storm", 24_000, voice.name, (voice,), "Apache-2.0")

    def open(self, threads: int, voices: Sequence[str] = ()) -> Storm:
        return self

    def synthesize(self, text: str, speech: Speech) -> Samples:
        self._terminated = False
        tone = super().synthesize(text, speech)
        end = time.monotonic() + len(text) * S_PER_CHARACTER
        while time.monotonic() < end:
            if self._terminated:
                raise Terminated
            time.sleep(_POLL_S)
        if _first_attempt():
            for name, mishap in self._mishaps.items():
                with suppress(FileNotFoundError):
                    (self._stage / name).unlink()
                    mishap(tone)
        return tone

    def terminate(self) -> None:
        self._terminated = True


def _run_out_of_memory(tone: Samples) -> None:
    """Allow 64 MB more than there is, and ask for more and more."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * os.sysconf("SC_PAGESIZE") + (64 << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    hoard = []
    while True:
        hoard.append(bytearray(1 << 20))


def _crash(tone: Samples) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def _spin(tone: Samples) -> None:
    """Keep the interpreter's lock, and get nowhere."""
    re.match(r"(a|a)*$", "a" * 64 + "b")


def _freeze(tone: Samples) -> None:
    time.sleep(3600)


def _reply_late(tone: Samples) -> None:
    time.sleep(LATE_S)


def _reply_doubled(tone: Samples) -> None:
    """The right answer, and then once more."""
    speaker, _run = _caller()
    send = speaker._send

    def repeat(*answer: Any, **more: Any) -> None:
        vars(speaker)["_send"] = send
        send(*answer, **more)
        send(*answer, **more)

    vars(speaker)["_send"] = repeat


def _reply_lost(tone: Samples) -> None:
    """The answer leaves, and arrives nowhere; the worker goes on and can be asked again."""
    speaker, _run = _caller()
    send = speaker._send

    def swallow(*_answer: Any, **_more: Any) -> None:
        vars(speaker)["_send"] = send

    vars(speaker)["_send"] = swallow


def _reply_forged(tone: Samples) -> None:
    """Other audio, for another attempt at the same segment."""
    speaker, run = _caller()
    piece = Piece(
        job=run.job, segment=run.segment, attempt=run.attempt + 1, epoch=run.epoch, last=True
    )
    speaker._work.sendmsg(encode_piece(piece, b"\0\0\0\0"))


def _reply_garbled(tone: Samples) -> None:
    speaker, _run = _caller()
    speaker._work.send(b"\xff\xffnonsense")


def _first_attempt() -> bool:
    """Whether a job's segment is spoken for the first time; not in a warm-up, which has no job."""
    try:
        _speaker, run = _caller()
    except RuntimeError:
        return False
    return run.attempt == 1


def _caller() -> tuple[Speaker, Run]:
    """Who has called `synthesize`, and for what: an engine is not told."""
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        speaker, run = frame.f_locals.get("self"), frame.f_locals.get("run")
        if isinstance(speaker, Speaker) and isinstance(run, Run):
            return speaker, run
    raise RuntimeError("no speaker has called")
