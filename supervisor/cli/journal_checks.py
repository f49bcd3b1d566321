"""Checks of the journal for `supervisor doctor`: whether it can be used, and remains of damage.

A running supervisor says what it has found; the files are read for the rest, and where none
runs.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from supervisor.cli.host_checks import Finding
from supervisor.config.paths import state_directory
from supervisor.journal import salvage as journal_salvage
from supervisor.journal.files import LOG, kept_aside
from supervisor.journal.journal import AUDIO, DATABASE
from supervisor.journal.orphans import ASIDE
from supervisor.journal.schema import VERSION
from supervisor.wire.status import JournalStatus
from supervisor.wording import counted

_CHECK = "journal"


def check_journal(environ: Mapping[str, str], running: JournalStatus | None) -> Iterator[Finding]:
    """Findings; `running` is the journal in the status of the supervisor that uses it."""
    path = state_directory(environ) / DATABASE
    yield _by_status(running) if running is not None else _by_looking(path)
    for kept in kept_aside(path):
        yield Finding(
            _CHECK,
            "warning",
            f"{kept} was damaged and is kept",
            "remove it when nothing in it is missed; it may hold the texts of jobs",
        )
    orphans = path.with_name(AUDIO + ASIDE)
    count = len(os.listdir(orphans)) if os.access(orphans, os.R_OK) else 0
    if count:
        advice = "put the journal back that was moved away, or remove the directory"
        found = f"audio of {counted(count, 'job')} that the journal does not know is in {orphans}"
        yield Finding(_CHECK, "warning", found, advice)


def _by_status(journal: JournalStatus) -> Finding:
    if journal.problem is not None:
        advice = "mend that; it is tried again every second"
        return Finding(_CHECK, "problem", f"durable jobs are refused: {journal.problem}", advice)
    if journal.damaged_rows:
        rows = counted(journal.damaged_rows, "job")
        found = f"{rows} lost something to damage when the supervisor started"
        return Finding(_CHECK, "warning", found, "the log of the supervisor names them")
    return Finding(_CHECK, "ok", "in use, and can be written")


def _by_looking(path: Path) -> Finding:
    """Findings from the file, unchanged: a log that was not folded in is left to the next start."""
    try:
        if not path.exists():
            return Finding(_CHECK, "ok", f"{path} will be made at the first start")
        if path.is_dir() or not journal_salvage.head_is_sound(path):
            return _damaged(path, "it is no database")
        if not os.access(path, os.W_OK):
            advice = f"run: chown {os.getuid()} {path}"
            return Finding(_CHECK, "problem", f"{path} cannot be written", advice)
        log = path.with_name(path.name + LOG)
        if log.exists() and log.stat().st_size:
            found = f"{path} was not closed; the next start reads its log"
            return Finding(_CHECK, "note", found)
        return _inside(path)
    except (OSError, sqlite3.Error) as error:
        return _damaged(path, str(error))


def _inside(path: Path) -> Finding:
    uri = f"file:{quote(str(path))}?mode=ro&immutable=1"
    with closing(sqlite3.connect(uri, uri=True, timeout=0)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        wrong = journal_salvage.what_is_wrong(connection)
    if wrong:
        return _damaged(path, wrong)
    if version > VERSION:
        advice = "start the version that wrote it, or move it away"
        return Finding(_CHECK, "problem", f"{path} was written by a later version", advice)
    return Finding(_CHECK, "ok", f"{path}, {path.stat().st_size / 1e6:.1f} MB")


def _damaged(path: Path, what: str) -> Finding:
    advice = "the next start saves what can be read, and keeps the damaged file"
    return Finding(_CHECK, "warning", f"{path} is damaged: {what}", advice)
