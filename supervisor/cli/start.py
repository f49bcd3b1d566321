"""`supervisor start`: run the supervisor in the foreground."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from supervisor.cli.common import Assignments, ConfigFile, OverrideFile, fail

if TYPE_CHECKING:
    from supervisor.pool.interpreters import PrestartedTemplate


def start(
    config: ConfigFile = None,
    override: OverrideFile = None,
    set_: Assignments = None,
    insecure_tcp: Annotated[
        bool,
        typer.Option(
            "--insecure-tcp",
            help="Open `broker.tcp` without keys, for every process of this machine.",
        ),
    ] = False,
) -> None:
    """Start the supervisor; Ctrl-C drains and stops it, a second Ctrl-C stops it at once."""
    from supervisor.pool.interpreters import prestarted_template

    # First: the template imports its libraries while we import ours.
    with prestarted_template() as prestarted:
        _start(config, override, set_ or [], insecure_tcp=insecure_tcp, prestarted=prestarted)


def _start(
    config: Path | None,
    override: Path | None,
    assignments: list[str],
    *,
    insecure_tcp: bool,
    prestarted: PrestartedTemplate,
) -> NoReturn:
    import asyncio
    import os

    from supervisor import config as configuration
    from supervisor import logs
    from supervisor.broker.sockets.endpoints import EndpointError, check_keys
    from supervisor.config.paths import run_directory
    from supervisor.config.watch import Watch
    from supervisor.installing import shadow
    from supervisor.service.memory import check_reserve
    from supervisor.service.rundir import RunDirectory, RunDirectoryError, RunDirectoryTaken
    from supervisor.service.supervisor import StartError, serve
    from supervisor.tracing.tracer import TracingError, check_tracing

    try:
        given = configuration.assignments(assignments)
        if insecure_tcp:
            given = {**given, "broker.insecure_tcp": "true"}
        loaded = configuration.load(config, override, os.environ, given)
    except configuration.ConfigError as error:
        fail(2, str(error))
    said = loaded.settings.logging
    logs.configure(said.level, said.format, said.levels)
    for warning in (*loaded.warnings, *filter(None, [shadow()])):
        logs.get_logger(__name__).warning("%s", warning)
    try:
        check_reserve(loaded.settings)
        check_keys(loaded.settings.broker)
        check_tracing(loaded.settings.tracing)
        directory = RunDirectory(run_directory(os.environ))
        code = asyncio.run(
            serve(
                loaded,
                directory,
                lambda deliver: Watch(
                    loaded,
                    deliver,
                    config=config,
                    override=override,
                    environ=os.environ,
                    command_line=given,
                    check=check_reserve,
                ),
                prestarted,
            )
        )
    except RunDirectoryTaken as error:
        fail(4, str(error))
    except (
        configuration.ConfigError,
        EndpointError,
        RunDirectoryError,
        StartError,
        TracingError,
    ) as error:
        fail(2, str(error))
    raise typer.Exit(code)
