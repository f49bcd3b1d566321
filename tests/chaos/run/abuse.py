"""What users and strangers do to a service without meaning any harm, or meaning some: the worst
texts, half requests, programs that want the same cores, a damaged file. Nobody's job may suffer.
"""

from __future__ import annotations

import fcntl
import os
import random
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path

from supervisor.core.allocation.shares import Claim
from supervisor.pool.claims import Claims
from supervisor.pool.leases import CoreLeases
from supervisor.wire import client as wire
from tests.fixtures.patterns import PATTERNS, worst
from tests.supervised import Wire

_LONGEST_S = 2.0
_HALF_HEADS = 200
_STRANGERS_EACH = 2
_ODD: dict[str, object] = {"TEXT": "odd", "BLOB": b"\xff", "REAL": -1.0, "INTEGER": -1}
"""What stands in a damaged row, by the type of the column."""


def worst_texts(endpoint: str, dice: random.Random) -> bool:
    """Some texts of up to 2 MB each; their client leaves after a while, accepted or not."""
    until = time.monotonic() + dice.uniform(0.2, _LONGEST_S)
    with Wire(endpoint) as peer:
        for number in range(dice.randint(1, 5)):
            text = worst(dice.choice(PATTERNS), dice.randint(1, 2 << 20))
            peer.send(wire.Submit(str(number), engine="noop", credit=1), text.encode())
        answered = False
        with suppress(AssertionError):
            while (left := until - time.monotonic()) > 0:
                answered |= isinstance(peer.receive(left)[0], wire.Accepted | wire.Error)
        peer.send(wire.Bye())
    return answered


def half_heads(port: int | None, dice: random.Random) -> bool:
    """Connections that begin a request and never end its head."""
    if port is None:
        return False
    count = 0
    with ExitStack() as stack, suppress(OSError):
        for _ in range(_HALF_HEADS):
            peer = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=1.0))
            peer.sendall(b"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\n")
            count += 1
        time.sleep(dice.uniform(0.1, _LONGEST_S))
    return count > 0


def strangers(dice: random.Random) -> bool:
    """Programs that want every core there is, for a moment."""
    command = [sys.executable, "-S", "-c", "while True: pass"]
    with ExitStack() as stack:
        for cpu in sorted(os.sched_getaffinity(0)):
            for _ in range(_STRANGERS_EACH):
                process = stack.enter_context(subprocess.Popen(command))
                stack.callback(process.kill)
                os.sched_setaffinity(process.pid, {cpu})
        time.sleep(dice.uniform(0.3, _LONGEST_S))
    return True


def neighbour(leases: Path, dice: random.Random) -> bool:
    """Another supervisor that wants all cores, holds none or one, and is gone soon; beside it, what
    is no claim at all.
    """
    cpus = tuple(sorted(os.sched_getaffinity(0)))
    with ExitStack() as stack:
        cores = stack.enter_context(closing(CoreLeases(leases)))
        claims = stack.enter_context(closing(Claims(leases)))
        planted = leases / "claim-1"
        planted.write_bytes(dice.randbytes(dice.randint(0, 100_000)))
        stack.callback(planted.unlink, missing_ok=True)
        fcntl.flock(stack.enter_context(planted.open("rb")), fcntl.LOCK_EX | fcntl.LOCK_NB)
        until = time.monotonic() + dice.uniform(1.0, 2 * _LONGEST_S)
        while time.monotonic() < until:
            cores.acquire({dice.choice(cpus)} - cores.held if not cores.held else ())
            wanted = dice.choice((0, 1, len(cpus)))
            claim = Claim(
                pid=os.getpid(),
                since=0.0,
                weight=dice.choice((0.01, 100.0)),
                wanted=wanted,
                may=cpus,
                holds=tuple(cores.held),
            )
            claims.publish(claim, 1.0)
            time.sleep(0.1)
    return True


def damage(journal: Path) -> None:
    """A row that nobody can read, beside those of jobs. For a journal that nobody has open."""
    with suppress(sqlite3.Error):
        database = sqlite3.connect(journal)
        try:
            columns = database.execute("PRAGMA table_info(jobs)").fetchall()
            names = ", ".join(column[1] for column in columns)
            values = [_ODD[column[2]] for column in columns]
            values[0] = f"damaged-{time.time_ns()}"
            marks = ", ".join("?" * len(values))
            database.execute(f"INSERT INTO jobs ({names}) VALUES ({marks})", values)  # noqa: S608
            database.commit()
        finally:
            database.close()
