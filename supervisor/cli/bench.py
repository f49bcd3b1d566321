"""`supervisor bench`: measure the engines on this machine for the pool."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from supervisor.cli.common import Assignments, ConfigFile, OverrideFile, fail

if TYPE_CHECKING:
    from supervisor.core.allocation.host_profile import EngineProfile
    from supervisor.wire.worker import Setup

app = typer.Typer(help="Measure this machine.")

_INTERRUPTED = 130


@app.callback()
def _group() -> None:
    """Measure this machine."""


@app.command(short_help="Measure this machine with each engine.")
def host(
    engine: Annotated[
        list[str] | None,
        typer.Option(help="Engine to measure, again for more; default: those that are loaded."),
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=0.1, max=600, help="For each engine, after it has loaded.")
    ] = 30.0,
    config: ConfigFile = None,
    override: OverrideFile = None,
    set_: Assignments = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure speed, gain by threads, memory and start of the engines, and keep it for the pool.

    The figures go to host-profile.json in the state directory; a supervisor reads them at its
    start. Only cores that no supervisor holds are used: best none runs.
    """
    import msgspec

    from supervisor import config as configuration
    from supervisor import logs
    from supervisor.bench.crew import BenchError
    from supervisor.config.paths import state_directory
    from supervisor.host import profile
    from supervisor.service.settings import make_setup

    try:
        given = configuration.assignments(set_ or [])
        settings = configuration.load(config, override, os.environ, given).settings
    except configuration.ConfigError as error:
        fail(2, str(error))
    logs.configure("warning", "text")
    setup = make_setup(settings)
    names = list(dict.fromkeys(engine or [settings.engines.default, *settings.engines.preload]))
    try:
        found = _measure(names, setup, settings.pool.start_method, seconds)
        path = profile.add(state_directory(os.environ), found)
    except BenchError as error:
        fail(4, str(error))
    except OSError as error:
        fail(2, f"{error.filename or state_directory(os.environ)}: {error.strerror}")
    except KeyboardInterrupt:
        fail(_INTERRUPTED, "interrupted; nothing was written")
    if as_json:
        document = {"path": str(path), "engines": found}
        typer.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
        return
    for name, measured in found.items():
        _print(name, measured)
    typer.echo(f"written to {path}; a supervisor reads it at its start")


def _measure(
    engines: list[str], setup: Setup, start_method: str, seconds: float
) -> dict[str, EngineProfile]:
    """Measure one engine after the other, with progress on stderr. Raises BenchError."""
    import asyncio
    import tempfile

    from supervisor.bench.host import Bench
    from supervisor.libc import become_subreaper
    from supervisor.pool.leases import CoreLeases, lease_directory

    def tell(line: str) -> None:
        typer.echo(f"supervisor: {line}", err=True)

    async def run(logs: Path) -> dict[str, EngineProfile]:
        bench = Bench(CoreLeases(lease_directory(os.environ)), tell)
        try:
            return {
                name: await bench.measure(name, setup, start_method, logs, seconds)
                for name in engines
            }
        finally:
            bench.close()

    become_subreaper()
    with tempfile.TemporaryDirectory(prefix="tts-bench-") as directory:
        return asyncio.run(run(Path(directory)))


def _print(name: str, engine: EngineProfile) -> None:
    threads = ", ".join(f"{count}: {gain:.2f}" for count, gain in engine.speedup.items())
    crowd = engine.crowd
    pss, build = engine.worker_pss_mb, engine.session_build_s
    rows = [
        ("one worker", f"{engine.seconds_per_character * 1e3:.3f} ms for a character"),
        ("speed-up by threads", threads),
        ("workers at once", f"{crowd.workers}, together {crowd.throughput:.2f} times one"),
        ("session build", "not needed here" if build is None else f"{build * 1e3:.0f} ms"),
        ("worker start", f"{engine.start_s * 1e3:.1f} ms"),
        ("worker memory", "unknown" if pss is None else f"{pss:.0f} MB (PSS)"),
    ]
    typer.echo(f"{name} (median of {engine.rounds})")
    for what, value in rows:
        typer.echo(f"  {what:20} {value}")
