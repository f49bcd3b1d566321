"""A worker process: pinned cores, its own sessions, one segment at a time.

Forked by the template with engines already loaded (`serve`), or started on its own
as `python -m workers.process` (`main`). The main thread speaks; a second one takes
control messages, so that a worker can be reshaped or interrupted while it speaks.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import traceback
from contextlib import suppress

from supervisor import libc
from supervisor.wire.environment import THREADS
from supervisor.wire.worker import (
    MAX_PACKET_BYTES,
    NO_ROOM,
    Beat,
    Exit,
    Fork,
    Interrupt,
    Ping,
    Reshape,
    Shaped,
    Trim,
    decode_control,
    decode_fork,
    decode_setup,
    encode,
)
from workers import affinity, early, external_wait, lifeline, redaction, session
from workers.engine_set import EngineSet
from workers.speaker import Speaker


def serve(order: Fork, engines: EngineSet, work: socket.socket, control: socket.socket) -> None:
    """Run as the worker that `order` describes, until the supervisor closes `work`."""
    os.environ.update(order.environment)
    affinity.pin(order.cpus)
    error = None
    if order.threads != engines.threads:
        try:
            engines.rebuild(order.threads, warm=False)
        except Exception as failure:  # noqa: BLE001 (engines are anybody's code)
            error = redaction.of_failure(failure)
    speaker = Speaker(work, engines)
    first = _shaped(engines, order.cpus, error)
    listener = threading.Thread(
        target=_control, args=(control, speaker, engines, first), daemon=True
    )
    try:
        listener.start()
    except RuntimeError as failure:  # A limit on processes counts threads, too.
        print(redaction.of_failure(failure), file=sys.stderr, flush=True)  # noqa: T201 (its log)
        os._exit(NO_ROOM)
    speaker.serve()


def prepare(lifeline_fd: int) -> None:
    """Set up a process of the pool: it ends with the supervisor and ignores Ctrl-C.

    SIGUSR1 and a crash write a traceback of all threads to the log; no line printed there quotes
    a text that is spoken.
    """
    lifeline.arm(lifeline_fd)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    early.arm()
    redaction.guard()


def main(work_fd: int, control_fd: int, lifeline_fd: int) -> None:
    """Run as a worker without a template: load the engines here, then serve."""
    prepare(lifeline_fd)
    work, control = socket.socket(fileno=work_fd), socket.socket(fileno=control_fd)
    setup = decode_setup(control.recv(MAX_PACKET_BYTES))
    order = decode_fork(control.recv(MAX_PACKET_BYTES))
    affinity.pin(order.cpus)
    engines = EngineSet(setup.settings)
    engines.threads = order.threads
    engines.load(setup.preload)
    control.send(encode(engines.catalogue()))
    serve(order, engines, work, control)


def _control(control: socket.socket, speaker: Speaker, engines: EngineSet, shaped: Shaped) -> None:
    """Take control messages until the supervisor closes its end, then exit at once."""
    try:
        control.send(encode(shaped))
        while packet := control.recv(MAX_PACKET_BYTES):
            match decode_control(packet):
                case Reshape(cpus=cpus, threads=threads):
                    shaped = _reshape(engines, shaped.cpus, cpus, threads)
                    control.send(encode(shaped))
                case Interrupt() as order:
                    speaker.interrupt(order)
                case Ping():
                    control.send(encode(Beat(speaker.steps, external_wait.is_waiting())))
                case Trim():
                    session.shrink_next()
                    libc.trim_heap()
                case Exit():
                    break
        os._exit(0)
    except OSError:
        os._exit(0)
    except BaseException:  # noqa: BLE001 (a thread must not end alone)
        traceback.print_exc()
        os._exit(1)


def _reshape(
    engines: EngineSet, before: tuple[int, ...], cpus: tuple[int, ...], threads: int
) -> Shaped:
    """Move every thread to `cpus`, then rebuild the sessions if their thread count changes.

    Returns to the cores `before` if it cannot move, and if the sessions that it kept have more
    threads than there are cores in `cpus`.
    """
    pinned = False
    try:
        affinity.pin(cpus)
        pinned = True
        if threads != engines.threads:
            engines.rebuild(threads, warm=True)
            affinity.pin(cpus)
    except Exception as failure:  # noqa: BLE001 (engines are anybody's code)
        if not pinned or engines.threads > len(cpus):
            with suppress(OSError):
                affinity.pin(before)
            cpus = before
        return _shaped(engines, cpus, redaction.of_failure(failure))
    return _shaped(engines, cpus, None)


def _shaped(engines: EngineSet, cpus: tuple[int, ...], error: str | None) -> Shaped:
    return Shaped(
        pid=os.getpid(),
        cpus=cpus,
        threads=engines.threads,
        affinities=affinity.observed(),
        session_generation=engines.session_generation,
        session_build_s=engines.session_build_s,
        environment={name: os.environ.get(name, "") for name in THREADS},
        error=error,
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
