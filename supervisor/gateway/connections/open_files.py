"""How many files this process may have open, for as many connections as the settings allow."""

from __future__ import annotations

import resource
from typing import Final

from supervisor.gateway.connections.lingering_close import AT_ONCE
from supervisor.gateway.connections.slots import RESERVED
from supervisor.logs import get_logger

_OTHER_FILES: Final = 128
"""Everything that is no connection: the supervisor, the log, a process that simulates."""

_PER_DOOR: Final = RESERVED + AT_ONCE + 64
"""Connections beyond the slots: those for probes, those refused, those hung up on just now."""

log = get_logger(__name__)


def make_room(connections: int, doors: int) -> int:
    """Raise the limit on open files; how many connections it leaves for each of `doors`, at most
    `connections`. A lower number is logged, with what to do.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = doors * (connections + _PER_DOOR) + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return connections
    room = max(1, (soft - _OTHER_FILES) // doors - _PER_DOOR)
    log.warning(
        "gateway: at most %d files may be open, so there is room for %d connections instead of "
        "%d (http.max_connections); allow %d (ulimit -Hn %d)",
        soft,
        room,
        connections,
        wanted,
        wanted,
    )
    return room
