"""`supervisor simulate`: try settings on a load before the pool has them."""

from __future__ import annotations

import json
import os
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from supervisor.cli.common import fail, local_time
from supervisor.installing import how_to_install

if TYPE_CHECKING:
    from supervisor.config import Settings
    from supervisor.core.allocation.forecast import ForecastPolicy
    from supervisor.simulate.run import Run
    from supervisor.simulate.scenario import EngineModel, MachineModel, Scenario
    from supervisor.simulate.workload import Workload

_MACHINE, _ENGINE, _OUTPUT = "Machine", "Engine", "Output"


def simulate(  # noqa: PLR0913, PLR0917  # an option each
    trace: Annotated[
        Path | None,
        typer.Option(
            help="Load from a file: CSV with time_s,characters or time_s,demand, or what "
            "`supervisor top --record` wrote."
        ),
    ] = None,
    workload: Annotated[
        str | None,
        typer.Option(
            help="Load by its form: constant:load=3, step:load=12,at=60, poisson:load=3, "
            "burst:segments=200,every=300, diurnal:low=1,high=12,period=3600 (load in cores)."
        ),
    ] = None,
    config: Annotated[Path | None, typer.Option(help="config.json to start from.")] = None,
    override: Annotated[Path | None, typer.Option(help="override.json to try.")] = None,
    compare: Annotated[
        tuple[Path, Path] | None, typer.Option(help="Two override.json, side by side.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=1, max=1e6, help="Length of a --workload.")] = 600.0,
    start: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="When the load begins, as 2026-12-01T05:00, for time profiles; default: now.",
        ),
    ] = None,
    prediction: Annotated[
        str | None,
        typer.Option(
            metavar="off|advise|act",
            help="Try this in place of the setting. What is foretold is learned from the load "
            "itself, so it has to last for days.",
        ),
    ] = None,
    characters: Annotated[
        float, typer.Option(min=1, max=1e5, help="Length of a segment, where no trace tells it.")
    ] = 80.0,
    seed: Annotated[int, typer.Option(help="Of random arrivals.")] = 1,
    cores: Annotated[
        int, typer.Option(min=1, max=4096, help="Usable cores.", rich_help_panel=_MACHINE)
    ] = 8,
    sockets: Annotated[int, typer.Option(min=1, max=16, rich_help_panel=_MACHINE)] = 1,
    smt: Annotated[
        int, typer.Option(min=1, max=8, help="Cores per whole core.", rich_help_panel=_MACHINE)
    ] = 1,
    foreign: Annotated[
        float, typer.Option(min=0, help="Cores that others use.", rich_help_panel=_MACHINE)
    ] = 0.0,
    engine: Annotated[
        str,
        typer.Option(
            help="Numbers of hibari or kokoro: from `supervisor bench host`, else typical ones.",
            rich_help_panel=_ENGINE,
        ),
    ] = "kokoro",
    seconds_per_character: Annotated[
        float | None,
        typer.Option(min=1e-6, max=60, help="On one thread.", rich_help_panel=_ENGINE),
    ] = None,
    parallel: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="Share of the work that threads divide.", rich_help_panel=_ENGINE
        ),
    ] = None,
    session_build_s: Annotated[
        float | None,
        typer.Option(min=0, max=600, help="Seconds to build a session.", rich_help_panel=_ENGINE),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw into this PNG file.", rich_help_panel=_OUTPUT)
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON.", rich_help_panel=_OUTPUT)
    ] = False,
) -> None:
    """Play a load against the settings: how soon the pool settles, what waits, what it costs."""
    import msgspec

    from supervisor.simulate import trace as traces
    from supervisor.simulate import workload as workloads
    from supervisor.simulate.run import simulate as play
    from supervisor.simulate.scenario import ENGINES, MachineModel

    if (trace is None) == (workload is None):
        fail(2, "give either --trace FILE or --workload FORM (see supervisor simulate --help)")
    if compare is not None and override is not None:
        fail(2, "--compare names both overrides; leave out --override")
    if prediction not in {None, "off", "advise", "act"}:
        fail(2, f"--prediction {prediction[:60]}: there are off, advise, act")
    if engine not in ENGINES:
        fail(2, f"--engine {engine}: there are {', '.join(ENGINES)}")
    given = {
        "seconds_per_character": seconds_per_character,
        "parallel": parallel,
        "session_build_s": session_build_s,
    }
    measured = {name: value for name, value in given.items() if value is not None}
    model = msgspec.structs.replace(_model(engine, config, given_parallel=parallel), **measured)
    segments = workloads.SegmentSource(model, characters, seed)
    try:
        if trace is not None:
            load = traces.read(trace, segments)
        else:
            load = workloads.parse(workload or "", segments, seconds)
    except workloads.WorkloadError as error:
        fail(2, str(error))
    began = time.time() if start is None else _instant(start)
    machine = MachineModel(cores, sockets, smt, foreign)
    overrides = {str(path): path for path in compare} if compare else {"": override}
    runs = {
        name: play(
            _scenario(machine, model, (config, path), (began, load.seconds), prediction), load
        )
        for name, path in overrides.items()
    }
    if plot is not None:
        _draw(runs, plot)
    _print(runs, load, as_json=as_json)


def _instant(text: str) -> float:
    """Unix seconds of a time in ISO 8601; without a zone it is by this machine's clock."""
    from supervisor.config.sections.profiles import FIRST_YEAR, LAST_YEAR

    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
        fail(2, f"--start {text[:60]}: give a time like 2026-12-01T05:00")
    return found.timestamp()


