"""The command line: one file per command; what they share stands here.

Everything heavy is imported inside the commands, so that `supervisor start` carries
nothing that only `supervisor say` needs.
"""

from __future__ import annotations

import typer

from supervisor.cli import (
    bench,
    config,
    doctor,
    drain,
    gateway,
    jobs,
    keys,
    models,
    say,
    simulate,
    start,
    status,
    top,
)

app = typer.Typer(
    name="supervisor",
    help="Runs a pool of speech-synthesis workers and speaks what clients send.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("start")(start.start)
app.command("say")(say.say)
app.command("status")(status.status)
app.command("top")(top.top)
app.command("drain")(drain.drain)
app.command("doctor")(doctor.doctor)
app.command("gateway")(gateway.gateway)
app.command("simulate")(simulate.simulate)
app.command("keygen")(keys.keygen)
app.add_typer(bench.app, name="bench")
app.add_typer(config.app, name="config")
app.add_typer(jobs.app, name="jobs")
app.add_typer(keys.app, name="keys")
app.add_typer(models.app, name="models")


@app.callback()
def _group() -> None:
    """Runs a pool of speech-synthesis workers and speaks what clients send."""


def main() -> None:
    """Entry point of the console script."""
    app()
