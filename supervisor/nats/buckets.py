"""Key-value buckets: create once, read, delete, and which keys there are.

Laid out as every NATS client knows it (stream `KV_<bucket>`, subjects `$KV.<bucket>.<key>`).
"""

from __future__ import annotations

import base64
from typing import Final, NamedTuple

import msgspec

from supervisor.nats.connection import PATIENCE_S, Connection
from supervisor.nats.errors import FleetError
from supervisor.nats.jetstream import EXPECTED_SEQUENCE, ask, store

_OPERATION: Final = "KV-Operation"
_GONE: Final = frozenset({"DEL", "PURGE"})
_MARKER: Final = "Nats-Marker-Reason"
_LIST_S: Final = 10.0
"""Longest wait for a list of subjects; it is repeated meanwhile."""


class Entry(NamedTuple):
    """A key's value, and the number by which it may be replaced."""

    value: bytes
    revision: int


class Bucket:
    """One bucket."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self.stream = f"KV_{name}"
        self._prefix = f"$KV.{name}."

    async def create(
        self, key: str, value: bytes, within: float = PATIENCE_S, ttl_s: float | None = None
    ) -> int:
        """Give a key its first value; returns its revision. Raises FleetError: `exists` where
        somebody was first, be it ourselves in an attempt whose answer was lost.
        """
        return await self._write(key, value, 0, within, ttl_s)

    async def replace(
        self,
        key: str,
        value: bytes,
        revision: int,
        within: float = PATIENCE_S,
        ttl_s: float | None = None,
    ) -> int:
        """Replace the value of a revision; returns the new one. Raises FleetError (`exists`)."""
        return await self._write(key, value, revision, within, ttl_s)

    async def put(self, key: str, value: bytes, within: float = PATIENCE_S) -> int:
        """Set the value, whatever it was. Raises FleetError."""
        return (await store(self._connection, self._prefix + key, value, None, within)).seq

    async def _write(
        self, key: str, value: bytes, revision: int, within: float, ttl_s: float | None
    ) -> int:
        headers = {EXPECTED_SEQUENCE: str(revision)}
        if ttl_s is not None:
            headers["Nats-TTL"] = f"{max(1, round(ttl_s))}s"
        subject = self._prefix + key
        try:
            return (await store(self._connection, subject, value, headers, within)).seq
        except FleetError as error:
            if error.code != "exists" or revision:
                raise
        # A deleted key has a mark in its place: create over that.
        gone = await self._last(key)
        if gone is None or gone[1]:
            raise FleetError("exists", f"{key} has a value already")
        headers[EXPECTED_SEQUENCE] = str(gone[0].revision)
        return (await store(self._connection, subject, value, headers, within)).seq

    async def get(self, key: str) -> Entry | None:
        """The value as the stream's leader has it, None for none. Raises FleetError."""
        found = await self._last(key)
        return found[0] if found is not None and found[1] else None

    async def get_near(self, key: str) -> Entry | None:
        """The value as the nearest copy has it, maybe a moment old: a request whose subject names
        the key, so that a permission can. Raises FleetError.
        """
        answer = await self._connection.request(
            f"$JS.API.DIRECT.GET.{self.stream}.{self._prefix}{key}"
        )
        headers = answer.headers or {}
        status = headers.get("Status")
        if status == "404" or headers.get(_OPERATION) in _GONE or _MARKER in headers:
            return None
        if status is not None:
            raise FleetError("refused", f"{key}: {headers.get('Description', status)}")
        return Entry(answer.data, int(headers["Nats-Sequence"]))

    async def _last(self, key: str) -> tuple[Entry, bool] | None:
        """The last message of a key, and whether it is a value: not the mark of a deletion."""
        try:
            found = await ask(
                self._connection,
                f"STREAM.MSG.GET.{self.stream}",
                {"last_by_subj": self._prefix + key},
            )
        except FleetError as error:
            if error.code == "not_found" and error.err_code == _NO_MESSAGE:
                return None
            raise
        message = msgspec.convert(found["message"], _Message)
        headers = base64.b64decode(message.hdrs).decode("utf-8", "replace")
        gone = f"{_MARKER}:" in headers or any(f"{_OPERATION}: {what}" in headers for what in _GONE)
        return Entry(base64.b64decode(message.data), message.seq), not gone

    async def delete(self, key: str, within: float = PATIENCE_S) -> None:
        """Delete a key and what it was. Raises FleetError."""
        headers = {_OPERATION: "PURGE", "Nats-Rollup": "sub"}
        await store(self._connection, self._prefix + key, b"", headers, within)

    async def keys(self, pattern: str = ">") -> list[str]:
        """Keys that match a pattern of subjects, those of deleted values too. Raises FleetError."""
        found = await subjects(self._connection, self.stream, self._prefix + pattern)
        return [subject.removeprefix(self._prefix) for subject in found]


_NO_MESSAGE: Final = 10037


class _Message(msgspec.Struct, frozen=True):
    seq: int
    hdrs: str = ""
    data: str = ""


async def subjects(connection: Connection, stream: str, pattern: str = ">") -> dict[str, int]:
    """Subjects of a stream that match, and how many messages each has. Raises FleetError."""
    found: dict[str, int] = {}
    while True:
        info = await ask(
            connection,
            f"STREAM.INFO.{stream}",
            {"subjects_filter": pattern, "offset": len(found)},
            _LIST_S,
        )
        page = info["state"].get("subjects") or {}
        found |= page
        if not page or len(found) >= info.get("total", 0):
            return found


async def purge(connection: Connection, stream: str, pattern: str) -> int:
    """Remove messages whose subject matches; returns how many. Raises FleetError."""
    answer = await ask(connection, f"STREAM.PURGE.{stream}", {"filter": pattern})
    return int(answer.get("purged", 0))
