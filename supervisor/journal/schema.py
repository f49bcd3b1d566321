"""The journal's table: its columns, and its schema in every version.

`room` is a page of zeros. SQLite keeps the beginning of a long row among other rows, and when it
moves rows there it may leave a copy behind that `secure_delete` misses; a column behind the zeros
lies in overflow pages, which are overwritten.
"""

from __future__ import annotations

import sqlite3
from typing import Final

SCHEMAS: Final = {
    1: """
    CREATE TABLE jobs (
        id TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        request BLOB NOT NULL,
        accepted_at REAL NOT NULL,
        deadline REAL,
        outcome TEXT,
        message TEXT NOT NULL DEFAULT '',
        ended_at REAL
    ) STRICT
    """,
    2: """
    CREATE TABLE jobs (
        id TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        request BLOB NOT NULL,
        parts INTEGER NOT NULL,
        accepted_at REAL NOT NULL,
        deadline REAL,
        outcome TEXT,
        message TEXT NOT NULL DEFAULT '',
        ended_at REAL,
        request_sum INTEGER NOT NULL,
        text_sum INTEGER NOT NULL,
        room BLOB,
        text BLOB
    ) STRICT
    """,
}
"""Never change a released one; add the next, and its reading to `salvage`."""

VERSION: Final = max(SCHEMAS)

PAGE_BYTES: Final = 4096

INSERT: Final = "INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, zeroblob(?), ?)"

SELECT: Final = {
    1: "SELECT id, owner, request, accepted_at, deadline, outcome, message, ended_at "
    "FROM jobs WHERE rowid = ?",
    2: "SELECT id, owner, request, parts, accepted_at, deadline, outcome, message, ended_at, "
    "request_sum, text_sum, text FROM jobs WHERE rowid = ?",
}
"""Selects all columns of a row."""


def columns(connection: sqlite3.Connection) -> tuple[str, ...]:
    """The names of the columns of its table of jobs; none if there is no such table."""
    return tuple(
        name.decode() if isinstance(name, bytes) else str(name)
        for _number, name, *_rest in connection.execute("PRAGMA table_info(jobs)")
    )


def version_of(names: tuple[str, ...]) -> int | None:
    """The version of the schema with these columns."""
    return _BY_COLUMNS.get(names)


def first_page(version: int) -> bytes:
    """The first page of a database with this schema and without a job."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute(SCHEMAS[version])
        return connection.serialize()[:PAGE_BYTES]
    finally:
        connection.close()


def _columns_of(version: int) -> tuple[str, ...]:
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute(SCHEMAS[version])
        return columns(connection)
    finally:
        connection.close()


_BY_COLUMNS: Final = {_columns_of(version): version for version in SCHEMAS}
