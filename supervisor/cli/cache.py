"""`supervisor cache`: what the segment cache holds and saves, and clearing it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated

import typer

from supervisor.cli.common import fail
from supervisor.cli.connecting import client_errors
from supervisor.wording import counted

if TYPE_CHECKING:
    from supervisor.wire.status import CacheStatus

app = typer.Typer(
    name="cache",
    help="Look at the cache of spoken segments, and clear it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]


@app.command("stats", short_help="Say what the cache holds, and what it has saved.")
def stats(as_json: AsJson = False) -> None:
    """Print what the segment cache holds, how often it was of use, and what that has saved."""
    from supervisor.client import Client
    from supervisor.wire.status import read

    with client_errors(), Client(name="supervisor cache", resume=0.0) as client:
        document = client.status()
        cache = read(document).allocation.cache
    if as_json:
        typer.echo(json.dumps(document["allocation"]["cache"], indent=2))
        return
    for line in _lines(cache):
        typer.echo(line)


@app.command("clear", short_help="Forget all cached segments, in memory and on disk.")
def clear(as_json: AsJson = False) -> None:
    """Forget all cached segments, in memory and on disk; also on disk alone where no supervisor
    runs.
    """
    from supervisor.client import Client
    from supervisor.client.errors import NoSupervisor

    with client_errors():
        try:
            with Client(name="supervisor cache", resume=0.0) as client:
                document = client.clear_cache()
        except NoSupervisor as error:
            if type(error) is not NoSupervisor:  # There is one, or was a moment ago.
                raise
            document = {"entries": 0, "bytes": 0, "files": _clear_disk()}
    if as_json:
        typer.echo(json.dumps(document, indent=2))
    elif "files" in document:
        typer.echo(f"no supervisor runs; {counted(document['files'], 'file')} removed")
    else:
        typer.echo(f"{counted(document['entries'], 'segment')} forgotten")


def _clear_disk() -> int:
    """Remove what an earlier supervisor has left; returns how many files that were."""
    from supervisor.config.paths import state_directory
    from supervisor.journal.segment_store import remove_all

    try:
        return remove_all(state_directory(os.environ))
    except OSError as error:
        fail(2, f"{error.filename}: {error.strerror}")


def _lines(cache: CacheStatus) -> list[str]:
    if not cache.enabled:
        return ["the cache is off: cache.enabled is false"]
    ratio = "" if cache.hit_ratio is None else f" ({cache.hit_ratio:.1%})"
    disk = f", {cache.disk_bytes / 1e6:.1f} MB on disk" if cache.disk_bytes else ""
    held = f"{counted(cache.entries, 'segment')}, {cache.bytes / 1e6:.1f} MB{disk}"
    wanted = f"{counted(cache.hits, 'hit')}, {counted(cache.misses, 'miss', 'misses')}{ratio}"
    return [
        f"holds {held}; {cache.evicted} made room for others",
        f"{wanted}; {cache.saved_s:.1f} s of workers saved",
    ]
