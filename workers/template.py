"""The template: engines loaded once, then forked into workers that share its memory.

It always has one thread: a fork copies only the thread that calls it, and a lock that another
thread held would stay locked in the child. So it has no ZeroMQ socket, no session with more than
one thread, and runs no job.

A worker is forked twice over: the process in between reports the worker's pid and
ends, and the kernel then hands the worker to the supervisor (a child subreaper). So
the supervisor is the parent of every worker, sees how each one ended, and loses
none of them when the template dies.
"""

from __future__ import annotations

import gc
import os
import socket
import sys
from contextlib import suppress

from supervisor import libc
from supervisor.wire.worker import (
    MAX_PACKET_BYTES,
    Fork,
    Forked,
    decode_fork,
    decode_setup,
    encode,
)
from workers import process
from workers.engine_set import EngineSet

_FDS = 4
"""Descriptors with every `Fork`: work, control, lifeline, log."""


def main(orders_fd: int, lifeline_fd: int) -> None:
    """Load the engines, send the catalogue, then fork on request until the supervisor ends."""
    process.prepare(lifeline_fd)
    orders = socket.socket(fileno=orders_fd)
    first = orders.recv(MAX_PACKET_BYTES)
    if not first:  # A supervisor that did not come to need a template.
        return
    setup = decode_setup(first)
    engines = EngineSet(setup.settings)
    engines.load(setup.preload)
    gc.collect()
    libc.trim_heap()
    gc.freeze()
    orders.send(encode(engines.catalogue()))
    while True:
        packet, fds, _flags, _address = socket.recv_fds(orders, MAX_PACKET_BYTES, _FDS)
        if not packet:
            return
        _fork(decode_fork(packet), fds, orders, engines)
        for fd in fds:
            os.close(fd)


def _fork(order: Fork, fds: list[int], orders: socket.socket, engines: EngineSet) -> None:
    try:
        between = os.fork()
    except OSError as error:
        orders.send(encode(Forked(order.epoch, 0, f"fork failed: {error.strerror}")))
        return
    if between == 0:
        _start_worker(order, fds, orders, engines)
    _pid, status = os.waitpid(between, 0)
    if status != 0:  # Killed, perhaps before it could answer; of two answers the first counts.
        code = os.waitstatus_to_exitcode(status)
        orders.send(
            encode(Forked(order.epoch, 0, f"fork failed: the forking process ended ({code})"))
        )


def _start_worker(order: Fork, fds: list[int], orders: socket.socket, engines: EngineSet) -> None:
    """In the process in between: fork the worker, report its pid, exit. Never returns."""
    try:
        worker = os.fork()
    except OSError as error:
        orders.send(encode(Forked(order.epoch, 0, f"fork failed: {error.strerror}")))
        os._exit(1)
    if worker != 0:
        with suppress(OSError):
            orders.send(encode(Forked(order.epoch, worker)))
        os._exit(0)
    code = 1
    try:
        orders.close()
        _become_worker(order, fds, engines)
        code = 0
    except BrokenPipeError:
        code = 0
    except BaseException:  # noqa: BLE001 - its last words, whatever it was
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(code)


def _become_worker(order: Fork, fds: list[int], engines: EngineSet) -> None:
    work_fd, control_fd, lifeline_fd, log_fd = fds
    os.dup2(log_fd, 1)
    os.dup2(log_fd, 2)
    process.prepare(lifeline_fd)
    with socket.socket(fileno=work_fd) as work, socket.socket(fileno=control_fd) as control:
        process.serve(order, engines, work, control)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