def _model(engine: str, config: Path | None, *, given_parallel: float | None) -> EngineModel:
    """Engine model measured on this host under these settings, else typical numbers."""
    import msgspec

    from supervisor import config as configuration
    from supervisor.config.paths import state_directory
    from supervisor.host.profile import take
    from supervisor.service.settings import make_setup
    from supervisor.simulate.scenario import ENGINES

    typical = ENGINES[engine]
    try:
        settings = configuration.load(config, None, os.environ).settings
    except configuration.ConfigError as error:
        fail(2, str(error))
    found = take(state_directory(os.environ), make_setup(settings).settings).engines.get(engine)
    if found is None:
        return typical
    typer.echo(f"supervisor: {engine} as measured on this host", err=True)
    return msgspec.structs.replace(
        typical,
        seconds_per_character=found.seconds_per_character,
        session_build_s=found.session_build_s or typical.session_build_s,
        start_s=found.start_s,
        measured=found.speedup if given_parallel is None and found.gain is not None else None,
    )


def _scenario(
    machine: MachineModel,
    model: EngineModel,
    files: tuple[Path | None, Path | None],
    when: tuple[float, float],
    prediction: str | None,
) -> Scenario:
    """Scenario under the settings of these files, as `supervisor start` would read them.

    `when`: its start in Unix seconds, which decides on profiles, and its length.
    """
    from supervisor import config as configuration
    from supervisor.broker.bounds import bounds
    from supervisor.service.control import make_policy
    from supervisor.simulate.scenario import Change, Scenario

    start, seconds = when
    try:
        given = {} if prediction is None else {"performance.prediction": prediction}
        loaded = configuration.load(*files, os.environ, given, at=start)
        edges = [*loaded.edges(start, start + seconds)]
    except configuration.ConfigError as error:
        fail(2, str(error))
    if loaded.profiles:
        typer.echo(f"supervisor: time profiles as from {local_time(start)} on (--start)", err=True)
    for warning in loaded.warnings:
        typer.echo(f"supervisor: {warning}", err=True)
    return Scenario(
        machine=machine,
        engine=model,
        policy=make_policy(loaded),
        threads_per_worker=loaded.settings.pool.threads_per_worker,
        bounds=bounds(loaded.settings),
        forecast=_foretelling(loaded.settings),
        start=start,
        changes=tuple(
            Change(
                at - start,
                make_policy(then),
                then.settings.pool.threads_per_worker,
                bounds(then.settings),
                _foretelling(then.settings),
            )
            for at, then in edges
        ),
    )


def _foretelling(settings: Settings) -> ForecastPolicy | None:
    """How the load is foretold; None where prediction is off."""
    from supervisor.service.forecast import forecast_policy

    return None if settings.performance.prediction == "off" else forecast_policy(settings)


def _draw(runs: dict[str, Run], path: Path) -> None:
    from supervisor.simulate import plot

    try:
        plot.save(runs, path)
    except ImportError:
        fail(2, f"--plot needs matplotlib: {how_to_install('simulate')}")
    except (OSError, ValueError) as error:
        fail(2, f"--plot {path}: {error}")


def _print(runs: dict[str, Run], load: Workload, *, as_json: bool) -> None:
    import msgspec

    from supervisor.cli import charts
    from supervisor.simulate.report import report

    reports = {name: report(run) for name, run in runs.items()}
    if as_json:
        documents = {name: msgspec.to_builtins(found) for name, found in reports.items()}
        shown = documents if len(documents) > 1 else next(iter(documents.values()))
        typer.echo(json.dumps(shown, indent=2))
        return
    for name, run in runs.items():
        typer.echo(f"{name or 'settings in force'} under {load.name}, {load.seconds:.0f} s")
        typer.echo(charts.draw(run))
        typer.echo("")
    names = list(reports)
    rows = [
        (title, [_cell(getattr(reports[name], field)) for name in names])
        for field, title in _SHOWN.items()
        if field not in _FORETOLD or any(found.rises is not None for found in reports.values())
    ]
    if len(names) > 1:
        rows.insert(0, ("", names))
    width = max(len(cell) for _, cells in rows for cell in cells)
    for title, cells in rows:
        typer.echo(f"{title:27}" + "  ".join(f"{cell:>{width}}" for cell in cells))


_SHOWN = {
    "segments": "segments",
    "refused": "refused",
    "expired": "past their deadline",
    "settling_s": "settling time, s",
    "overshoot": "overshoot, cores",
    "changes_after_settling": "changes after settling",
    "changes": "changes",
    "rebuilds": "session rebuilds",
    "mean_wait_s": "mean wait, s",
    "p95_wait_s": "p95 wait, s",
    "core_seconds": "core-seconds used",
    "peak_cores": "most cores",
    "mean_utilization": "mean utilization, %",
    "loss_ratio": "forecast's loss ratio",
    "rises": "rises foretold",
    "rises_came": "of these came",
    "foretold_core_s": "core-seconds for them",
}
_FORETOLD = {"loss_ratio", "rises", "rises_came", "foretold_core_s"}
"""Shown where the run was long enough for a forecast."""


def _cell(value: object) -> str:
    """A number of a table; None: the count never settled, or nothing waited."""
    if value is None:
        return "none"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
