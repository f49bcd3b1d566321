"""`supervisor models`: list the models and voices that are here, and get more.

The engines manage their models; `workers.engines.models`, started as a program, does the work,
and this command only shows it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypedDict

import typer

from supervisor.cli.common import fail

if TYPE_CHECKING:
    from supervisor.config.sections.engines import Engines

app = typer.Typer(help="Models and voices: what is here, and how to get more.")


_Derived = Literal["kokoro"]
"""Models that others are derived from."""


class _Model(TypedDict):
    """One line of the engines' answer; `workers.engines.base.Model` says what it means."""

    engine: str
    name: str
    licence: str
    size: int
    path: str | None
    how: str


@app.command("list")
def list_models(
    *, json: Annotated[bool, typer.Option("--json", help="Print JSON, sizes in bytes.")] = False
) -> None:
    """List models and voices with their size and licence."""
    import msgspec

    answer = _run("list")
    if json:
        typer.echo(answer, nl=False)
        return
    rows = [("Engine", "Model", "Size", "Licence", "Where")]
    for model in msgspec.json.decode(answer, type=list[_Model]):
        size = f"{model['size'] / 1e6:.1f} MB" if model["size"] else "-"
        where = model["path"] or f"not here: {model['how']}"
        rows.append((model["engine"], model["name"], size, model["licence"], where))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for *cells, where in rows:
        columns = [f"{cell:{width}}" for cell, width in zip(cells, widths, strict=False)]
        typer.echo("  ".join([*columns, where]))


@app.command()
def pull(
    name: Annotated[str, typer.Argument(help="A name from `supervisor models list`.")],
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="A file or directory that is already here. For kokoro-voices: the npm package "
            "(.tgz), a directory of .bin files, or a voices file in .npz format. For piper: the "
            "voice's .onnx, with its .onnx.json beside it.",
        ),
    ] = None,
) -> None:
    """Fetch a model or voices into the user's cache."""
    import msgspec

    answer = _run("pull", name, *(["--from", str(source)] if source else []))
    model = msgspec.json.decode(answer, type=_Model)
    typer.echo(f"{model['name']}: {model['size'] / 1e6:.1f} MB ({model['licence']})")
    typer.echo(f"{model['path']}")


@app.command(short_help="Find the ranges of a calibrated model anew.")
def calibrate(
    model: Annotated[_Derived, typer.Argument(help="The model to calibrate.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", help="Where to write the ranges; else into the user's cache."),
    ] = None,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="With fewer voices than the ranges that ship.")
    ] = False,
) -> None:
    """Find the ranges that a calibrated model is derived with; 5 to 10 minutes."""
    forced = ["--force"] if force else []
    _program("calibrate", model, *forced, *(["--output", str(output)] if output else []))


@app.command(short_help="Compare the model in use with the published one.")
def verify(
    model: Annotated[_Derived, typer.Argument(help="The model to verify.")],
    sample: Annotated[
        int | None, typer.Option("--sample", min=1, help="So many voices instead of all.")
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option("--pairs", help="Directory for listening pairs, one for each voice."),
    ] = None,
    json: Annotated[
        Path | None, typer.Option("--json", help="File for every finding, in JSON.")
    ] = None,
) -> None:
    """Compare the model in use with the published one, voice by voice; 20 minutes on two cores."""
    options = {"--sample": sample, "--pairs": pairs, "--json": json}
    given = [word for name, value in options.items() if value for word in (name, str(value))]
    _program("verify", model, *given)


def _program(name: str, model: _Derived, *arguments: str) -> None:
    """Run one of the programs beside a model's passes; they talk to the user themselves."""
    import os
    import subprocess
    import sys

    import msgspec

    settings = msgspec.json.encode(_engines().settings_of(model)).decode()
    command = [sys.executable, "-m", f"workers.engines.{model}.derive.{name}"]
    command += ["--settings", settings, "--threads", str(len(os.sched_getaffinity(0)))]
    environment = {**os.environ, "ORT_DISABLE_TELEMETRY": "1"}
    code = subprocess.run([*command, *arguments], env=environment, check=False).returncode
    if code:
        raise typer.Exit(5)


def _engines() -> Engines:
    """The engines' settings; an error in the configuration is exit code 2."""
    import os

    from supervisor import config as configuration

    try:
        return configuration.load(None, None, os.environ, {}).settings.engines
    except configuration.ConfigError as error:
        fail(2, str(error))


def _run(*arguments: str) -> str:
    """Run the engines' program; its error line and exit code become ours."""
    import os
    import subprocess
    import sys

    import msgspec

    from supervisor.config.sections.engines import OWN

    engines = _engines()
    names = {*OWN, *engines.options}
    settings = msgspec.json.encode({name: engines.settings_of(name) for name in names}).decode()
    command = [sys.executable, "-m", "workers.engines.models", "--settings", settings, *arguments]
    environment = {**os.environ, "ORT_DISABLE_TELEMETRY": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["the engines' program ended without a word"]
        fail(done.returncode if done.returncode in {2, 5} else 5, lines[-1])
    return done.stdout
