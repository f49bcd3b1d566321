"""The command line: its entry point and the table of commands, each of which has a file of its own.

Everything heavy is imported inside the commands, so that `supervisor start` carries
nothing that only `supervisor say` needs.
"""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer
from typer.exceptions import TyperException

from supervisor import __version__
from supervisor.cli import (
    bench,
    cache,
    config,
    doctor,
    drain,
    events,
    fleet,
    gateway,
    jobs,
    keys,
    manual,
    models,
    read,
    replay,
    say,
    simulate,
    start,
    status,
    terminal,
    top,
)

app = typer.Typer(
    name="supervisor",
    help="Runs a pool of speech-synthesis workers and speaks what clients send.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("start", short_help="Start the supervisor; Ctrl-C drains and stops it.")(start.start)
app.command("say", short_help="Speak a text or a book, aloud or into a file.")(say.say)
app.command("read", short_help="Show how a text is read, and speak nothing.")(read.read)
app.command("status", short_help="Say what the supervisor, its workers and jobs do.")(status.status)
app.command("top", short_help="Show cores, workers, queue and decisions live.")(top.top)
app.command("events", short_help="Tell what happens, a line for each event.")(events.events)
app.command("drain", short_help="Stop the supervisor when all jobs are finished.")(drain.drain)
app.command("doctor", short_help="Look for problems, and say what to do about them.")(doctor.doctor)
app.command("gateway", short_help="Run the gateway by itself; Ctrl-C stops it.")(gateway.gateway)
app.command("replay", short_help="Tell again what led to a fault, from its record.")(replay.replay)
app.command("simulate", short_help="Play a load against the settings.")(simulate.simulate)
app.command("man", short_help="Show the manual page of a command.")(manual.man)
app.command("keygen")(keys.keygen)
app.add_typer(bench.app, name="bench")
app.add_typer(cache.app, name="cache")
app.add_typer(config.app, name="config")
app.add_typer(fleet.app, name="fleet")
app.add_typer(jobs.app, name="jobs")
app.add_typer(keys.app, name="keys")
app.add_typer(models.app, name="models")


_INTERRUPTED = 128 + signal.SIGINT


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"supervisor {__version__}")
        raise typer.Exit


@app.callback()
def _group(
    _: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print it and exit."),
    ] = False,
) -> None:
    """Runs a pool of speech-synthesis workers and speaks what clients send."""


def main() -> None:
    """Run one command; a usage error is one line, as every other error is."""
    terminal.write_what_it_can()
    try:
        code = app(prog_name="supervisor", standalone_mode=False)
    except typer.Abort:
        code = _INTERRUPTED
    except KeyboardInterrupt:
        code = _INTERRUPTED
    except TyperException as error:
        code = _usage(error)
    sys.exit(code)


def _usage(error: TyperException) -> int:
    """Print a usage error and where to look; without any arguments print the help."""
    message, context = error.format_message(), getattr(error, "ctx", None)
    if context is None or message == context.get_help():
        typer.echo(message, err=True)
    else:
        said = " ".join(message.split())
        end = "" if said.endswith((".", "?")) else "."
        typer.echo(f"supervisor: {said}{end} See `{context.command_path} --help`", err=True)
    return error.exit_code
