"""Every row that can still be read of a database, damaged or of an older version.

SQLite reads the rows that it can reach, one by one: their numbers are taken from the index and from
both ends of the table, and between two damaged pages from the pages themselves (`pages`). So a
damaged page loses only its own rows. Where the first page is damaged, which identifies the file and
locates the table, it is replaced in a copy. Only the numbers and ids of the rows are held in
memory.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Final, NamedTuple

from supervisor.journal import rows as journal_rows
from supervisor.journal.files import JournalFiles
from supervisor.journal.pages import Pages
from supervisor.journal.rows import ID, Reading
from supervisor.journal.schema import (
    PAGE_BYTES,
    SCHEMAS,
    SELECT,
    columns,
    first_page,
    version_of,
)

_COLUMNS: Final = 13
"""Values of a row in version 2."""
_ROW_BYTES: Final = 8
"""Least bytes of a row, which bounds the number of rows in a file."""
_BY_INDEX: Final = (
    "SELECT rowid, id FROM jobs INDEXED BY sqlite_autoindex_jobs_1 ORDER BY id",
    "SELECT rowid, id FROM jobs INDEXED BY sqlite_autoindex_jobs_1 ORDER BY id DESC",
)
_BY_NUMBER: Final = (
    "SELECT rowid FROM jobs NOT INDEXED ORDER BY rowid",
    "SELECT rowid FROM jobs NOT INDEXED ORDER BY rowid DESC",
)
_HEAD: Final = b"SQLite format 3\0"
_DAMAGE: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)
_LOST: Final = (*_DAMAGE, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_TOOBIG)


class Found(NamedTuple):
    """One row that was found, with its `id` if that is known."""

    id: str
    reading: Reading


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error means that a file is damaged; another one may pass."""
    return _code(error) in _DAMAGE


def what_is_wrong(connection: sqlite3.Connection) -> str:
    """Fault that SQLite finds in a database, in one line; empty if it is sound."""
    (told,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    line = " ".join(_name(told).split())
    return "" if line == "ok" else line


def head_is_sound(path: Path) -> bool:
    """Whether a file is empty or begins as a database does. Raises OSError."""
    with path.open("rb") as file:
        head = file.read(100)
    # Bytes 18 and 19: who may write it and read it, in the journal modes that SQLite has.
    return not head or (len(head) == 100 and head.startswith(_HEAD) and {*head[18:20]} <= {1, 2})


def rows(files: JournalFiles, now: float) -> Iterator[Found]:
    """Every row of `files.before`, at least by name. Raises sqlite3.Error, OSError.

    `now` is the wall clock.
    """
    try:
        view = files.make_view()
        if _is_known(view):
            yield from _rows(view, now)
            return
        for version in sorted(SCHEMAS, reverse=True):
            copy = files.make_copy()
            _give_first_page(copy, version)
            if (yield from _rows_if_right(copy, now)):
                return
    finally:
        files.drop(files.copy)


def _rows_if_right(path: Path, now: float) -> Generator[Found, None, bool]:
    """The rows of a database whose version is a guess, and whether any of them could be read."""
    if not _is_known(path):
        return False
    wrong: list[Found] = []
    found = _rows(path, now)
    for each in found:
        wrong.append(each)
        if not each.reading.wrong:
            yield from wrong
            yield from found
            return True
    return False


def _is_known(path: Path) -> bool:
    """Whether SQLite can open this file as a journal of a version that we know."""
    if not head_is_sound(path):
        return False
    try:
        with closing(_open(path)) as connection:
            return version_of(columns(connection)) is not None
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            return False
        raise


def _give_first_page(path: Path, version: int) -> None:
    with path.open("r+b") as file:
        pages = file.seek(0, 2) // PAGE_BYTES
        page = bytearray(first_page(version))
        page[18:20] = b"\2\2"  # There may be a log.
        page[28:32] = pages.to_bytes(4, "big")
        page[32:40] = bytes(8)  # No free pages, as far as anybody knows.
        file.seek(0)
        file.write(page)


def _open(path: Path) -> sqlite3.Connection:
    """A connection that changes nothing, once it has folded in the log."""
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        connection.text_factory = bytes
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # No file for the index of its log.
        with suppress(sqlite3.DatabaseError):  # What is damaged is found soon enough.
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        connection.execute("PRAGMA query_only = 1")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _rows(path: Path, now: float) -> Iterator[Found]:
    with closing(_open(path)) as connection:
        version = version_of(columns(connection))
        if version is None:
            return
        found, whole = _numbers(connection, path.stat().st_size // _ROW_BYTES)
        if whole or version == 1:
            yield from _each(found, lambda number: _fetch(connection, version, number, now))
            return
        with closing(Pages(path)) as pages:
            for number in pages.numbers:
                found.setdefault(number, "")
            for number, name in pages.names.items():
                found[number] = found.get(number) or _name(name)

            def fetch(number: int) -> Reading | None:
                reading = _fetch(connection, version, number, now)
                if reading is None or reading.row is None:
                    reading = _read_off(pages, number, now) or reading
                return reading

            yield from _each(found, fetch)


def _each(found: dict[int, str], fetch: Callable[[int], Reading | None]) -> Iterator[Found]:
    for number, id in found.items():
        reading = fetch(number)
        if reading is not None:
            yield Found(id if ID.fullmatch(id) else f"in row {number}", reading)
        elif ID.fullmatch(id):
            yield Found(id, Reading(None, "it is gone"))


def _fetch(connection: sqlite3.Connection, version: int, number: int, now: float) -> Reading | None:
    """The row with this number, None if there is none."""
    try:
        values = connection.execute(SELECT[version], (number,)).fetchone()
    except MemoryError:
        return Reading(None, "it is too large")
    except sqlite3.DatabaseError as error:
        if _code(error) not in _LOST:
            raise
        return Reading(None, str(error))
    if values is None:
        return None
    return journal_rows.read(journal_rows.from_version_1(values) if version == 1 else values, now)


def _read_off(pages: Pages, number: int, now: float) -> Reading | None:
    """A row that SQLite does not find, off its page; None if it is damaged: it may be garbage."""
    values = pages.fetch(number)
    if values is None or len(values) != _COLUMNS:
        return None
    *plain, _room, text = values
    reading = journal_rows.read((*plain, text), now)
    return None if reading.wrong else reading


def _numbers(connection: sqlite3.Connection, room: int) -> tuple[dict[int, str], bool]:
    """The numbers of all rows that SQLite finds, with their ids as far as the index has them, and
    whether that is the whole table.

    `room`: the most rows that the file can hold.
    """
    found: dict[int, str] = {}

    def know(number: int, id: object = b"") -> None:
        found[number] = found.get(number) or _name(id)

    any(_walk(connection, query, room, know) for query in _BY_INDEX)
    return found, any(_walk(connection, query, room, know) for query in _BY_NUMBER)


def _walk(
    connection: sqlite3.Connection, query: str, room: int, take: Callable[..., object]
) -> bool:
    """Pass rows on until the end or an error; returns whether it reached the end."""
    try:
        for count, row in enumerate(connection.execute(query)):
            if count > room:
                return False
            take(*row)
    except sqlite3.DatabaseError as error:
        if _code(error) not in _LOST:
            raise
        return False
    return True


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _name(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
