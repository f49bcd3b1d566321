"""Limit on open files, raised for as many connections as the settings allow."""

from __future__ import annotations

from typing import Final

from supervisor.gateway.connections.lingering_close import AT_ONCE
from supervisor.gateway.connections.slots import RESERVED
from supervisor.gateway.speech.shelf import KEPT_FILES
from supervisor.host.open_files import allow_open_files
from supervisor.logs import get_logger

_OTHER_FILES: Final = 128
"""Open files besides connections: the supervisor, the log, a process that simulates."""

_PER_LISTENER: Final = RESERVED + AT_ONCE + 64
"""Connections of a listener beyond its slots: probes, lingering closes, those just aborted."""

log = get_logger(__name__)


def raise_file_limit(connections: int, listeners: int) -> int:
    """Raise the limit on open files; returns the connections that it leaves for each of
    `listeners`, at most `connections`. A lower number is logged, with what to do.
    """
    wanted = listeners * (connections + _PER_LISTENER) + _OTHER_FILES
    files = allow_open_files(
        wanted + connections + KEPT_FILES
    )  # As many finished files, if it can.
    if files >= wanted:
        return connections
    room = max(1, (files - _OTHER_FILES) // listeners - _PER_LISTENER)
    log.warning(
        "gateway: at most %d files may be open, so there is room for %d connections instead of "
        "%d (http.max_connections); allow %d (ulimit -Hn %d)",
        files,
        room,
        connections,
        wanted,
        wanted,
    )
    return room
